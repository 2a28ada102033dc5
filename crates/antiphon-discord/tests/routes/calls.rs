//! The calls, by groups of routes.

use std::collections::BTreeMap;

use antiphon_core::IntakeLimits;
use antiphon_discord::{
    Client, File, InteractionCreate, PollRequest, RequestError,
    client::{ChannelPosition, LobbySeat},
    model::{
        AutoModerationAction, AutoModerationActionType, AutoModerationEventType,
        AutoModerationTriggerMetadata, AutoModerationTriggerType, ChannelType,
        EntitlementOwnerType, MfaLevel, PermissionOverwrite, PermissionOverwriteType, Permissions,
        RecurrenceRule, RecurrenceRuleFrequency, Role, ScheduledEventEntityType, SkuType,
        Subscription,
        id::{
            Id,
            marker::{ApplicationMarker, ChannelMarker, GuildMarker, UserMarker},
        },
    },
};
use antiphon_sim::trial::{Journal, Running};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::World;

/// A picture of the smallest kind, as far as a server looks at it.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

pub(crate) fn picture() -> File {
    File::new("note.png", PNG)
}

impl World {
    pub(crate) fn guild(&self) -> Id<GuildMarker> {
        Id::new(self.discord.guild_id())
    }

    pub(crate) fn channel(&self, name: &str) -> Id<ChannelMarker> {
        Id::new(self.discord.channel(name).expect("a channel of the guild"))
    }

    pub(crate) fn user(&self, name: &str) -> Id<UserMarker> {
        Id::new(self.discord.user(name))
    }

    pub(crate) fn application(&self) -> Id<ApplicationMarker> {
        Id::new(self.discord.account_named(Self::BOT).application)
    }

    fn me(&self) -> Id<UserMarker> {
        Id::new(self.discord.account_named(Self::BOT).id)
    }

    /// A time from now.
    pub(crate) fn hours(&self, hours: i64) -> Timestamp {
        self.sim.clock().now() + SignedDuration::from_hours(hours)
    }

    /// A running source, whose client gets interactions.
    pub(crate) async fn running(&self) -> Running<Client> {
        let connected = antiphon_discord::connect(Self::config(&self.sim));
        let clock = self.sim.clock();
        let running = Running::of(
            connected,
            clock,
            Journal::default(),
            IntakeLimits::default(),
        );
        running.connected().await;
        running
    }
}

pub(crate) async fn application(w: World) {
    let (c, app) = (&w.client, w.application());
    w.ok("get_gateway", c.gateway()).await;
    w.ok("get_bot_gateway", c.gateway_bot()).await;
    w.ok("get_my_user", c.current_user()).await;
    w.ok("update_my_user", c.update_current_user().username("precentor")).await;
    w.ok("get_user", c.user(w.user("mira"))).await;
    w.ok("list_my_guilds", c.current_user_guilds()).await;
    w.ok("create_dm", c.create_private_channel(w.user("mira"))).await;
    w.ok("get_my_application", c.current_user_application()).await;
    w.ok("get_application", c.application(app)).await;
    w.ok("update_my_application", c.update_current_user_application().description("sings")).await;
    w.ok("update_application", c.update_application(app).tags(&["choir"])).await;
    w.ok("get_my_oauth2_application", c.oauth2_application()).await;
    w.ok("get_public_keys", c.oauth2_keys()).await;
    w.refused("applications_get_activity_instance", 0, c.activity_instance(app, "i-1")).await;
    w.ok("upload_application_attachment", c.upload_application_attachment(app, &picture())).await;
    w.ok("get_application_role_connections_metadata", c.application_role_connection_metadata(app)).await;
    let set = c.set_application_role_connection_metadata(app, &[]);
    w.ok("update_application_role_connections_metadata", set).await;
    w.ok("leave_guild", c.leave_guild(w.guild())).await;
}

pub(crate) async fn commands(w: World) {
    let (c, app, guild) = (&w.client, w.application(), w.guild());
    let ping = json!({"name": "ping", "description": "asks"});
    let change = json!({"description": "answers"});
    let made = w.ok("create_application_command", c.create_global_command(app, &ping)).await;
    w.ok("get_application_command", c.global_command(app, made.id)).await;
    let changed = w.ok("update_application_command", c.update_global_command(app, made.id, &change)).await;
    assert_eq!(changed.description, "answers");
    w.ok("list_application_commands", c.global_commands(app)).await;
    w.ok("delete_application_command", c.delete_global_command(app, made.id)).await;
    w.ok("bulk_set_application_commands", c.set_global_commands(app, std::slice::from_ref(&ping))).await;
    let made = w.ok("create_guild_application_command", c.create_guild_command(app, guild, &ping)).await;
    w.ok("get_guild_application_command", c.guild_command(app, guild, made.id)).await;
    w.ok("update_guild_application_command", c.update_guild_command(app, guild, made.id, &change)).await;
    w.ok("list_guild_application_commands", c.guild_commands(app, guild)).await;
    w.ok("list_guild_application_command_permissions", c.guild_command_permissions(app, guild)).await;
    let rules = c.command_permissions(app, guild, made.id);
    w.refused("get_guild_application_command_permissions", 10066, rules).await;
    w.ok("delete_guild_application_command", c.delete_guild_command(app, guild, made.id)).await;
    w.ok("bulk_set_guild_application_commands", c.set_guild_commands(app, guild, &[ping])).await;
}

pub(crate) async fn interactions(w: World) {
    let running = w.running().await;
    let sing = json!({"name": "sing", "description": "sings"});
    w.discord.register(World::BOT, None, &sing);
    w.discord.command("loft", "mira", World::BOT, "sing", &json!({}));
    let journal = running.until(|journal| journal.count("discord.INTERACTION_CREATE") > 0).await;
    let interaction = journal.decoded::<InteractionCreate>().pop().expect("an interaction");
    let c = running.client.interaction(&interaction);
    w.ok("create_interaction_response", c.message("la")).await;
    w.ok("get_original_webhook_message", c.response()).await;
    w.ok("update_original_webhook_message", c.update_response().content(Some("la la"))).await;
    let more = w.ok("execute_webhook", c.create_followup().content("and")).await;
    w.ok("get_webhook_message", c.followup(more.id)).await;
    w.ok("update_webhook_message", c.update_followup(more.id).content(Some("more"))).await;
    w.ok("delete_webhook_message", c.delete_followup(more.id)).await;
    w.ok("delete_original_webhook_message", c.delete_response()).await;
}

pub(crate) async fn webhooks(w: World) {
    let (c, loft) = (&w.client, w.channel("loft"));
    let made = w.ok("create_webhook", c.create_webhook(loft, "herald")).await;
    let token = made.token.clone().expect("a token");
    w.ok("list_channel_webhooks", c.channel_webhooks(loft)).await;
    w.ok("get_guild_webhooks", c.guild_webhooks(w.guild())).await;
    w.ok("get_webhook", c.webhook(made.id)).await;
    w.ok("update_webhook", c.update_webhook(made.id).name("crier").reason("louder")).await;
    w.ok("get_webhook_by_token", c.webhook_with_token(made.id, &token)).await;
    let renamed = c.update_webhook_with_token(made.id, &token).name("bell");
    assert_eq!(w.ok("update_webhook_by_token", renamed).await.name.as_deref(), Some("bell"));
    let star = json!({"action": "created", "sender": {"login": "mira", "html_url": "https://github.com/mira",
        "avatar_url": "https://github.com/mira.png"}, "repository": {"full_name": "choir/hymns",
        "html_url": "https://github.com/choir/hymns", "name": "hymns", "id": 1}});
    w.ok("execute_github_compatible_webhook", c.execute_github_webhook(made.id, &token, &star)).await;
    let text = json!({"text": "la"});
    w.ok("execute_slack_compatible_webhook", c.execute_slack_webhook(made.id, &token, &text)).await;
    w.ok("delete_webhook_by_token", c.delete_webhook_with_token(made.id, &token)).await;
    let other = w.ok("create_webhook", c.create_webhook(loft, "herald")).await;
    w.ok("delete_webhook", c.delete_webhook(other.id)).await;
    w.ok("follow_channel", c.follow_news_channel(w.channel("notices"), loft)).await;
}

pub(crate) async fn guild(w: World) {
    let (c, guild) = (&w.client, w.guild());
    w.ok("get_guild", c.guild(guild).with_counts(true)).await;
    w.ok("update_guild", c.update_guild(guild).name("quire")).await;
    // Discord's description lacks this route and that of SKUs; its documentation has them.
    let refused = c.update_guild_mfa(guild, MfaLevel::Elevated).await;
    assert!(matches!(refused, Err(RequestError::Forbidden(_))), "only the owner may: {refused:?}");
    w.ok("list_guild_voice_regions", c.guild_voice_regions(guild)).await;
    w.ok("get_guild_vanity_url", c.guild_vanity_url(guild)).await;
    w.ok("list_guild_channels", c.guild_channels(guild)).await;
    let made = w.ok("create_guild_channel", c.create_guild_channel(guild, "vestry")).await;
    let moved = [ChannelPosition::new(made.id, 0)];
    w.ok("bulk_update_guild_channels", c.update_guild_channel_positions(guild, &moved)).await;
    w.ok("list_guild_audit_log_entries", c.audit_log(guild)).await;
    let all = w.ok("list_guild_integrations", c.guild_integrations(guild)).await;
    let bot = w.discord.account_named("lector").application;
    let other = all.iter().find(|one| { one.application.as_ref().is_some_and(|it| it.id.get() == bot) });
    let other = other.expect("an integration for each bot").id;
    w.ok("delete_guild_integration", c.delete_guild_integration(guild, other)).await;
}

pub(crate) async fn members(w: World) {
    let (c, guild, teo) = (&w.client, w.guild(), w.user("teo"));
    w.ok("list_guild_members", c.guild_members(guild).limit(10)).await;
    w.ok("search_guild_members", c.search_guild_members(guild, "te")).await;
    w.ok("get_guild_member", c.guild_member(guild, teo)).await;
    w.ok("update_guild_member", c.update_guild_member(guild, teo).nick(Some("tenor"))).await;
    w.ok("update_my_guild_member", c.update_current_member(guild).nick(Some("echo")).bio(Some("sings"))).await;
    w.ok("delete_guild_member", c.remove_guild_member(guild, teo)).await;
    let added = w.ok("add_guild_member", c.add_guild_member(guild, teo, "token").nick("teo")).await;
    assert_eq!(added.and_then(|member| member.nick).as_deref(), Some("teo"));
    let again = w.ok("add_guild_member", c.add_guild_member(guild, teo, "token")).await;
    assert!(again.is_none(), "a member already");
    w.ok("ban_user_from_guild", c.create_ban(guild, teo)).await;
    w.ok("get_guild_ban", c.ban(guild, teo)).await;
    w.ok("list_guild_bans", c.bans(guild)).await;
    w.ok("unban_user_from_guild", c.delete_ban(guild, teo)).await;
}

pub(crate) async fn roles(w: World) {
    let (c, guild, iris) = (&w.client, w.guild(), w.user("iris"));
    w.ok("list_guild_roles", c.roles(guild)).await;
    let made: Role = w.ok("create_guild_role", c.create_role(guild).name("alto")).await;
    w.ok("get_guild_role", c.role(guild, made.id)).await;
    w.ok("update_guild_role", c.update_role(guild, made.id).name(Some("bass"))).await;
    w.ok("add_guild_member_role", c.add_guild_member_role(guild, iris, made.id)).await;
    let counts = w.ok("guild_role_member_counts", c.role_member_counts(guild)).await;
    assert_eq!(counts.get(&made.id), Some(&1));
    w.ok("delete_guild_member_role", c.remove_guild_member_role(guild, iris, made.id)).await;
    let moved = [antiphon_discord::RolePosition { id: made.id, position: 1, }];
    w.ok("bulk_update_guild_roles", c.update_role_positions(guild, &moved)).await;
    w.ok("delete_guild_role", c.delete_role(guild, made.id)).await;
}

pub(crate) async fn channels(w: World) {
    let (c, guild, loft) = (&w.client, w.guild(), w.channel("loft"));
    w.ok("get_channel", c.channel(loft)).await;
    w.ok("update_channel", c.update_channel(loft).topic("vespers")).await;
    w.ok("trigger_typing_indicator", c.create_typing_trigger(loft)).await;
    let overwrite = PermissionOverwrite {
        id: guild.cast(),
        kind: PermissionOverwriteType::Role,
        allow: Permissions::VIEW_CHANNEL,
        deny: Permissions::SEND_MESSAGES,
    };
    w.ok("set_channel_permission_overwrite", c.update_channel_permission(loft, &overwrite)).await;
    w.ok("delete_channel_permission_overwrite", c.delete_channel_permission(loft, overwrite.id)).await;
    w.ok("delete_channel", c.delete_channel(loft)).await;
}

pub(crate) async fn messages(w: World) {
    let (c, loft, notices) = (&w.client, w.channel("loft"), w.channel("notices"));
    let said = w.ok("create_message", c.create_message(loft).content("la")).await;
    w.ok("get_message", c.message(loft, said.id)).await;
    w.ok("list_messages", c.channel_messages(loft)).await;
    w.ok("update_message", c.update_message(loft, said.id).content(Some("la la"))).await;
    w.ok("add_my_message_reaction", c.create_reaction(loft, said.id, "👍")).await;
    w.ok("list_message_reactions_by_emoji", c.reactions(loft, said.id, "👍")).await;
    w.ok("delete_my_message_reaction", c.delete_current_user_reaction(loft, said.id, "👍")).await;
    w.discord.react("loft", said.id.get(), "mira", "👍");
    w.ok("delete_user_message_reaction", c.delete_reaction(loft, said.id, "👍", w.user("mira"))).await;
    w.ok("delete_all_message_reactions_by_emoji", c.delete_all_reaction(loft, said.id, "👍")).await;
    w.ok("delete_all_message_reactions", c.delete_all_reactions(loft, said.id)).await;
    w.ok("create_pin", c.create_pin(loft, said.id)).await;
    w.ok("list_pins", c.pins(loft)).await;
    w.ok("delete_pin", c.delete_pin(loft, said.id)).await;
    w.ok("delete_message", c.delete_message(loft, said.id)).await;
    let ids = [Id::new(w.discord.say("loft", "mira", "one")), Id::new(w.discord.say("loft", "mira", "two"))];
    w.ok("bulk_delete_messages", c.delete_messages(loft, &ids)).await;
    let news = w.ok("create_message", c.create_message(notices).content("news")).await;
    w.ok("crosspost_message", c.crosspost_message(notices, news.id)).await;
    let poll = PollRequest::new("which?").answer("Miserere").answer("Lux aeterna");
    let asked = w.ok("create_message", c.create_message(loft).poll(poll)).await;
    let voters = c.get_answer_voters(loft, asked.id, 1).limit(10);
    w.ok("get_answer_voters", voters).await;
    w.ok("poll_expire", c.end_poll(loft, asked.id)).await;
}

pub(crate) async fn threads(w: World) {
    let (c, guild, loft, mira) = (&w.client, w.guild(), w.channel("loft"), w.user("mira"));
    let said = Id::new(w.discord.say("loft", "mira", "who sings?"));
    let open = w.ok("create_thread_from_message", c.create_thread_from_message(loft, said, "solo")).await.id;
    let closed = c.create_thread(loft, "whispers", ChannelType::PrivateThread);
    let closed = w.ok("create_thread", closed).await.id;
    w.ok("get_active_guild_threads", c.active_threads(guild)).await;
    w.ok("add_thread_member", c.add_thread_member(open, mira)).await;
    w.ok("get_thread_member", c.thread_member(open, mira).with_member(true)).await;
    w.ok("list_thread_members", c.thread_members(open)).await;
    w.ok("delete_thread_member", c.remove_thread_member(open, mira)).await;
    w.ok("leave_thread", c.leave_thread(open)).await;
    w.ok("join_thread", c.join_thread(open)).await;
    for thread in [open, closed] {
        w.ok("update_channel", c.update_thread(thread).archived(true)).await;
    }
    let public = w.ok("list_public_archived_threads", c.public_archived_threads(loft).limit(2)).await;
    assert_eq!(public.threads[0].id, open);
    let private = w.ok("list_private_archived_threads", c.private_archived_threads(loft)).await;
    assert_eq!(private.threads[0].id, closed);
    w.ok("list_my_private_archived_threads", c.joined_private_archived_threads(loft)).await;
    let forum = c.create_guild_channel(guild, "questions").kind(ChannelType::GuildForum);
    let forum = w.ok("create_guild_channel", forum).await.id;
    let post = c.create_forum_thread(forum, "tuning").content("a?").attachments(&[]);
    w.ok("create_thread", post).await;
}

pub(crate) async fn invites(w: World) {
    let (c, loft) = (&w.client, w.channel("loft"));
    let users = File::new("users.csv", format!("Users\n{}\n", w.user("mira")));
    let made = c.create_invite(loft).max_age(3_600).max_uses(5).target_users_file(&users).reason("a concert");
    let made = w.ok("create_channel_invite", made).await;
    assert_eq!((made.max_age, made.max_uses), (Some(3_600), Some(5)));
    w.ok("list_channel_invites", c.channel_invites(loft)).await;
    w.ok("list_guild_invites", c.guild_invites(w.guild())).await;
    w.ok("invite_resolve", c.invite(&made.code).with_counts(true)).await;
    let found = w.ok("get_invite_target_users", c.invite_target_users(&made.code)).await;
    assert_eq!(found, [w.user("mira")]);
    w.ok("update_invite_target_users", c.update_invite_target_users(&made.code, &users)).await;
    w.ok("get_invite_target_users_job_status", c.invite_target_users_job_status(&made.code)).await;
    w.ok("invite_revoke", c.delete_invite(&made.code)).await;
}

pub(crate) async fn emojis(w: World) {
    let (c, guild, app) = (&w.client, w.guild(), w.application());
    let image = picture().data_uri();
    w.ok("list_guild_emojis", c.emojis(guild)).await;
    let made = w.ok("create_guild_emoji", c.create_emoji(guild, "note", &image)).await.id.expect("an id");
    w.ok("get_guild_emoji", c.emoji(guild, made)).await;
    w.ok("update_guild_emoji", c.update_emoji(guild, made).name("clef")).await;
    w.ok("delete_guild_emoji", c.delete_emoji(guild, made)).await;
    let made = w.ok("create_application_emoji", c.add_application_emoji(app, "note", &image)).await;
    let made = made.id.expect("an id");
    let all = w.ok("list_application_emojis", c.get_application_emojis(app)).await;
    assert_eq!(all.items.len(), 1);
    w.ok("get_application_emoji", c.get_application_emoji(app, made)).await;
    w.ok("update_application_emoji", c.update_application_emoji(app, made, "clef")).await;
    w.ok("delete_application_emoji", c.delete_application_emoji(app, made)).await;
    w.ok("list_guild_stickers", c.guild_stickers(guild)).await;
    let made = c.create_guild_sticker(guild, "wave", "a hand", "wave", &picture());
    let made = w.ok("create_guild_sticker", made).await.id;
    w.ok("get_guild_sticker", c.guild_sticker(guild, made)).await;
    w.ok("get_sticker", c.sticker(made)).await;
    w.ok("update_guild_sticker", c.update_guild_sticker(guild, made).name("greet")).await;
    w.ok("delete_guild_sticker", c.delete_guild_sticker(guild, made)).await;
    let packs = w.ok("list_sticker_packs", c.nitro_sticker_packs()).await;
    w.ok("get_sticker_pack", c.sticker_pack(packs.sticker_packs[0].id)).await;
}

pub(crate) async fn voice(w: World) {
    let (c, guild, stalls, ambo) = (&w.client, w.guild(), w.channel("stalls"), w.channel("ambo"));
    w.discord.join_voice("stalls", World::BOT);
    w.ok("list_voice_regions", c.voice_regions()).await;
    w.ok("get_self_voice_state", c.current_user_voice_state(guild)).await;
    w.ok("update_voice_channel_status", c.update_voice_channel_status(stalls, Some("rehearsal"))).await;
    let sounds = w.ok("get_soundboard_default_sounds", c.soundboard_default_sounds()).await;
    w.ok("send_soundboard_sound", c.send_soundboard_sound(stalls, sounds[0].sound_id)).await;
    let sound = File::new("bell.ogg", &b"OggS\0\x02"[..]).data_uri();
    let made = c.create_guild_soundboard_sound(guild, "bell", &sound).volume(0.5);
    let made = w.ok("create_guild_soundboard_sound", made).await.sound_id;
    let all = w.ok("list_guild_soundboard_sounds", c.guild_soundboard_sounds(guild)).await;
    assert_eq!(all.items.len(), 1);
    w.ok("get_guild_soundboard_sound", c.guild_soundboard_sound(guild, made)).await;
    let changed = c.update_guild_soundboard_sound(guild, made).volume(Some(1.0));
    w.ok("update_guild_soundboard_sound", changed).await;
    w.ok("delete_guild_soundboard_sound", c.delete_guild_soundboard_sound(guild, made)).await;
    let made = w.ok("create_stage_instance", c.create_stage_instance(ambo, "vespers")).await;
    assert_eq!(made.topic, "vespers");
    w.ok("get_stage_instance", c.stage_instance(ambo)).await;
    w.ok("update_stage_instance", c.update_stage_instance(ambo).topic("compline")).await;
    w.discord.join_voice("ambo", "mira");
    w.discord.join_voice("ambo", World::BOT);
    let mira = w.user("mira");
    w.ok("get_voice_state", c.user_voice_state(guild, mira)).await;
    w.ok("update_voice_state", c.update_user_voice_state(guild, mira, ambo).suppress()).await;
    w.ok("update_self_voice_state", c.update_current_user_voice_state(guild).channel_id(ambo)).await;
    w.ok("delete_stage_instance", c.delete_stage_instance(ambo)).await;
}

pub(crate) async fn scheduled_events(w: World) {
    let (c, guild, start) = (&w.client, w.guild(), w.hours(24));
    let rule = RecurrenceRule {
        start,
        frequency: RecurrenceRuleFrequency::Daily,
        interval: 1,
        ..RecurrenceRule::default()
    };
    let made = c
        .create_guild_scheduled_event(guild, "vespers", ScheduledEventEntityType::External, start)
        .location("St Mary's")
        .scheduled_end_time(w.hours(25))
        .recurrence_rule(&rule);
    let made = w.ok("create_guild_scheduled_event", made).await.id;
    w.ok("list_guild_scheduled_events", c.guild_scheduled_events(guild).with_user_count(true)).await;
    w.ok("get_guild_scheduled_event", c.guild_scheduled_event(guild, made)).await;
    let named = c.update_guild_scheduled_event(guild, made).name("compline");
    w.ok("update_guild_scheduled_event", named).await;
    w.discord.attend("choir", made.get(), "mira", true);
    let users = w.ok("list_guild_scheduled_event_users", c.guild_scheduled_event_users(guild, made)).await;
    assert_eq!(users.len(), 1);
    let next = w.hours(48);
    let other = c.create_guild_scheduled_event_exception(guild, made, next).is_canceled(true);
    let other = w.ok("create_guild_scheduled_event_exception", other).await.event_exception_id;
    let counts = c.guild_scheduled_event_user_counts(guild, made, &[other]);
    let counts = w.ok("count_guild_scheduled_event_users", counts).await;
    assert_eq!(counts.guild_scheduled_event_count, 1);
    let users = c.guild_scheduled_event_exception_users(guild, made, other).limit(5);
    w.ok("list_guild_scheduled_event_exception_users", users).await;
    let held = c.update_guild_scheduled_event_exception(guild, made, other).is_canceled(false);
    w.ok("update_guild_scheduled_event_exception", held).await;
    let gone = c.delete_guild_scheduled_event_exception(guild, made, other);
    w.ok("delete_guild_scheduled_event_exception", gone).await;
    w.ok("delete_guild_scheduled_event", c.delete_guild_scheduled_event(guild, made)).await;
}

pub(crate) async fn auto_moderation(w: World) {
    let (c, guild) = (&w.client, w.guild());
    let words = AutoModerationTriggerMetadata {
        keyword_filter: Some(vec!["flat*".to_owned()]),
        ..AutoModerationTriggerMetadata::default()
    };
    let block = AutoModerationAction {
        kind: AutoModerationActionType::BlockMessage,
        ..AutoModerationAction::default()
    };
    let made = c
        .create_auto_moderation_rule(
            guild,
            "no flat notes",
            AutoModerationEventType::MessageSend,
            AutoModerationTriggerType::Keyword,
            &[block],
        )
        .trigger_metadata(&words)
        .enabled(true);
    let made = w.ok("create_auto_moderation_rule", made).await.id;
    w.ok("list_auto_moderation_rules", c.auto_moderation_rules(guild)).await;
    w.ok("get_auto_moderation_rule", c.auto_moderation_rule(guild, made)).await;
    let named = c.update_auto_moderation_rule(guild, made).name("in tune");
    assert_eq!(w.ok("update_auto_moderation_rule", named).await.name, "in tune");
    w.ok("delete_auto_moderation_rule", c.delete_auto_moderation_rule(guild, made)).await;
}

pub(crate) async fn templates(w: World) {
    let (c, guild) = (&w.client, w.guild());
    let made = w.ok("create_guild_template", c.create_template(guild, "choir").description("ours")).await;
    w.ok("get_guild_template", c.get_template(&made.code)).await;
    w.ok("list_guild_templates", c.get_templates(guild)).await;
    w.ok("sync_guild_template", c.sync_template(guild, &made.code)).await;
    w.ok("update_guild_template", c.update_template(guild, &made.code).name("quire")).await;
    w.ok("delete_guild_template", c.delete_template(guild, &made.code)).await;
}

pub(crate) async fn pages(w: World) {
    let (c, guild) = (&w.client, w.guild());
    w.ok("get_guild_preview", c.guild_preview(guild)).await;
    let screen = c.update_guild_welcome_screen(guild).description(Some("come in"));
    w.ok("update_guild_welcome_screen", screen).await;
    w.ok("get_guild_welcome_screen", c.guild_welcome_screen(guild)).await;
    let welcome = w.ok("get_guild_new_member_welcome", c.guild_new_member_welcome(guild)).await;
    assert!(welcome.is_none(), "a guild without a guide");
    w.ok("get_guilds_onboarding", c.guild_onboarding(guild)).await;
    w.ok("put_guilds_onboarding", c.update_guild_onboarding(guild).enabled(false)).await;
    let on = c.update_guild_widget_settings(guild).enabled(true).channel_id(Some(w.channel("loft")));
    w.ok("update_guild_widget_settings", on).await;
    w.ok("get_guild_widget_settings", c.guild_widget_settings(guild)).await;
    w.ok("get_guild_widget", c.guild_widget(guild)).await;
    let png = w.ok("get_guild_widget_png", c.guild_widget_image(guild).style("banner2")).await;
    assert!(png.starts_with(b"\x89PNG"));
}

pub(crate) async fn moderation(w: World) {
    let (c, guild) = (&w.client, w.guild());
    w.ok("preview_prune_guild", c.guild_prune_count(guild).days(30)).await;
    w.ok("prune_guild", c.create_guild_prune(guild).days(30)).await;
    let users = [w.user("teo"), w.user("iris")];
    let banned = w.ok("bulk_ban_users_from_guild", c.bulk_guild_ban(guild, &users)).await;
    assert_eq!(banned.banned_users.len(), 2);
    let pause = c.update_guild_incident_actions(guild).invites_disabled_until(Some(w.hours(1)));
    w.ok("update_guild_incident_actions", pause).await;
    w.discord.ask_to_join("choir", "eve").expect("a request");
    let asked = w.ok("get_guild_join_requests", c.guild_join_requests(guild).status("SUBMITTED")).await;
    let asked = asked.guild_join_requests[0].id;
    w.ok("action_guild_join_request", c.update_guild_join_request(guild, asked, true)).await;
}

pub(crate) async fn search(w: World) {
    let (c, loft) = (&w.client, w.channel("loft"));
    let said = w.discord.say("loft", "mira", "we sing miserere");
    let found = c.search_guild_messages(w.guild()).content("miserere").author_type(&["user"]);
    let found = w.ok("guild_search", found).await;
    assert_eq!(found.messages[0][0].id.get(), said);
    let thread = c.create_thread(loft, "Lux aeterna", ChannelType::PublicThread);
    let thread = w.ok("create_thread", thread).await.id;
    let found = w.ok("thread_search", c.search_threads(loft).name("lux").limit(5)).await;
    assert_eq!(found.threads[0].id, thread);
}

pub(crate) async fn monetization(w: World) {
    let (c, app) = (&w.client, w.application());
    let skus = c.get_skus(app).await.expect("the application's SKUs");
    let sku = skus.iter().find(|sku| sku.kind == SkuType::Consumable).expect("a consumable").id;
    let owner = w.user("mira").cast();
    let made = c.create_test_entitlement(app, sku, owner, EntitlementOwnerType::User);
    let made = w.ok("create_entitlement", made).await.id;
    w.ok("get_entitlements", c.entitlements(app).sku_ids(&[sku]).limit(5)).await;
    w.ok("get_entitlement", c.entitlement(app, made)).await;
    w.ok("consume_entitlement", c.consume_entitlement(app, made)).await;
    w.ok("delete_entitlement", c.delete_test_entitlement(app, made)).await;
    w.discord.subscribe(World::BOT, "mira");
    let sku = skus.iter().find(|sku| sku.kind == SkuType::Subscription).expect("a subscription").id;
    let all: Vec<Subscription> = w.ok("get_sku_subscriptions", c.get_sku_subscriptions(sku, w.user("mira"))).await;
    w.ok("get_sku_subscription", c.get_sku_subscription(sku, all[0].id)).await;
}

pub(crate) async fn lobbies(w: World) {
    let (c, mira) = (&w.client, w.user("mira"));
    let host = LobbySeat { flags: Some(LobbySeat::CAN_LINK_LOBBY),..LobbySeat::new(w.me()) };
    let made = w.ok("create_lobby", c.create_lobby().members(&[host]).idle_timeout_seconds(600)).await.id;
    w.ok("get_lobby", c.lobby(made)).await;
    w.ok("edit_lobby", c.update_lobby(made).idle_timeout_seconds(900)).await;
    w.ok("add_lobby_member", c.add_lobby_member(made, mira)).await;
    let all = w.ok("bulk_update_lobby_members", c.update_lobby_members(made, &[LobbySeat::new(w.user("teo"))])).await;
    assert_eq!(all.len(), 1);
    let linked = w.ok("edit_lobby_channel_link", c.update_lobby_channel(made, Some(w.channel("loft")))).await;
    assert_eq!(linked.linked_channel.map(|channel| channel.id), Some(w.channel("loft")));
    w.ok("create_linked_lobby_guild_invite_for_self", c.create_own_lobby_invite(made)).await;
    w.ok("create_linked_lobby_guild_invite_for_user", c.create_lobby_invite(made, mira)).await;
    let said = w.ok("create_lobby_message", c.create_lobby_message(made, "la")).await;
    let read = w.ok("get_lobby_messages", c.lobby_messages(made).limit(5)).await;
    assert_eq!(read[0].content, "la");
    let notes = BTreeMap::from([("verdict".to_owned(), "kind".to_owned())]);
    let marked = c.set_lobby_message_moderation(made, said.id, &notes);
    w.ok("update_lobby_message_external_moderation_metadata", marked).await;
    w.ok("delete_lobby_member", c.remove_lobby_member(made, mira)).await;
    w.ok("leave_lobby", c.leave_lobby(made)).await;
    w.ok("delete_lobby", c.delete_lobby(made)).await;
    w.ok("create_or_join_lobby", c.create_or_join_lobby("psst")).await;
    let (_, message) = w.discord.whisper("mira", World::BOT, "hello");
    let marked = c.set_direct_message_moderation(mira, w.me(), Id::new(message), &notes);
    w.ok("update_user_message_external_moderation_metadata", marked).await;
    let token = c.create_provisional_token("player-1").preferred_global_name("Player");
    assert_eq!(w.ok("bot_partner_sdk_token", token).await.token_type, "Bearer");
    let parted = c.unmerge_provisional_account("player-1");
    w.ok("bot_partner_sdk_unmerge_provisional_account", parted).await;
}

/// The simulator knows no user's access token, and refuses it; the bot's own token stays good.
pub(crate) async fn access_tokens(w: World) {
    let (c, app, guild) = (&w.client, w.application(), w.guild());
    let token = "c4n4ry";
    w.refused("get_my_oauth2_authorization", 0, c.current_authorization(token)).await;
    w.refused("get_openid_connect_userinfo", 0, c.user_info(token)).await;
    w.refused("list_my_connections", 0, c.current_user_connections(token)).await;
    w.refused("get_my_guild_member", 0, c.current_user_guild_member(token, guild)).await;
    w.refused("get_application_user_role_connection", 0, c.role_connection(token, app)).await;
    let linked = c.set_role_connection(token, app).platform_name("choir");
    w.refused("update_application_user_role_connection", 0, linked).await;
    w.refused("delete_application_user_role_connection", 0, c.delete_role_connection(token, app)).await;
    w.refused("get_current_user_application_entitlements", 0, c.current_user_entitlements(token, app)).await;
    let command = json!({"name": "ping", "description": "asks"});
    let command = w.ok("create_guild_application_command", c.create_guild_command(app, guild, &command)).await;
    let rules = c.update_command_permissions(token, app, guild, command.id, &[]);
    w.refused("set_guild_application_command_permissions", 0, rules).await;
    w.ok("get_my_user", c.current_user()).await;
}
