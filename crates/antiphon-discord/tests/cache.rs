//! The cache: the events it follows, the replaced objects, its limits, and its saves.

mod stored;

use antiphon_core::{Before, Event, Position, Projection, Source as _};
use antiphon_discord::{
    self as discord, Cache, CacheLimits, Config, Intents,
    model::{Channel, Guild, Member, Message, Presence, Role, Status, User, VoiceState, id::Id},
};
use proptest::prelude::{Strategy, prop_oneof, proptest};
use serde_json::{Value, json};
use stored::event;
use twilight_cache_inmemory::DefaultInMemoryCache;

const MESSAGE: u64 = 1_234_567_890_123_456_789;

/// A cache and its projection.
struct Kept {
    cache: Cache,
    picture: Box<dyn Projection>,
}

impl Kept {
    fn new(limits: CacheLimits) -> Self {
        let config = Config::new("t0", Intents::all()).cache(limits);
        let (client, mut source) = discord::connect(config);
        let picture = source.projections().pop().expect("it was asked for");
        Self {
            cache: client.cache().clone(),
            picture,
        }
    }

    fn take(&mut self, name: &str, body: &Value) -> Before {
        self.picture.apply(&event(name, body.to_string()))
    }

    /// With a guild, its members, channels, roles, voice and presence.
    fn with_guild() -> Self {
        let mut kept = Self::new(CacheLimits::new());
        kept.take("READY", &fixture("READY"));
        kept.take("GUILD_CREATE", &fixture("GUILD_CREATE"));
        kept.take("MESSAGE_CREATE", &fixture("MESSAGE_CREATE"));
        kept
    }
}

fn rows() -> impl Iterator<Item = Value> {
    let text = include_str!("../../../fixtures/discord/frames.ndjson");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
}

/// The first documented body of this name.
fn fixture(name: &str) -> Value {
    let mut row = rows().find(|row| row["name"] == name).expect("a row");
    row["body"].take()
}

#[test]
fn a_guild_is_known_with_all_that_came_in_it() {
    let cache = Kept::with_guild().cache;
    assert_eq!(cache.guild(Id::new(11)).expect("known").name, "choir");
    assert_eq!(
        cache.channel(Id::new(22)).expect("known").guild_id,
        Some(Id::new(11))
    );
    assert_eq!(cache.channels(Id::new(11)).len(), 3, "threads too");
    assert_eq!(cache.roles(Id::new(11)).len(), 3);
    assert!(
        cache
            .role(Id::new(502))
            .expect("known")
            .tags
            .as_ref()
            .expect("tags")
            .premium_subscriber
            .0
    );
    assert_eq!(
        cache.emoji(Id::new(80)).expect("known").name.as_deref(),
        Some("note")
    );
    let eve = cache.member(Id::new(11), Id::new(33)).expect("known");
    assert_eq!(discord::DisplayName::display_name(&*eve), "evie");
    assert_eq!(cache.user(Id::new(33)).expect("known").name, "eve");
    let presence = cache.presence(Id::new(11), Id::new(33)).expect("known");
    assert_eq!(presence.status, Status::DoNotDisturb);
    let state = cache.voice_state(Id::new(11), Id::new(9)).expect("known");
    assert_eq!(state.channel_id, Some(Id::new(77)));
    assert_eq!(
        cache.message(Id::new(MESSAGE)).expect("known").content,
        "!ping <@9> & \"hi\""
    );
    assert_eq!(cache.me().expect("known").id, Id::new(9));
}

#[test]
fn an_edit_and_a_deletion_bring_the_message_as_it_was() {
    let mut kept = Kept::with_guild();
    let before = kept.take("MESSAGE_UPDATE", &fixture("MESSAGE_UPDATE"));
    assert_eq!(
        before.get::<Message>().expect("known").content,
        "!ping <@9> & \"hi\""
    );
    let before = kept.take("MESSAGE_DELETE", &fixture("MESSAGE_DELETE"));
    assert_eq!(before.get::<Message>().expect("known").content, "!pong");
    assert!(kept.cache.message(Id::new(MESSAGE)).is_none());
    let again = kept.take("MESSAGE_DELETE", &fixture("MESSAGE_DELETE"));
    assert!(again.is_nothing());
}

#[test]
fn a_partial_edit_leaves_the_rest_of_the_message() {
    let mut kept = Kept::with_guild();
    let partial = json!({"id": MESSAGE.to_string(), "channel_id": "22", "embeds": []});
    kept.take("MESSAGE_UPDATE", &partial);
    let message = kept.cache.message(Id::new(MESSAGE)).expect("known");
    assert_eq!(message.content, "!ping <@9> & \"hi\"");
    assert_eq!(message.author.name, "eve");
    assert!(message.embeds.is_empty());
    let unknown = json!({"id": "5", "channel_id": "22", "embeds": []});
    kept.take("MESSAGE_UPDATE", &unknown);
    assert!(
        kept.cache.message(Id::new(5)).is_none(),
        "it says too little"
    );
}

#[test]
fn messages_deleted_at_once_come_as_a_list() {
    let mut kept = Kept::with_guild();
    let before = kept.take("MESSAGE_DELETE_BULK", &fixture("MESSAGE_DELETE_BULK"));
    assert_eq!(before.get::<Vec<Message>>().expect("known").len(), 1);
}

#[test]
fn a_member_who_leaves_takes_presence_and_voice_along() {
    let mut kept = Kept::with_guild();
    kept.take("VOICE_STATE_UPDATE", &fixture("VOICE_STATE_UPDATE"));
    let (guild, eve) = (Id::new(11), Id::new(33));
    assert!(kept.cache.voice_state(guild, eve).is_some());
    let before = kept.take("GUILD_MEMBER_REMOVE", &fixture("GUILD_MEMBER_REMOVE"));
    assert_eq!(
        before.get::<Member>().expect("known").nick.as_deref(),
        Some("evie")
    );
    assert!(kept.cache.member(guild, eve).is_none());
    assert!(kept.cache.presence(guild, eve).is_none());
    assert!(kept.cache.voice_state(guild, eve).is_none());
    assert_eq!(
        kept.cache.guild(guild).expect("known").member_count,
        Some(1)
    );
}

#[test]
fn a_member_who_comes_again_is_counted_once() {
    let mut kept = Kept::with_guild();
    kept.take("GUILD_MEMBER_ADD", &fixture("GUILD_MEMBER_ADD"));
    assert_eq!(
        kept.cache.guild(Id::new(11)).expect("known").member_count,
        Some(2)
    );
}

#[test]
fn a_changed_member_brings_the_one_before() {
    let mut kept = Kept::with_guild();
    let before = kept.take("GUILD_MEMBER_UPDATE", &fixture("GUILD_MEMBER_UPDATE"));
    assert_eq!(
        before.get::<Member>().expect("known").nick.as_deref(),
        Some("evie")
    );
    let now = kept.cache.member(Id::new(11), Id::new(33)).expect("known");
    assert_eq!(now.nick.as_deref(), Some("evita"));
}

#[test]
fn a_deleted_role_is_taken_from_its_members() {
    let mut kept = Kept::with_guild();
    kept.take("GUILD_ROLE_CREATE", &fixture("GUILD_ROLE_CREATE"));
    let before = kept.take("GUILD_ROLE_DELETE", &fixture("GUILD_ROLE_DELETE"));
    assert_eq!(before.get::<Role>().expect("known").name, "singers");
    assert!(kept.cache.role(Id::new(501)).is_none());
    let eve = kept.cache.member(Id::new(11), Id::new(33)).expect("known");
    assert!(eve.roles.is_empty());
}

#[test]
fn the_roles_of_a_member_come_with_the_highest_first() {
    let mut kept = Kept::with_guild();
    for (id, name, position) in [("601", "alto", 7), ("602", "bass", 9), ("603", "choir", 7)] {
        let role = json!({"id": id, "name": name, "position": position, "permissions": "0"});
        kept.take(
            "GUILD_ROLE_CREATE",
            &json!({"guild_id": "11", "role": role}),
        );
    }
    // The last one is not known.
    let roles = ["603", "601", "602", "999"];
    let member = json!({"guild_id": "11", "user": {"id": "33", "username": "eve"}, "roles": roles});
    kept.take("GUILD_MEMBER_UPDATE", &member);
    let names = |user| -> Vec<String> {
        let roles = kept.cache.roles_of(Id::new(11), Id::new(user));
        roles.iter().map(|role| role.name.clone()).collect()
    };
    assert_eq!(names(33), ["bass", "alto", "choir"]);
    assert_eq!(names(4711), [""; 0]);
}

#[test]
fn a_deleted_channel_takes_threads_and_messages_along() {
    let mut kept = Kept::with_guild();
    let before = kept.take("CHANNEL_DELETE", &fixture("CHANNEL_DELETE"));
    assert_eq!(
        before.get::<Channel>().expect("known").name.as_deref(),
        Some("loft")
    );
    assert!(kept.cache.channel(Id::new(22)).is_none());
    assert!(kept.cache.channel(Id::new(44)).is_none(), "its thread");
    assert!(kept.cache.message(Id::new(MESSAGE)).is_none());
    assert!(kept.cache.channel(Id::new(77)).is_some());
}

#[test]
fn a_guild_in_an_outage_is_kept_and_one_that_is_left_is_not() {
    let mut kept = Kept::with_guild();
    kept.take("GUILD_DELETE", &json!({"id": "11", "unavailable": true}));
    let guild = kept.cache.guild(Id::new(11)).expect("kept");
    assert_eq!(guild.unavailable, Some(true));
    assert_eq!(kept.cache.members(Id::new(11)).len(), 2);
    let before = kept.take("GUILD_DELETE", &json!({"id": "11"}));
    assert_eq!(before.get::<Guild>().expect("known").name, "choir");
    let size = kept.cache.size();
    let left = size.guilds + size.channels + size.roles + size.emojis + size.members;
    assert_eq!(left + size.presences + size.voice_states + size.messages, 0);
}

#[test]
fn a_new_session_forgets_the_guilds_it_does_not_name() {
    let mut kept = Kept::with_guild();
    let mut ready = fixture("READY");
    ready["guilds"] = json!([]);
    ready["shard"] = json!([1, 2]);
    kept.take("READY", &ready);
    assert!(kept.cache.guild(Id::new(11)).is_some(), "of another shard");
    ready["shard"] = json!([0, 2]);
    let before = kept.take("READY", &ready);
    assert!(kept.cache.guild(Id::new(11)).is_none());
    assert_eq!(before.get::<User>().expect("known").id, Id::new(9));
}

#[test]
fn voice_and_presence_follow_and_bring_what_was() {
    let mut kept = Kept::with_guild();
    let mut state = fixture("VOICE_STATE_UPDATE");
    kept.take("VOICE_STATE_UPDATE", &state);
    state["channel_id"] = Value::Null;
    let before = kept.take("VOICE_STATE_UPDATE", &state);
    let was = before.get::<VoiceState>().expect("known");
    assert_eq!(was.channel_id, Some(Id::new(77)));
    assert!(kept.cache.voice_state(Id::new(11), Id::new(33)).is_none());
    assert_eq!(kept.cache.voice_states(Id::new(11)).len(), 1);

    let online =
        json!({"user": {"id": "33"}, "guild_id": "11", "status": "online", "client_status": {}});
    let before = kept.take("PRESENCE_UPDATE", &online);
    assert_eq!(
        before.get::<Presence>().expect("known").status,
        Status::DoNotDisturb
    );
    let now = kept
        .cache
        .presence(Id::new(11), Id::new(33))
        .expect("known");
    assert_eq!(now.status, Status::Online);
}

#[test]
fn reactions_are_counted() {
    let mut kept = Kept::with_guild();
    let mut mine = fixture("MESSAGE_REACTION_ADD");
    kept.take("MESSAGE_REACTION_ADD", &mine);
    mine["user_id"] = json!("9");
    kept.take("MESSAGE_REACTION_ADD", &mine);
    let message = kept.cache.message(Id::new(MESSAGE)).expect("known");
    assert_eq!(
        (message.reactions[0].count, message.reactions[0].me),
        (2, true)
    );
    kept.take("MESSAGE_REACTION_REMOVE", &mine);
    let message = kept.cache.message(Id::new(MESSAGE)).expect("known");
    assert_eq!(
        (message.reactions[0].count, message.reactions[0].me),
        (1, false)
    );
    kept.take(
        "MESSAGE_REACTION_REMOVE_ALL",
        &fixture("MESSAGE_REACTION_REMOVE_ALL"),
    );
    assert!(
        kept.cache
            .message(Id::new(MESSAGE))
            .expect("known")
            .reactions
            .is_empty()
    );
}

#[test]
fn threads_that_a_list_does_not_name_are_gone() {
    let mut kept = Kept::with_guild();
    let list = json!({"guild_id": "11", "channel_ids": ["22"], "threads": [], "members": []});
    kept.take("THREAD_LIST_SYNC", &list);
    assert!(kept.cache.channel(Id::new(44)).is_none());
    kept.take("THREAD_LIST_SYNC", &fixture("THREAD_LIST_SYNC"));
    assert!(kept.cache.channel(Id::new(44)).is_some());
}

#[test]
fn over_a_limit_the_oldest_go() {
    let limits = CacheLimits::new().messages_per_channel(2).guilds(1);
    let mut kept = Kept::new(limits);
    kept.take("GUILD_CREATE", &fixture("GUILD_CREATE"));
    let mut message = fixture("MESSAGE_CREATE");
    for id in ["101", "102", "103"] {
        message["id"] = json!(id);
        kept.take("MESSAGE_CREATE", &message);
    }
    let kept_messages = kept.cache.messages(Id::new(22));
    assert_eq!(
        kept_messages
            .iter()
            .map(|message| message.id.get())
            .collect::<Vec<_>>(),
        [102, 103]
    );
    let mut other = fixture("GUILD_CREATE");
    other["id"] = json!("12");
    for (at, channel) in other["channels"]
        .as_array_mut()
        .expect("channels")
        .iter_mut()
        .enumerate()
    {
        channel["id"] = json!((900 + at).to_string());
    }
    kept.take("GUILD_CREATE", &other);
    assert!(kept.cache.guild(Id::new(11)).is_none());
    assert!(
        kept.cache.member(Id::new(11), Id::new(33)).is_none(),
        "with what belonged to it"
    );
    assert!(kept.cache.member(Id::new(12), Id::new(33)).is_some());
    assert!(kept.cache.channel(Id::new(22)).is_none());
    assert!(kept.cache.channel(Id::new(900)).is_some());
}

#[test]
fn what_is_not_wanted_is_not_kept() {
    let limits = CacheLimits::new().messages(0).presences(0).members(0);
    let mut kept = Kept::new(limits);
    for name in ["GUILD_CREATE", "MESSAGE_CREATE", "PRESENCE_UPDATE"] {
        kept.take(name, &fixture(name));
    }
    let size = kept.cache.size();
    assert_eq!((size.messages, size.presences, size.members), (0, 0, 0));
    assert!(size.roles > 0);
}

#[test]
fn a_cache_that_nobody_asked_for_keeps_nothing() {
    let (client, mut source) = discord::connect(Config::new("t0", Intents::all()));
    assert!(source.projections().is_empty());
    assert!(!client.cache().is_on());
    assert!(client.cache().guild(Id::new(11)).is_none());
}

#[test]
fn events_of_another_source_are_passed_over() {
    let mut kept = Kept::new(CacheLimits::new());
    let own = event("GUILD_CREATE", fixture("GUILD_CREATE").to_string());
    let other = Event::stored(Position::new(2), "other-bot".into(), own.draft().clone());
    kept.picture.apply(&other);
    assert_eq!(kept.cache.size().guilds, 0);
}

/// A cache after every documented frame except deletions.
fn full() -> Kept {
    let mut kept = Kept::new(CacheLimits::new());
    for mut row in rows() {
        let name = row["name"].as_str().expect("a text").to_owned();
        if !name.contains("DELETE") && !name.contains("REMOVE") {
            kept.take(&name, &row["body"].take());
        }
    }
    kept
}

#[test]
fn a_saved_cache_comes_back_as_it_was() {
    let kept = full();
    let size = kept.cache.size();
    assert!(size.guilds > 0 && size.members > 0 && size.messages > 0 && size.voice_states > 0);
    let saved = kept.picture.save().expect("it can be saved");
    let mut again = Kept::new(CacheLimits::new());
    assert!(!again.cache.is_restored());
    again.picture.restore(&saved).expect("it can be read");
    assert!(again.cache.is_restored());
    assert_eq!(again.picture.save().expect("it can be saved"), saved);
    let now = again.cache.size();
    assert_eq!(
        (now.guilds, now.users, now.messages),
        (size.guilds, size.users, size.messages)
    );
    let before = again.take("MESSAGE_DELETE", &fixture("MESSAGE_DELETE"));
    assert!(before.get::<Message>().is_some(), "warm");
}

#[track_caller]
fn unreadable(saved: &[u8]) {
    let mut kept = Kept::new(CacheLimits::new());
    assert!(kept.picture.restore(saved).is_err());
    assert!(!kept.cache.is_restored());
    assert_eq!(kept.cache.size(), discord::CacheSize::default());
}

#[test]
fn a_save_that_cannot_be_read_is_an_error_and_the_cache_begins_empty() {
    let saved = full().picture.save().expect("it can be saved");
    unreadable(b"");
    unreadable(&saved[..saved.len() / 2]);
    unreadable(&[&[2], &saved[1..]].concat());
    unreadable(&[&[1], &b"{}"[..]].concat());
}

#[test]
fn the_cache_takes_whatever_was_recorded() {
    let mut kept = Kept::new(CacheLimits::new());
    let frames = include_str!("../../../fixtures/discord/spacebar.ndjson");
    for line in frames.lines() {
        let frame: Value = serde_json::from_str(line).expect("a frame");
        if let Some(name) = frame["t"].as_str() {
            kept.take(name, &frame["d"]);
        }
    }
    let size = kept.cache.size();
    let left = kept.cache.messages(Id::new(1_573_570_473_462_178_397));
    assert_eq!(size.guilds, 1);
    assert_eq!(left.len(), 4, "eight were written and four deleted");
    let guild = kept.cache.guilds()[0];
    let bot = kept
        .cache
        .member(guild, Id::new(1_573_570_473_596_396_140))
        .expect("known");
    assert_eq!(bot.nick.as_deref(), Some("botty"));
}

/// An event in a small guild.
fn deed() -> impl Strategy<Value = (&'static str, Value)> {
    let user =
        |id: u64| json!({"id": id.to_string(), "username": format!("u{id}"), "discriminator": "0"});
    let member = move |id: u64, nick: u8| {
        json!({"user": user(id), "nick": format!("n{nick}"), "roles": [], "deaf": false, "mute": false, "flags": 0,
            "joined_at": null, "guild_id": "11"})
    };
    let role = |id: u64, name: u8| {
        json!({"guild_id": "11", "role": {"id": id.to_string(), "name": format!("r{name}"), "color": 0,
            "colors": {"primary_color": 0}, "hoist": false, "managed": false, "mentionable": false,
            "permissions": "0", "position": 0, "flags": 0}})
    };
    let channel = |id: u64, name: u8| json!({"id": id.to_string(), "type": 0, "guild_id": "11", "name": format!("c{name}")});
    let message = move |id: u64, text: u8| {
        json!({"id": id.to_string(), "channel_id": "22", "guild_id": "11", "author": user(1), "content": format!("m{text}"),
            "timestamp": "2024-05-01T10:00:00.000000+00:00", "edited_timestamp": null, "tts": false,
            "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
            "pinned": false, "type": 0})
    };
    let voice = |id: u64, channel: Option<u8>| {
        json!({"guild_id": "11", "user_id": id.to_string(), "channel_id": channel.map(|channel| (70 + channel).to_string()),
            "session_id": "s", "deaf": false, "mute": false, "self_deaf": false, "self_mute": false,
            "self_video": false, "suppress": false, "request_to_speak_timestamp": null})
    };
    let (few, any) = (1..5_u64, 0..4_u8);
    prop_oneof![
        (few.clone(), any.clone())
            .prop_map(move |(id, nick)| ("GUILD_MEMBER_ADD", member(id, nick))),
        (few.clone(), any.clone())
            .prop_map(move |(id, nick)| ("GUILD_MEMBER_UPDATE", member(id, nick))),
        few.clone().prop_map(move |id| (
            "GUILD_MEMBER_REMOVE",
            json!({"guild_id": "11", "user": user(id)})
        )),
        (few.clone(), any.clone())
            .prop_map(move |(id, name)| ("GUILD_ROLE_UPDATE", role(id, name))),
        few.clone().prop_map(|id| (
            "GUILD_ROLE_DELETE",
            json!({"guild_id": "11", "role_id": id.to_string()})
        )),
        (few.clone(), any.clone())
            .prop_map(move |(id, name)| ("CHANNEL_UPDATE", channel(id, name))),
        (few.clone(), any.clone())
            .prop_map(move |(id, name)| ("CHANNEL_DELETE", channel(id, name))),
        (few.clone(), any.clone())
            .prop_map(move |(id, text)| ("MESSAGE_CREATE", message(id, text))),
        (few.clone(), any.clone())
            .prop_map(move |(id, text)| ("MESSAGE_UPDATE", message(id, text))),
        few.clone().prop_map(|id| (
            "MESSAGE_DELETE",
            json!({"id": id.to_string(), "channel_id": "22"})
        )),
        (few, proptest::option::of(any))
            .prop_map(move |(id, channel)| ("VOICE_STATE_UPDATE", voice(id, channel))),
    ]
}

/// Applies an event to the model's own cache.
fn apply_there(there: &DefaultInMemoryCache, event: &Event) {
    use twilight_model::gateway::payload::incoming;
    macro_rules! one_of {
        ($($name:literal $payload:ident;)*) => {
            match event.kind().name() {
                $($name => there.update(&event.parse::<incoming::$payload>().expect("whole")),)*
                other => panic!("{other}"),
            }
        };
    }
    one_of! {
        "CHANNEL_UPDATE" ChannelUpdate;
        "CHANNEL_DELETE" ChannelDelete;
        "GUILD_MEMBER_ADD" MemberAdd;
        "GUILD_MEMBER_UPDATE" MemberUpdate;
        "GUILD_MEMBER_REMOVE" MemberRemove;
        "GUILD_ROLE_UPDATE" RoleUpdate;
        "GUILD_ROLE_DELETE" RoleDelete;
        "MESSAGE_CREATE" MessageCreate;
        "MESSAGE_UPDATE" MessageUpdate;
        "MESSAGE_DELETE" MessageDelete;
        "VOICE_STATE_UPDATE" VoiceStateUpdate;
    }
}

proptest! {
    /// twilight's cache, as far as both keep the same and it is right: a member who leaves stays in its voice states,
    /// and it loses an update of an unknown member.
    #[test]
    fn it_agrees_with_twilights_cache(deeds in proptest::collection::vec(deed(), 0..60)) {
        let mut kept = Kept::new(CacheLimits::new());
        let there = DefaultInMemoryCache::new();
        let mut left = std::collections::BTreeSet::new();
        for (name, body) in &deeds {
            kept.take(name, body);
            apply_there(&there, &event(name, body.to_string()));
            match *name {
                "GUILD_MEMBER_REMOVE" => { left.insert(body["user"]["id"].to_string()); }
                "VOICE_STATE_UPDATE" => { left.remove(&body["user_id"].to_string()); }
                _ => {}
            }
        }
        for id in 1..5 {
            let name = there.channel(Id::new(id)).and_then(|channel| channel.name.clone());
            assert_eq!(kept.cache.channel(Id::new(id)).and_then(|channel| channel.name.clone()), name);
            let name = there.role(Id::new(id)).map(|role| role.name.clone());
            assert_eq!(kept.cache.role(Id::new(id)).map(|role| role.name.clone()), name);
            let text = there.message(Id::new(id)).map(|message| message.content().to_owned());
            assert_eq!(kept.cache.message(Id::new(id)).map(|message| message.content.clone()), text);
            if let Some(member) = there.member(Id::new(11), Id::new(id)) {
                let ours = kept.cache.member(Id::new(11), Id::new(id)).expect("known there");
                assert_eq!(ours.nick.as_deref(), member.nick());
            }
            if !left.contains(&json!(id.to_string()).to_string()) {
                let channel = there.voice_state(Id::new(id), Id::new(11)).map(|state| state.channel_id());
                let ours = kept.cache.voice_state(Id::new(11), Id::new(id));
                assert_eq!(ours.and_then(|state| state.channel_id), channel);
            }
        }
    }

    /// A restored cache saves the same bytes.
    #[test]
    fn a_cache_comes_back_after_anything(deeds in proptest::collection::vec(deed(), 0..40)) {
        let mut kept = Kept::new(CacheLimits::new().members_per_guild(2).messages(2).channels(2));
        for (name, body) in &deeds {
            kept.take(name, body);
        }
        let saved = kept.picture.save().expect("it can be saved");
        let mut again = Kept::new(CacheLimits::new());
        again.picture.restore(&saved).expect("it can be read");
        assert_eq!(again.picture.save().expect("it can be saved"), saved);
    }
}

#[test]
fn a_picture_that_twilights_model_wrote_is_still_read() {
    use std::io::Write as _;
    use twilight_model::{channel::Message, gateway::payload::incoming, guild::Guild};
    let of = |name: &str| fixture(name).to_string();
    let guild: Guild = serde_json::from_str(&of("GUILD_CREATE")).expect("twilight reads it");
    let ready: incoming::Ready = serde_json::from_str(&of("READY")).expect("twilight reads it");
    let message: Message = serde_json::from_str(&of("MESSAGE_CREATE")).expect("twilight reads it");
    let mut bare = guild.clone();
    (bare.channels, bare.threads, bare.members) = (Vec::new(), Vec::new(), Vec::new());
    (bare.roles, bare.emojis) = (Vec::new(), Vec::new());
    (bare.presences, bare.voice_states) = (Vec::new(), Vec::new());
    let users: Vec<_> = guild.members.iter().map(|member| &member.user).collect();
    let beside = |value: Value| json!([guild.id, value]);
    let in_guild = |values: Value| -> Value {
        let values = values.as_array().expect("a list").iter().cloned();
        values.map(beside).collect()
    };
    let saved = json!({
        "me": ready.user, "guilds": [bare], "channels": guild.channels, "users": users,
        "roles": in_guild(json!(guild.roles)), "emojis": in_guild(json!(guild.emojis)),
        "members": in_guild(json!(guild.members)), "presences": guild.presences,
        "voice_states": guild.voice_states, "messages": [message],
    });
    let mut packed = zstd::Encoder::new(vec![1], 1).expect("an encoder");
    packed
        .write_all(saved.to_string().as_bytes())
        .expect("room");
    let mut kept = Kept::new(CacheLimits::new());
    kept.picture
        .restore(&packed.finish().expect("whole"))
        .expect("it is read");
    let there = Kept::with_guild().cache;
    let (cache, id) = (kept.cache, Id::new(11));
    assert_eq!(cache.guild(id).expect("known").name, "choir");
    assert_eq!(cache.roles(id), there.roles(id));
    assert_eq!(cache.members(id), there.members(id));
    assert_eq!(cache.emojis(id).len(), there.emojis(id).len());
    assert_eq!(cache.voice_states(id).len(), there.voice_states(id).len());
    let channel = |cache: &Cache| cache.channel(Id::new(22)).expect("known");
    let overwrites = |cache: &Cache| channel(cache).permission_overwrites.clone();
    assert_eq!(channel(&cache).topic.as_deref(), Some("singing"));
    assert_eq!(overwrites(&cache), overwrites(&there));
    let presence = cache.presence(id, Id::new(33)).expect("known");
    assert_eq!(presence.status, Status::DoNotDisturb);
    let message = cache.message(Id::new(MESSAGE)).expect("known");
    assert_eq!(message.content, "!ping <@9> & \"hi\"");
    assert_eq!(cache.me().expect("known").id, Id::new(9));
}
