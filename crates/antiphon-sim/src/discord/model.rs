//! Users, guilds, channels and messages, and their JSON (protocol §10.1).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    mentions::AllowedMentions,
    webhooks::{Sender, Webhook},
};

/// A snowflake.
pub(crate) type Id = u64;

/// Kinds of channels.
pub(crate) mod kind {
    pub(crate) const TEXT: u8 = 0;
    pub(crate) const DM: u8 = 1;
    pub(crate) const VOICE: u8 = 2;
    pub(crate) const CATEGORY: u8 = 4;
    pub(crate) const ANNOUNCEMENT: u8 = 5;
    pub(crate) const ANNOUNCEMENT_THREAD: u8 = 10;
    pub(crate) const PUBLIC_THREAD: u8 = 11;
    pub(crate) const PRIVATE_THREAD: u8 = 12;
    pub(crate) const STAGE: u8 = 13;
    pub(crate) const FORUM: u8 = 15;
    pub(crate) const MEDIA: u8 = 16;
}

/// A time as Discord writes it.
pub(crate) fn iso(millis: i64) -> String {
    Timestamp::from_millisecond(millis)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00")
        .to_string()
}

/// Ids as Discord writes them in a list.
pub(crate) fn ids<'a>(ids: impl IntoIterator<Item = &'a Id>) -> Vec<String> {
    ids.into_iter().map(ToString::to_string).collect()
}

/// The id, or the permissions, in a value; clients send both as texts and as numbers.
pub(crate) fn id_in(value: &Value) -> Option<Id> {
    match value {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64(),
    }
}

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) is_bot: bool,
}

impl User {
    pub(crate) fn json(&self) -> Value {
        let mut user = json!({
            "id": self.id.to_string(),
            "username": self.name,
            "discriminator": "0",
            "global_name": self.display_name,
            "avatar": null,
            "avatar_decoration_data": null,
            "collectibles": null,
            "primary_guild": null,
            "flags": 0,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": null,
        });
        if self.is_bot {
            user["bot"] = json!(true);
        }
        user
    }
}

/// The bot of an application.
#[derive(Clone, Debug)]
pub(crate) struct Bot {
    pub(crate) token: String,
    /// Privileged intents that the bot may use.
    pub(crate) privileged: u64,
    /// Session starts left today, and when they are a thousand again (Unix milliseconds).
    pub(crate) starts: (u32, i64),
}

/// A role of a guild.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) color: u64,
    pub(crate) hoist: bool,
    pub(crate) position: i64,
    pub(crate) permissions: u64,
    pub(crate) mentionable: bool,
    /// The bot whose role it is.
    pub(crate) bot: Option<Id>,
}

impl Role {
    pub(crate) fn json(&self) -> Value {
        let mut role = json!({
            "id": self.id.to_string(),
            "name": self.name,
            "color": self.color,
            "colors": {"primary_color": self.color, "secondary_color": null, "tertiary_color": null},
            "hoist": self.hoist,
            "icon": null,
            "unicode_emoji": null,
            "position": self.position,
            "permissions": self.permissions.to_string(),
            "managed": self.bot.is_some(),
            "mentionable": self.mentionable,
            "flags": 0,
        });
        if let Some(bot) = self.bot {
            role["tags"] = json!({"bot_id": bot.to_string()});
        }
        role
    }
}

/// A member of a guild.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) nick: Option<String>,
    pub(crate) roles: BTreeSet<Id>,
    pub(crate) joined_at: i64,
    pub(crate) deaf: bool,
    pub(crate) mute: bool,
    pub(crate) flags: u64,
    pub(crate) silenced_until: Option<String>,
}

impl Member {
    /// The member, without the user.
    pub(crate) fn partial(&self) -> Value {
        json!({
            "nick": self.nick,
            "avatar": null,
            "banner": null,
            "roles": ids(&self.roles),
            "joined_at": iso(self.joined_at),
            "premium_since": null,
            "deaf": self.deaf,
            "mute": self.mute,
            "flags": self.flags,
            "pending": false,
            "communication_disabled_until": self.silenced_until,
        })
    }

    pub(crate) fn json(&self, user: &User) -> Value {
        let mut member = self.partial();
        member["user"] = user.json();
        member
    }
}

/// A permission overwrite of a channel.
#[derive(Clone, Debug)]
pub(crate) struct Overwrite {
    /// A role or a member.
    pub(crate) id: Id,
    pub(crate) is_member: bool,
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

/// A channel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channel {
    pub(crate) id: Id,
    pub(crate) kind: u8,
    pub(crate) guild: Option<Id>,
    pub(crate) parent: Option<Id>,
    pub(crate) name: String,
    pub(crate) topic: Option<String>,
    pub(crate) position: i64,
    pub(crate) user_limit: u64,
    pub(crate) slow_mode: u64,
    pub(crate) overwrites: Vec<Overwrite>,
    /// Recipients of a direct conversation.
    pub(crate) recipients: Vec<Id>,
    pub(crate) last_message: Option<Id>,
    pub(crate) last_pin: Option<i64>,
    /// A thread's owner and members.
    pub(crate) owner: Option<Id>,
    pub(crate) members: BTreeSet<Id>,
    /// Times at which members joined the thread; others were there from the beginning.
    pub(crate) joined: BTreeMap<Id, i64>,
    pub(crate) is_archived: bool,
    /// Time of the last change of `is_archived`; the thread's creation if there was none.
    pub(crate) archived_at: Option<i64>,
    pub(crate) is_locked: bool,
    /// Minutes without a message after which the thread is archived; 1440 if not set.
    pub(crate) auto_archive: Option<u64>,
    /// Whether members who are no moderators may add others to a private thread.
    pub(crate) is_invitable: bool,
    pub(crate) messages: u64,
    pub(crate) created_at: i64,
    /// Further fields that requests have set, by their names on the wire.
    pub(crate) settings: Map<String, Value>,
}

impl Channel {
    pub(crate) fn is_thread(&self) -> bool {
        (10..=12).contains(&self.kind)
    }

    pub(crate) fn is_voice(&self) -> bool {
        matches!(self.kind, kind::VOICE | kind::STAGE)
    }

    /// Whether the channel has posts, which are threads, in place of messages.
    pub(crate) fn is_forum(&self) -> bool {
        matches!(self.kind, kind::FORUM | kind::MEDIA)
    }

    /// A setting of the channel, or its default.
    fn setting(&self, name: &str, default: impl Into<Value>) -> Value {
        self.settings
            .get(name)
            .cloned()
            .unwrap_or_else(|| default.into())
    }

    /// The channel, with its guild.
    pub(crate) fn json(&self) -> Value {
        let mut channel = json!({
            "id": self.id.to_string(),
            "type": self.kind,
            "flags": self.setting("flags", 0),
        });
        let is_category = self.kind == kind::CATEGORY;
        if !is_category {
            channel["last_message_id"] = json!(self.last_message.map(|id| id.to_string()));
        }
        let Some(guild) = self.guild else {
            return channel;
        };
        channel["guild_id"] = json!(guild.to_string());
        channel["name"] = json!(self.name);
        channel["parent_id"] = json!(self.parent.map(|id| id.to_string()));
        if !is_category {
            channel["rate_limit_per_user"] = json!(self.slow_mode);
        }
        if let Some(at) = self.last_pin {
            channel["last_pin_timestamp"] = json!(iso(at));
        }
        if self.is_thread() {
            channel["owner_id"] = json!(self.owner.map(|id| id.to_string()));
            channel["message_count"] = json!(self.messages);
            channel["total_message_sent"] = json!(self.messages);
            channel["member_count"] = json!(self.members.len());
            channel["thread_metadata"] = json!({
                "archived": self.is_archived,
                "auto_archive_duration": self.auto_archive.unwrap_or(1440),
                "archive_timestamp": iso(self.archived_at.unwrap_or(self.created_at)),
                "create_timestamp": iso(self.created_at),
                "locked": self.is_locked,
            });
            if self.kind == kind::PRIVATE_THREAD {
                channel["thread_metadata"]["invitable"] = json!(self.is_invitable);
            }
            if let Some(tags) = self.settings.get("applied_tags") {
                channel["applied_tags"] = tags.clone();
            }
            return channel;
        }
        channel["position"] = json!(self.position);
        channel["nsfw"] = self.setting("nsfw", false);
        if !is_category && !self.is_voice() {
            channel["topic"] = json!(self.topic);
        }
        channel["permission_overwrites"] = self
            .overwrites
            .iter()
            .map(|overwrite| {
                json!({
                    "id": overwrite.id.to_string(),
                    "type": u8::from(overwrite.is_member),
                    "allow": overwrite.allow.to_string(),
                    "deny": overwrite.deny.to_string(),
                })
            })
            .collect();
        if self.is_voice() {
            channel["bitrate"] = self.setting("bitrate", 64_000);
            channel["user_limit"] = json!(self.user_limit);
            channel["rtc_region"] = self.setting("rtc_region", Value::Null);
            channel["video_quality_mode"] = self.setting("video_quality_mode", 1);
        }
        if self.is_forum() {
            channel["available_tags"] = self.setting("available_tags", json!([]));
            channel["default_reaction_emoji"] = self.setting("default_reaction_emoji", Value::Null);
            channel["default_sort_order"] = self.setting("default_sort_order", Value::Null);
        }
        if self.kind == kind::FORUM {
            channel["default_forum_layout"] = self.setting("default_forum_layout", 0);
        }
        for name in [
            "default_auto_archive_duration",
            "default_thread_rate_limit_per_user",
        ] {
            if let Some(value) = self.settings.get(name) {
                channel[name] = value.clone();
            }
        }
        channel
    }
}

/// A voice state.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    pub(crate) channel: Id,
    pub(crate) session: String,
    /// The voice server's token; new at each join and move.
    pub(crate) token: String,
    pub(crate) self_mute: bool,
    pub(crate) self_deaf: bool,
    pub(crate) suppress: bool,
    pub(crate) asks_to_speak: Option<String>,
    /// The bot's Gateway session that asked for it, and with which it ends.
    pub(crate) asked_by: Option<String>,
}

/// An emoji, the platform's or a guild's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emoji {
    pub(crate) id: Option<Id>,
    pub(crate) name: String,
}

impl Emoji {
    pub(crate) fn json(&self) -> Value {
        json!({"id": self.id.map(|id| id.to_string()), "name": self.name})
    }
}

/// A presence.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    pub(crate) status: String,
    pub(crate) activities: Vec<Value>,
}

impl Presence {
    /// The presence as a guild's list has it; with the guild, as an event has it.
    pub(crate) fn json(&self, user: Id, guild: Option<Id>) -> Value {
        let mut client = Map::new();
        if self.status != "offline" {
            client.insert("desktop".into(), json!(self.status));
        }
        let mut presence = json!({
            "user": {"id": user.to_string()},
            "status": self.status,
            "activities": self.activities,
            "client_status": client,
        });
        if let Some(guild) = guild {
            presence["guild_id"] = json!(guild.to_string());
        }
        presence
    }
}

/// A guild.
#[derive(Clone, Debug)]
pub(crate) struct Guild {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) roles: BTreeMap<Id, Role>,
    pub(crate) members: BTreeMap<Id, Member>,
    pub(crate) bans: BTreeMap<Id, Option<String>>,
    pub(crate) voices: BTreeMap<Id, Voice>,
    pub(crate) presences: BTreeMap<Id, Presence>,
    pub(crate) emojis: BTreeMap<Id, String>,
    /// Invites by code, and the channel they lead to.
    pub(crate) invites: BTreeMap<String, Id>,
    /// Scheduled events, stages, rules and similar objects, by id.
    pub(crate) things: BTreeMap<Id, (&'static str, Value)>,
    /// Scheduled events and the users who attend them.
    pub(crate) attendees: BTreeSet<(Id, Id)>,
    pub(crate) is_available: bool,
    /// Bytes by which its description is longer than it should be.
    pub(crate) padding: usize,
    pub(crate) more: GuildMore,
}

/// What requests make of a guild beyond its roles, members and channels.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuildMore {
    /// Fields of the guild that requests have set, by their names on the wire.
    pub(crate) settings: Map<String, Value>,
    /// Fields of emojis beyond their names.
    pub(crate) emojis: BTreeMap<Id, EmojiMore>,
    pub(crate) stickers: BTreeMap<Id, Value>,
    /// Invites by code, as their events have them.
    pub(crate) invites: BTreeMap<String, Value>,
    /// Users whom an invite is for, and when they were chosen (Unix milliseconds).
    pub(crate) invite_targets: BTreeMap<String, (i64, Vec<Id>)>,
    pub(crate) webhooks: BTreeMap<Id, Webhook>,
    /// The template of the guild, as it was last synchronized.
    pub(crate) template: Option<Value>,
    /// Code of the invite that the widget shows.
    pub(crate) widget_invite: Option<String>,
    pub(crate) welcome_screen: Option<Value>,
    pub(crate) onboarding: Option<Value>,
    /// Requests of users to join.
    pub(crate) join_requests: BTreeMap<Id, Value>,
    /// Scheduled events that are over, which lists no longer have.
    pub(crate) finished_events: BTreeMap<Id, Value>,
    /// Entries of the audit log, oldest first.
    pub(crate) audit_log: VecDeque<(Id, Value)>,
}

/// What a request says of a guild's emoji beyond its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct EmojiMore {
    pub(crate) roles: Vec<Id>,
    pub(crate) is_animated: bool,
    pub(crate) creator: Id,
}

impl Guild {
    /// The guild without what only `GUILD_CREATE` has.
    pub(crate) fn json(&self) -> Value {
        let emojis = self.emojis.keys().filter_map(|id| self.emoji_json(*id));
        let roles = self.roles.values().map(Role::json);
        let mut guild = json!({
            "id": self.id.to_string(),
            "name": self.name,
            "icon": null,
            "splash": null,
            "discovery_splash": null,
            "owner_id": self.owner.to_string(),
            "afk_channel_id": null,
            "afk_timeout": 300,
            "widget_enabled": false,
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "roles": roles.collect::<Vec<_>>(),
            "emojis": emojis.collect::<Vec<_>>(),
            "stickers": self.more.stickers.values().collect::<Vec<_>>(),
            "features": ["COMMUNITY"],
            "mfa_level": 0,
            "application_id": null,
            "system_channel_id": null,
            "system_channel_flags": 0,
            "rules_channel_id": null,
            "vanity_url_code": null,
            "description": (self.padding > 0).then(|| "x".repeat(self.padding)),
            "banner": null,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "public_updates_channel_id": null,
            "nsfw": false,
            "nsfw_level": 0,
            "home_header": null,
            "premium_progress_bar_enabled": false,
            "safety_alerts_channel_id": null,
            "incidents_data": null,
            "max_members": 500_000,
            "max_presences": null,
            "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50,
            "region": "deprecated",
        });
        for name in ["home_header", "hub_type", "widget_channel_id"] {
            guild[name] = Value::Null;
        }
        guild["nsfw"] = json!(false);
        for (name, value) in &self.more.settings {
            guild[name] = value.clone();
        }
        guild
    }

    /// An emoji of the guild.
    pub(crate) fn emoji_json(&self, id: Id) -> Option<Value> {
        let name = self.emojis.get(&id)?;
        let more = self.more.emojis.get(&id).cloned().unwrap_or_default();
        Some(json!({
            "id": id.to_string(),
            "name": name,
            "roles": ids(&more.roles),
            "require_colons": true,
            "managed": false,
            "animated": more.is_animated,
            "available": true,
        }))
    }

    /// Objects of one kind that the simulator does not know more of.
    pub(crate) fn things_of(&self, kind: &str) -> Vec<Value> {
        let things = self.things.values();
        let things = things.filter(|(what, _)| *what == kind);
        things.map(|(_, thing)| thing.clone()).collect()
    }

    pub(crate) fn voice_json(&self, user: Id, voice: Option<&Voice>) -> Value {
        let member = self.members.get(&user);
        json!({
            "guild_id": self.id.to_string(),
            "channel_id": voice.map(|voice| voice.channel.to_string()),
            "user_id": user.to_string(),
            "session_id": voice.map_or("", |voice| voice.session.as_str()),
            "deaf": member.is_some_and(|member| member.deaf),
            "mute": member.is_some_and(|member| member.mute),
            "self_deaf": voice.is_some_and(|voice| voice.self_deaf),
            "self_mute": voice.is_some_and(|voice| voice.self_mute),
            "self_video": false,
            "self_stream": false,
            "suppress": voice.is_some_and(|voice| voice.suppress),
            "request_to_speak_timestamp": voice.and_then(|voice| voice.asks_to_speak.clone()),
        })
    }
}

/// A message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) id: Id,
    pub(crate) channel: Id,
    /// The user, or the webhook.
    pub(crate) author: Id,
    /// The sender, for a message of a webhook.
    pub(crate) sender: Option<Sender>,
    pub(crate) allowed_mentions: Option<AllowedMentions>,
    pub(crate) content: String,
    pub(crate) at: i64,
    pub(crate) edited_at: Option<i64>,
    pub(crate) kind: u8,
    pub(crate) flags: u64,
    pub(crate) is_pinned: bool,
    pub(crate) nonce: Option<Value>,
    pub(crate) reply_to: Option<Id>,
    pub(crate) embeds: Value,
    pub(crate) components: Value,
    pub(crate) attachments: Value,
    /// Stickers as a message names them: their ids, names and formats.
    pub(crate) stickers: Vec<Value>,
    pub(crate) poll: Option<Value>,
    /// Votes of the poll: the answer and the user.
    pub(crate) votes: Vec<(u64, Id)>,
    /// Emojis and their users, in the order of the first reactions.
    pub(crate) reactions: Vec<(Emoji, Vec<Id>)>,
    /// The interaction it answers.
    pub(crate) interaction: Option<Value>,
    /// The application that posted it in answer to an interaction.
    pub(crate) application: Option<Id>,
    /// The only user who sees it, where it is ephemeral.
    pub(crate) seen_by: Option<Id>,
    /// The forwarded message: its reference and its snapshot.
    pub(crate) forwarded: Option<(Value, Value)>,
}

impl Message {
    /// Whether there is nothing in it, so that Discord would not take it.
    pub(crate) fn says_nothing(&self) -> bool {
        let is_empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
        let lists = [&self.embeds, &self.components, &self.attachments];
        self.content.is_empty()
            && lists.into_iter().all(is_empty)
            && self.stickers.is_empty()
            && self.poll.is_none()
    }
}
