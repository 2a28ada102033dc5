//! What the groups of routes do at the simulator: answers, events, the audit log, and errors.

use std::collections::BTreeSet;

use antiphon_core::Rng;
use antiphon_discord::{
    self as discord, Client, Config, File, Intents, RequestError,
    client::LobbySeat,
    model::{
        AutoModerationAction, AutoModerationActionType, AutoModerationEventType,
        AutoModerationTriggerMetadata, AutoModerationTriggerType, ChannelType,
        ScheduledEventEntityType, ScheduledEventStatus,
        id::{
            Id,
            marker::{ChannelMarker, GuildMarker},
        },
    },
};
use antiphon_sim::trial::{Journal, Running};
use jiff::SignedDuration;
use serde_json::json;

use crate::{World, calls::picture};

/// A simulator of its own.
fn world() -> World {
    World::new(&crate::Called::default())
}

fn words() -> AutoModerationTriggerMetadata {
    AutoModerationTriggerMetadata {
        keyword_filter: Some(vec!["flat*".to_owned()]),
        ..AutoModerationTriggerMetadata::default()
    }
}

fn block() -> AutoModerationAction {
    AutoModerationAction {
        kind: AutoModerationActionType::BlockMessage,
        ..AutoModerationAction::default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_made_changed_and_deleted_comes_back_typed_and_as_events() {
    let w = world();
    let running = w.running().await;
    let (c, guild) = (&running.client, w.guild());

    let emoji = c
        .create_emoji(guild, "note", &picture().data_uri())
        .await
        .expect("made");
    let id = emoji.id.expect("an id");
    let renamed = c
        .update_emoji(guild, id)
        .name("clef")
        .await
        .expect("changed");
    assert_eq!(
        (renamed.id, renamed.name.as_deref()),
        (Some(id), Some("clef"))
    );
    c.delete_emoji(guild, id).await.expect("deleted");

    let sticker = c.create_guild_sticker(guild, "wave", "a hand", "wave", &picture());
    let sticker = sticker.await.expect("made");
    assert_eq!((&*sticker.name, &*sticker.tags), ("wave", "wave"));
    c.delete_guild_sticker(guild, sticker.id)
        .await
        .expect("deleted");

    let sound = File::new("bell.ogg", &b"OggS\0\x02"[..]).data_uri();
    let sound = c
        .create_guild_soundboard_sound(guild, "bell", &sound)
        .volume(0.5);
    let sound = sound.await.expect("made");
    assert!((sound.volume - 0.5).abs() < f64::EPSILON);
    let louder = c
        .update_guild_soundboard_sound(guild, sound.sound_id)
        .volume(Some(1.0));
    assert!((louder.await.expect("changed").volume - 1.0).abs() < f64::EPSILON);
    c.delete_guild_soundboard_sound(guild, sound.sound_id)
        .await
        .expect("deleted");

    let rule = c
        .create_auto_moderation_rule(
            guild,
            "no flat notes",
            AutoModerationEventType::MessageSend,
            AutoModerationTriggerType::Keyword,
            &[block()],
        )
        .trigger_metadata(&words())
        .await
        .expect("made");
    assert_eq!(rule.trigger_metadata.keyword_filter, words().keyword_filter);
    assert!(!rule.enabled, "off unless it is set");
    let on = c
        .update_auto_moderation_rule(guild, rule.id)
        .enabled(true)
        .await;
    assert!(on.expect("changed").enabled);
    c.delete_auto_moderation_rule(guild, rule.id)
        .await
        .expect("deleted");
    all_told(
        &running,
        &[
            ("GUILD_EMOJIS_UPDATE", 3),
            ("GUILD_STICKERS_UPDATE", 2),
            ("GUILD_SOUNDBOARD_SOUND_CREATE", 1),
            ("GUILD_SOUNDBOARD_SOUND_UPDATE", 1),
            ("GUILD_SOUNDBOARD_SOUND_DELETE", 1),
            ("AUTO_MODERATION_RULE_CREATE", 1),
            ("AUTO_MODERATION_RULE_UPDATE", 1),
            ("AUTO_MODERATION_RULE_DELETE", 1),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn stages_scheduled_events_and_invites_come_back_typed_and_as_events() {
    let w = world();
    let running = w.running().await;
    let (c, guild, ambo) = (&running.client, w.guild(), w.channel("ambo"));

    let stage = c
        .create_stage_instance(ambo, "vespers")
        .await
        .expect("opened");
    assert_eq!((stage.channel_id, &*stage.topic), (ambo, "vespers"));
    c.update_stage_instance(ambo)
        .topic("compline")
        .await
        .expect("changed");
    c.delete_stage_instance(ambo).await.expect("closed");

    let start = w.hours(24);
    let event = c
        .create_guild_scheduled_event(guild, "vespers", ScheduledEventEntityType::Voice, start)
        .channel_id(w.channel("stalls"))
        .await
        .expect("scheduled");
    assert_eq!(event.scheduled_start_time, start);
    let begun = c
        .update_guild_scheduled_event(guild, event.id)
        .status(ScheduledEventStatus::Active);
    assert_eq!(
        begun.await.expect("begun").status,
        ScheduledEventStatus::Active
    );
    c.delete_guild_scheduled_event(guild, event.id)
        .await
        .expect("deleted");

    let invite = c
        .create_invite(w.channel("loft"))
        .max_uses(1)
        .await
        .expect("made");
    c.delete_invite(&invite.code).await.expect("deleted");
    all_told(
        &running,
        &[
            ("STAGE_INSTANCE_CREATE", 1),
            ("STAGE_INSTANCE_UPDATE", 1),
            ("STAGE_INSTANCE_DELETE", 1),
            ("GUILD_SCHEDULED_EVENT_CREATE", 1),
            ("GUILD_SCHEDULED_EVENT_UPDATE", 1),
            ("GUILD_SCHEDULED_EVENT_DELETE", 1),
            ("INVITE_CREATE", 1),
            ("INVITE_DELETE", 1),
        ],
    )
    .await;
}

/// Waits until these events have come, each as often as it says.
async fn all_told(running: &Running<Client>, told: &[(&str, usize)]) {
    let has = |journal: &Journal| {
        let count = |name: &str| journal.count(&format!("discord.{name}"));
        told.iter().all(|(name, times)| count(name) >= *times)
    };
    running.until(has).await;
}

#[tokio::test(start_paused = true)]
async fn reasons_of_every_group_reach_the_audit_log() {
    let w = world();
    let (c, guild, loft) = (&w.client, w.guild(), w.channel("loft"));
    let image = picture().data_uri();
    let emoji = c
        .create_emoji(guild, "note", &image)
        .reason("emoji")
        .await
        .expect("made");
    c.delete_emoji(guild, emoji.id.expect("an id"))
        .reason("no emoji")
        .await
        .expect("deleted");
    let sticker = c.create_guild_sticker(guild, "wave", "", "wave", &picture());
    sticker.reason("sticker").await.expect("made");
    let sound = File::new("bell.ogg", &b"OggS\0\x02"[..]).data_uri();
    let sound = c.create_guild_soundboard_sound(guild, "bell", &sound);
    sound.reason("sound").await.expect("made");
    c.update_guild(guild)
        .name("quire")
        .reason("guild")
        .await
        .expect("changed");
    c.create_invite(loft)
        .unique(true)
        .reason("invite ☕")
        .await
        .expect("made");
    let webhook = c.create_webhook(loft, "herald").await.expect("made");
    c.update_webhook(webhook.id)
        .name("crier")
        .reason("webhook")
        .await
        .expect("changed");
    let users = [w.user("teo")];
    c.bulk_guild_ban(guild, &users)
        .reason("bans")
        .await
        .expect("banned");
    c.create_stage_instance(w.channel("ambo"), "vespers")
        .reason("stage")
        .await
        .expect("opened");
    c.create_guild_scheduled_event(guild, "v", ScheduledEventEntityType::Voice, w.hours(1))
        .channel_id(w.channel("stalls"))
        .reason("event")
        .await
        .expect("scheduled");
    c.create_auto_moderation_rule(
        guild,
        "notes",
        AutoModerationEventType::MessageSend,
        AutoModerationTriggerType::Keyword,
        &[block()],
    )
    .trigger_metadata(&words())
    .reason("rule")
    .await
    .expect("made");
    let on = c.update_guild_widget_settings(guild).enabled(true);
    on.reason("widget").await.expect("changed");
    let log = c.audit_log(guild).limit(100).await.expect("read");
    let reasons: BTreeSet<&str> = log
        .audit_log_entries
        .iter()
        .filter_map(|entry| entry.reason.as_deref())
        .collect();
    let expected = [
        "emoji",
        "no emoji",
        "sticker",
        "sound",
        "guild",
        "invite ☕",
        "webhook",
        "bans",
        "stage",
        "event",
        "rule",
        "widget",
    ];
    assert_eq!(reasons, expected.into_iter().collect());
}

/// A bot that is in the guild and may do nothing there.
fn powerless(w: &World) -> Client {
    let config = Config::new(w.discord.account_named("lector").token, Intents::empty())
        .network(w.sim.network())
        .clock(w.sim.clock())
        .rng(Rng::with_seed(7));
    discord::connect(config).0
}

/// Asserts that each call is refused with this variant and code.
macro_rules! refused {
    ($variant:ident $code:literal: $($call:expr),* $(,)?) => {$(
        let outcome = $call.await;
        assert!(
            matches!(&outcome, Err(RequestError::$variant(said)) if said.code == $code),
            "{}: {outcome:?}",
            stringify!($call)
        );
    )*};
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_forbidden_in_every_group() {
    let w = world();
    let (c, guild, loft) = (powerless(&w), w.guild(), w.channel("loft"));
    let (c, image) = (&c, picture().data_uri());
    let users = [w.user("teo")];
    refused!(Forbidden 50013:
        c.create_emoji(guild, "note", &image),
        c.create_guild_sticker(guild, "wave", "", "wave", &picture()),
        c.create_guild_soundboard_sound(guild, "bell", "data:audio/ogg;base64,T2dnUw=="),
        c.channel_invites(loft),
        c.guild_vanity_url(guild),
        c.auto_moderation_rules(guild),
        c.get_templates(guild),
        c.create_template(guild, "ours"),
        c.update_guild(guild).name("mine"),
        c.update_guild_widget_settings(guild).enabled(true),
        c.update_guild_welcome_screen(guild).enabled(true),
        c.update_guild_onboarding(guild).enabled(false),
        c.guild_integrations(guild),
        c.guild_prune_count(guild),
        c.create_guild_prune(guild),
        c.bulk_guild_ban(guild, &users),
        c.guild_join_requests(guild),
        c.guild_webhooks(guild),
        c.delete_channel_permission(loft, guild.cast()),
        c.private_archived_threads(loft),
        c.create_stage_instance(w.channel("ambo"), "mine"),
        c.update_guild_incident_actions(guild).dms_disabled_until(None),
    );
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_is_not_found_in_every_group() {
    let w = world();
    let (c, guild, app, nobody) = (
        &w.client,
        w.guild(),
        w.application(),
        Id::<GuildMarker>::new(5),
    );
    refused!(NotFound 10014: c.emoji(guild, nobody.cast()));
    refused!(NotFound 10060: c.sticker(nobody.cast()), c.guild_sticker(guild, nobody.cast()));
    refused!(NotFound 10097: c.guild_soundboard_sound(guild, nobody.cast()));
    refused!(NotFound 10006: c.invite("nowhere"), c.delete_invite("a/../b?c"));
    refused!(NotFound 10070: c.guild_scheduled_event(guild, nobody.cast()));
    refused!(NotFound 10057: c.get_template("nothing"));
    refused!(NotFound 10067: c.stage_instance(w.channel("ambo")));
    refused!(NotFound 10015: c.webhook(nobody.cast()));
    refused!(NotFound 10063: c.global_command(app, nobody.cast()));
    refused!(NotFound 10031: c.lobby(nobody.cast()));
    let thread = c.create_thread(w.channel("loft"), "solo", ChannelType::PublicThread);
    let thread = thread.await.expect("begun").id;
    refused!(NotFound 10007: c.thread_member(thread, nobody.cast()));
}

#[tokio::test(start_paused = true)]
async fn values_over_their_limits_are_refused_before_anything_is_sent() {
    let w = world();
    let (c, guild, loft, app) = (&w.client, w.guild(), w.channel("loft"), w.application());
    let long = |length: usize| "x".repeat(length);
    let seats = vec![LobbySeat::new(w.user("mira")); 26];
    let users = vec![w.user("mira"); 201];
    macro_rules! invalid {
        ($($field:literal: $call:expr),* $(,)?) => {$(
            let outcome = $call.await;
            let Err(RequestError::Invalid(why)) = outcome else {
                panic!("{}: {outcome:?}", stringify!($call));
            };
            assert!(why.to_string().contains(concat!("`", $field, "`")), "{why}");
        )*};
    }
    invalid!(
        "name": c.create_emoji(guild, "x", "data:"),
        "name": c.create_emoji(guild, &long(33), "data:"),
        "name": c.add_application_emoji(app, &long(33), "data:"),
        "tags": c.create_guild_sticker(guild, "wave", "", &long(201), &picture()),
        "description": c.create_guild_sticker(guild, "wave", &long(101), "wave", &picture()),
        "volume": c.create_guild_soundboard_sound(guild, "bell", "data:").volume(1.5),
        "max_uses": c.create_invite(loft).max_uses(101),
        "max_age": c.create_invite(loft).max_age(5_184_001),
        "topic": c.create_stage_instance(w.channel("ambo"), ""),
        "status": c.update_voice_channel_status(w.channel("stalls"), Some(&long(501))),
        "description": c.create_template(guild, "ours").description(&long(121)),
        "name": c.update_guild(guild).name("x"),
        "afk_timeout": c.update_guild(guild).afk_timeout(10),
        "description": c.update_guild_welcome_screen(guild).description(Some(&long(141))),
        "actions": c.create_auto_moderation_rule(guild, "notes", AutoModerationEventType::MessageSend,
            AutoModerationTriggerType::Spam, &[]),
        "user_ids": c.bulk_guild_ban(guild, &users),
        "days": c.guild_prune_count(guild).days(31),
        "limit": c.search_guild_messages(guild).limit(26),
        "limit": c.public_archived_threads(loft).limit(1),
        "limit": c.guild_scheduled_event_users(guild, Id::new(5)).limit(101),
        "name": c.create_guild_scheduled_event(guild, &long(101), ScheduledEventEntityType::Voice, w.hours(1)),
        "name": c.create_forum_thread(loft, &long(101)).content("la"),
        "rate_limit_per_user": c.create_forum_thread(loft, "la").content("la").rate_limit_per_user(21_601),
        "content": c.create_forum_thread(loft, "la").content(&long(2_001)),
        "name": c.update_webhook(Id::new(5)).name(""),
        "username": c.update_current_user().username("x"),
        "tags": c.update_current_user_application().tags(&["la"; 6]),
        "members": c.create_lobby().members(&seats),
        "list": c.update_lobby_members(Id::new(5), &seats),
        "bio": c.update_current_member(guild).bio(Some(&long(191))),
    );
    // A segment that a server would resolve leads elsewhere.
    for code in ["", ".", ".."] {
        let outcome = c.invite(code).await;
        assert!(
            matches!(outcome, Err(RequestError::Invalid(_))),
            "{outcome:?}"
        );
    }
    assert_eq!(w.discord.requests(), [].into());
}

#[tokio::test(start_paused = true)]
async fn a_value_that_only_discord_can_check_is_refused_with_its_field() {
    let w = world();
    let (c, guild) = (&w.client, w.guild());
    let start = w.hours(24);
    let image = c.create_emoji(guild, "note", "no picture").await;
    let past = c
        .create_guild_scheduled_event(
            guild,
            "v",
            ScheduledEventEntityType::Voice,
            start - SignedDuration::from_hours(48),
        )
        .channel_id(w.channel("stalls"))
        .await;
    let command = c
        .create_global_command(
            w.application(),
            &json!({"name": "UPPER CASE", "description": "no"}),
        )
        .await;
    for (outcome, field) in [
        (image.map(drop), "image"),
        (past.map(drop), "scheduled_start_time"),
        (command.map(drop), "name"),
    ] {
        let Err(RequestError::Refused(said)) = outcome else {
            panic!("{field}: {outcome:?}");
        };
        assert_eq!(said.code, 50_035, "{said}");
        assert!(
            said.fields.iter().any(|error| error.path == field),
            "{said}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_thread_in_a_forum_begins_with_its_message_and_its_files() {
    let w = world();
    let c = &w.client;
    let forum = c
        .create_guild_channel(w.guild(), "questions")
        .kind(ChannelType::GuildForum);
    let forum: Id<ChannelMarker> = forum.await.expect("made").id;
    let tags = json!([{"name": "tuning"}]);
    let tags = tags.as_array().expect("a list");
    let tagged = c
        .update_channel(forum)
        .available_tags(tags)
        .await
        .expect("changed");
    let tag = tagged.available_tags[0].id;
    let score = File::new("score.txt", "do re mi").description("what we sing");
    let post = c
        .create_forum_thread(forum, "Miserere")
        .content("who sings the solo?")
        .attachments(&[score])
        .applied_tags(&[tag])
        .await
        .expect("begun");
    assert_eq!(
        (post.name.as_deref(), &post.applied_tags[..]),
        (Some("Miserere"), &[tag][..])
    );
    let first = c
        .message(post.id, post.id.cast())
        .await
        .expect("the message has the thread's id");
    assert_eq!(first.content, "who sings the solo?");
    assert_eq!(first.attachments[0].filename, "score.txt");
    assert_eq!(
        first.attachments[0].description.as_deref(),
        Some("what we sing")
    );
}
