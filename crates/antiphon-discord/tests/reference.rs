//! Every attribute that the reference library gives its events (protocol §14) can be reached.

mod stored;

use antiphon_core::{Event, Payload};
use antiphon_discord::{
    self as discord, CacheLimits, Config, DisplayName as _, Intents,
    model::{ActivityType, Channel, ChannelType, Member, Status, User, VoiceState, id::Id},
};
use stored::event;

/// The first documented event of this name.
fn documented(name: &str) -> Event {
    let text = include_str!("../../../fixtures/discord/frames.ndjson");
    let mut rows = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a row"));
    let row = rows.find(|row| row["name"] == name).expect("a row");
    event(name, row["body"].to_string())
}

fn decoded<P: Payload>(name: &str) -> P {
    P::decode(&documented(name)).expect("documented")
}

#[test]
fn a_presence_has_its_user_status_and_activities_by_type() {
    let presence: discord::PresenceUpdate = decoded("PRESENCE_UPDATE");
    assert_eq!(presence.user.id, Id::new(33));
    assert_eq!(presence.guild(), Some(Id::new(11)));
    assert_eq!(presence.status, Status::DoNotDisturb);
    assert_eq!(presence.client_status.mobile, Some(Status::DoNotDisturb));
    assert_eq!(presence.activities.len(), 3);
    let mut games = presence.activities_of(ActivityType::Playing);
    assert_eq!(games.next().map(|game| &*game.name), Some("a piece"));
    let mut streams = presence.activities_of(ActivityType::Streaming);
    let url = streams.next().and_then(|stream| stream.url.as_deref());
    assert_eq!(url, Some("https://twitch.tv/choir"));
}

#[test]
fn a_presence_outside_a_guild_has_none() {
    let mut draft = event("PRESENCE_UPDATE", r#"{"user":{"id":33},"status":"idle"}"#)
        .draft()
        .clone();
    draft.place = antiphon_core::Place::root();
    let event = Event::stored(antiphon_core::Position::new(1), "discord".into(), draft);
    let presence = discord::PresenceUpdate::decode(&event).expect("a presence");
    assert_eq!((presence.guild(), &presence.status), (None, &Status::Idle));
}

#[test]
fn typing_says_who_where_and_since_when() {
    let typing: discord::TypingStart = decoded("TYPING_START");
    assert_eq!(
        (typing.channel_id, typing.user_id),
        (Id::new(22), Id::new(33))
    );
    assert_eq!(typing.guild_id, Some(Id::new(11)));
    assert_eq!(typing.timestamp, 1_733_000_000, "seconds");
    assert_eq!(
        typing
            .member
            .as_ref()
            .map(discord::DisplayName::display_name),
        Some("evie")
    );
}

#[test]
fn a_member_who_joins_has_all_that_is_known() {
    let joined: discord::GuildMemberAdd = decoded("GUILD_MEMBER_ADD");
    assert_eq!(joined.guild_id, Id::new(11));
    assert_eq!(joined.display_name(), "evie");
    let member: &Member = &joined;
    assert_eq!(
        (member.user.id, member.user.name.as_str()),
        (Id::new(33), "eve")
    );
    assert_eq!(member.nick.as_deref(), Some("evie"));
    assert_eq!(member.roles, [Id::new(501)]);
    assert_eq!(
        member.joined_at.map(jiff::Timestamp::as_second),
        Some(1_714_557_600)
    );
    assert!(member.avatar.is_none() && member.premium_since.is_none());
    assert!(!member.deaf && !member.mute && !member.pending);
    assert!(member.communication_disabled_until.is_none());
}

#[test]
fn a_members_status_and_voice_are_in_the_cache() {
    use antiphon_core::Source as _;
    let config = Config::new("t0", Intents::all()).cache(CacheLimits::new());
    let (client, mut source) = discord::connect(config);
    let mut picture = source.projections().pop().expect("asked for");
    for name in ["GUILD_CREATE", "VOICE_STATE_UPDATE"] {
        picture.apply(&documented(name));
    }
    let (guild, eve) = (Id::new(11), Id::new(33));
    let presence = client.cache().presence(guild, eve).expect("known");
    assert_eq!(presence.status, Status::DoNotDisturb);
    let state = client.cache().voice_state(guild, eve).expect("known");
    assert_eq!(state.session_id, "vs1");
}

#[test]
fn the_permissions_of_a_member_come_with_an_interaction() {
    let interaction: discord::InteractionCreate = decoded("INTERACTION_CREATE");
    let member = interaction.member.as_ref().expect("in a guild");
    assert_eq!(member.permissions.map(|all| all.bits()), Some(8));
}

#[test]
fn whoever_leaves_or_is_banned_is_named_with_the_guild() {
    fn is_eve(guild: u64, user: &User) -> bool {
        guild == 11 && user.id == Id::new(33) && user.name == "eve"
    }
    let left: discord::GuildMemberRemove = decoded("GUILD_MEMBER_REMOVE");
    assert!(is_eve(left.guild_id.get(), &left.user));
    let banned: discord::GuildBanAdd = decoded("GUILD_BAN_ADD");
    assert!(is_eve(banned.guild_id.get(), &banned.user));
    let unbanned: discord::GuildBanRemove = decoded("GUILD_BAN_REMOVE");
    assert!(is_eve(unbanned.guild_id.get(), &unbanned.user));
}

#[test]
fn an_updated_channel_is_a_channel() {
    let update: discord::ChannelUpdate = decoded("CHANNEL_UPDATE");
    let channel: &Channel = &update;
    assert_eq!(
        (channel.id, channel.kind),
        (Id::new(22), ChannelType::GuildText)
    );
    assert_eq!(
        (channel.guild_id, channel.name.as_deref()),
        (Some(Id::new(11)), Some("loft"))
    );
    assert_eq!((channel.position, channel.nsfw), (Some(0), Some(false)));
    assert_eq!(channel.parent_id, Some(Id::new(20)));
    assert_eq!(channel.permission_overwrites.len(), 1);
    assert_eq!(channel.topic.as_deref(), Some("singing"));
    let created: discord::ChannelCreate = decoded("CHANNEL_CREATE");
    assert_eq!(
        (created.bitrate, created.user_limit),
        (Some(64_000), Some(0)),
        "of a voice channel"
    );
}

#[test]
fn an_updated_role_comes_with_its_guild() {
    let update: discord::GuildRoleUpdate = decoded("GUILD_ROLE_UPDATE");
    assert_eq!(
        (update.guild_id, update.role.id),
        (Id::new(11), Id::new(502))
    );
}

#[test]
fn a_voice_state_has_every_switch() {
    let update: discord::VoiceStateUpdate = decoded("VOICE_STATE_UPDATE");
    let state: &VoiceState = &update;
    assert_eq!(
        (state.guild_id, state.channel_id),
        (Some(Id::new(11)), Some(Id::new(77)))
    );
    assert_eq!(
        (state.user_id, state.session_id.as_str()),
        (Id::new(33), "vs1")
    );
    assert!(state.member.is_some() && state.self_deaf);
    assert!(!(state.deaf || state.mute || state.self_mute || state.self_stream));
    assert!(!(state.self_video || state.suppress));
    assert!(state.request_to_speak_timestamp.is_none());
}

#[test]
fn the_clients_own_events_say_which_shard_or_none() {
    let connect: discord::Connect = decoded("CONNECT");
    assert_eq!(connect.shard_id, None);
    let connect: discord::ShardConnect = decoded("SHARD_CONNECT");
    assert_eq!(connect.shard_id, Some(3));
    assert_eq!(decoded::<discord::Disconnect>("DISCONNECT").shard_id, None);
    assert_eq!(
        decoded::<discord::ShardDisconnect>("SHARD_DISCONNECT").shard_id,
        Some(3)
    );
    assert_eq!(
        decoded::<discord::ShardResume>("SHARD_RESUME").shard_id,
        Some(3)
    );
}

#[test]
fn views_show_what_filters_ask_for() {
    let event = documented("MESSAGE_CREATE");
    let message = discord::MessageCreate::view(&event).expect("a view");
    assert!(message.content.starts_with("!ping"));
    assert!(matches!(
        message.author.name,
        std::borrow::Cow::Borrowed("eve")
    ));
    assert_eq!(
        (message.mentions, message.mention_roles),
        (vec![Id::new(9)], vec![Id::new(501)])
    );
    let event = documented("INTERACTION_CREATE");
    let interaction = discord::InteractionCreate::view(&event).expect("a view");
    let author = interaction.author().expect("someone");
    assert_eq!((&*interaction.data.name, &*author.name), ("sing", "eve"));
    let event = stored::event(
        "PRESENCE_UPDATE",
        r#"{"user":{"id":33},"guild_id":11,"status":"new"}"#,
    );
    let presence = discord::PresenceUpdate::view(&event).expect("a view");
    assert_eq!(
        (presence.user.id, &*presence.status),
        (Some(Id::new(33)), "new")
    );
}
