//! What `twilight-model`'s types need (protocol §10.1), table by table.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use twilight_model::{
    application::{
        command::permissions::GuildCommandPermissions,
        interaction::Interaction,
        monetization::{Entitlement, Subscription},
    },
    channel::{
        Attachment, Channel, ChannelMention, Message, StageInstance,
        forum::ForumTag,
        message::{
            Component, Embed, EmojiReactionType, Mention, MessageSnapshot, MessageSticker,
            Reaction, ReactionCountDetails, Sticker, embed::EmbedField,
        },
        permission_overwrite::PermissionOverwrite,
        thread::{ThreadMember, ThreadMetadata},
    },
    gateway::{
        GatewayReaction,
        payload::incoming::{self, invite_create::PartialUser},
        presence::{Activity, ClientStatus, Presence},
    },
    guild::{
        Emoji, Guild, GuildIntegration, Member, PartialGuild, PartialMember, Role, RoleColors,
        RoleTags, UnavailableGuild,
        audit_log::{AuditLogChange, AuditLogEntry},
        auto_moderation::{AutoModerationAction, AutoModerationRule},
        scheduled_event::GuildScheduledEvent,
    },
    oauth::PartialApplication,
    user::{CurrentUser, User},
    voice::VoiceState,
};

use super::{
    mend::{
        Is::{
            Byte, Digits, Flag, Float, Guild as OfGuild, Id, Ids, Int, Made, MadeTime, MadeWord,
            Many, Maybe, MaybeId, MaybeInt, MaybeMany, MaybeTime, MaybeWord, One, Text, Texts,
            Time, Yes,
        },
        Shape, written,
    },
    moment_of, own, wire,
};

fn reads<T: DeserializeOwned>(value: &Value) -> bool {
    T::deserialize(value).is_ok()
}

/// Defines shapes: the type that must be readable, and the fields that get attention.
macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident: $type:ty { $($field:literal: $is:expr),* $(,)? })*) => {$(
        $(#[$doc])*
        pub(crate) static $name: Shape = Shape {
            needs: &[$(($field, $is)),*],
            reads: reads::<$type>,
        };
    )*};
}

/// What a user may be.
const STATUS: &[&str] = &["offline", "online", "idle", "dnd", "invisible"];

/// A presence without a status of its own is what the busiest of its clients is.
fn status(presence: &Map<String, Value>) -> Value {
    let clients = presence.get("client_status").and_then(Value::as_object);
    let is_any = |word: &str| clients.is_some_and(|clients| clients.values().any(|is| is == word));
    let status = ["online", "dnd", "idle"]
        .into_iter()
        .find(|word| is_any(word));
    status.unwrap_or("offline").into()
}

/// The colours of a role that has only the old field.
fn colors(role: &Map<String, Value>) -> Value {
    json!({"primary_color": role.get("color").and_then(Value::as_u64).unwrap_or(0)})
}

fn nothing(_: &Map<String, Value>) -> Value {
    json!({})
}

/// When an object was made, by its id.
fn made_at(object: &Map<String, Value>) -> Value {
    let id = object.get("id");
    let id = id.and_then(|id| id.as_u64().or_else(|| id.as_str()?.parse().ok()));
    written(moment_of(id.unwrap_or_default()))
}

/// Nobody we know: the author of a partial message that does not say.
fn nobody(_: &Map<String, Value>) -> Value {
    json!({"id": "1", "username": "", "discriminator": "0"})
}

/// A bot and its application share an id, as a rule.
fn application(ready: &Map<String, Value>) -> Value {
    let id = ready.get("user").and_then(|user| user.get("id"));
    json!({"id": id.unwrap_or(&Value::Null), "flags": 0})
}

shapes! {
    USER: User {
        "id": Id, "username": Text(""), "discriminator": Digits("0"), "bot": Flag,
        "flags": MaybeInt, "public_flags": MaybeInt,
    }
    CURRENT_USER: CurrentUser {
        "id": Id, "username": Text(""), "discriminator": Digits("0"), "bot": Flag, "mfa_enabled": Flag,
        "flags": MaybeInt, "public_flags": MaybeInt,
    }
    PARTIAL_USER: PartialUser {
        "id": Id, "username": Text(""), "discriminator": Digits("0"),
    }
    MEMBER: Member {
        "user": One(&USER), "roles": Ids, "deaf": Flag, "mute": Flag, "flags": Int(0), "pending": Flag,
        "joined_at": MaybeTime, "premium_since": MaybeTime, "communication_disabled_until": MaybeTime,
    }
    PARTIAL_MEMBER: PartialMember {
        "user": Maybe(&USER), "roles": Ids, "deaf": Flag, "mute": Flag, "flags": Int(0),
        "joined_at": MaybeTime, "premium_since": MaybeTime, "communication_disabled_until": MaybeTime,
    }
    MEMBER_ADD: incoming::MemberAdd {
        "guild_id": OfGuild, "user": One(&USER), "roles": Ids, "deaf": Flag, "mute": Flag, "flags": Int(0),
        "pending": Flag, "joined_at": MaybeTime, "premium_since": MaybeTime,
        "communication_disabled_until": MaybeTime,
    }
    MEMBER_UPDATE: incoming::MemberUpdate {
        "guild_id": OfGuild, "user": One(&USER), "roles": Ids, "flags": MaybeInt, "pending": Flag,
        "joined_at": MaybeTime, "premium_since": MaybeTime, "communication_disabled_until": MaybeTime,
    }
    OF_USER: incoming::MemberRemove { "guild_id": OfGuild, "user": One(&USER) }
    MEMBER_CHUNK: incoming::MemberChunk {
        "guild_id": OfGuild, "members": Many(&MEMBER), "chunk_index": Int(0), "chunk_count": Int(1),
        "not_found": Ids, "presences": Many(&PRESENCE),
    }

    ROLE: Role {
        "id": Id, "name": Text(""), "color": Int(0), "colors": Made(colors, &COLORS), "hoist": Flag, "managed": Flag,
        "mentionable": Flag, "permissions": Digits("0"), "position": Int(0), "flags": Int(0), "tags": Maybe(&TAGS),
    }
    COLORS: RoleColors { "primary_color": Int(0), "secondary_color": MaybeInt, "tertiary_color": MaybeInt }
    TAGS: RoleTags { "bot_id": MaybeId, "integration_id": MaybeId, "subscription_listing_id": MaybeId }
    ROLE_SET: incoming::RoleUpdate { "guild_id": OfGuild, "role": One(&ROLE) }
    ROLE_DELETE: incoming::RoleDelete { "guild_id": OfGuild, "role_id": Id }

    CHANNEL: Channel {
        "id": Id, "type": Byte(255), "guild_id": MaybeId, "parent_id": MaybeId, "owner_id": MaybeId,
        "last_message_id": MaybeId, "permission_overwrites": MaybeMany(&OVERWRITE), "recipients": MaybeMany(&USER),
        "last_pin_timestamp": MaybeTime, "thread_metadata": Maybe(&THREAD_METADATA), "member": Maybe(&THREAD_MEMBER),
        "available_tags": MaybeMany(&FORUM_TAG), "position": MaybeInt,
    }
    OVERWRITE: PermissionOverwrite { "id": Id, "type": Byte(255), "allow": Digits("0"), "deny": Digits("0") }
    FORUM_TAG: ForumTag { "id": Id, "name": Text(""), "moderated": Flag }
    THREAD_METADATA: ThreadMetadata {
        "archived": Flag, "auto_archive_duration": Int(1440), "archive_timestamp": Time, "locked": Flag,
        "create_timestamp": MaybeTime,
    }
    THREAD_MEMBER: ThreadMember {
        "id": MaybeId, "user_id": MaybeId, "flags": Int(0), "join_timestamp": Time, "member": Maybe(&MEMBER),
    }
    THREAD_MEMBER_UPDATE: incoming::ThreadMemberUpdate {
        "guild_id": OfGuild, "id": MaybeId, "user_id": MaybeId, "flags": Int(0), "join_timestamp": Time,
        "member": Maybe(&MEMBER),
    }
    THREAD_MEMBERS_UPDATE: incoming::ThreadMembersUpdate {
        "guild_id": OfGuild, "id": Id, "member_count": Int(0), "added_members": Many(&THREAD_MEMBER),
        "removed_member_ids": Ids,
    }
    THREAD_DELETE: incoming::ThreadDelete { "id": Id, "guild_id": OfGuild, "parent_id": Id, "type": Byte(255) }
    THREAD_LIST_SYNC: incoming::ThreadListSync {
        "guild_id": OfGuild, "channel_ids": Ids, "threads": Many(&CHANNEL), "members": Many(&THREAD_MEMBER),
    }
    PINS: incoming::ChannelPinsUpdate { "channel_id": Id, "guild_id": MaybeId, "last_pin_timestamp": MaybeTime }
    WEBHOOKS: incoming::WebhooksUpdate { "channel_id": Id, "guild_id": OfGuild }

    VOICE_STATE: VoiceState {
        "user_id": Id, "channel_id": MaybeId, "guild_id": MaybeId, "session_id": Text(""), "deaf": Flag, "mute": Flag,
        "self_deaf": Flag, "self_mute": Flag, "self_stream": Flag, "self_video": Flag, "suppress": Flag,
        "member": Maybe(&MEMBER), "request_to_speak_timestamp": MaybeTime,
    }
    VOICE_SERVER: incoming::VoiceServerUpdate { "guild_id": OfGuild, "token": Text("") }
    TYPING: incoming::TypingStart {
        "channel_id": Id, "user_id": Id, "guild_id": MaybeId, "timestamp": Int(0), "member": Maybe(&MEMBER),
    }

    PRESENCE: Presence {
        "user": One(&USER_OR_ID), "guild_id": OfGuild, "client_status": Made(nothing, &CLIENT_STATUS),
        "status": MadeWord(status, STATUS), "activities": Many(&ACTIVITY),
    }
    USER_OR_ID: wire::PresenceUser {
        "id": Id, "discriminator": Digits("0"), "bot": Flag, "flags": MaybeInt, "public_flags": MaybeInt,
    }
    CLIENT_STATUS: ClientStatus {
        "desktop": MaybeWord(STATUS), "mobile": MaybeWord(STATUS), "web": MaybeWord(STATUS), "vr": MaybeWord(STATUS),
    }
    ACTIVITY: Activity { "name": Text(""), "type": Byte(0), "created_at": MaybeInt, "application_id": MaybeId }

    MESSAGE: Message {
        "id": Id, "channel_id": Id, "guild_id": MaybeId, "author": One(&USER), "content": Text(""),
        "timestamp": MadeTime(made_at), "edited_timestamp": MaybeTime, "tts": Flag, "mention_everyone": Flag,
        "mentions": Many(&MENTION), "mention_roles": Ids, "mention_channels": MaybeMany(&MENTION_CHANNEL),
        "attachments": Many(&ATTACHMENT), "embeds": Many(&EMBED), "reactions": MaybeMany(&REACTION), "pinned": Flag,
        "type": Byte(0), "flags": MaybeInt, "webhook_id": MaybeId, "application_id": MaybeId,
        "member": Maybe(&PARTIAL_MEMBER), "referenced_message": Maybe(&MESSAGE), "thread": Maybe(&CHANNEL),
        "components": MaybeMany(&COMPONENT), "sticker_items": MaybeMany(&STICKER_ITEM),
        "message_snapshots": MaybeMany(&SNAPSHOT),
    }
    /// As a message, but even the author may be left out.
    MESSAGE_UPDATE: Message {
        "id": Id, "channel_id": Id, "guild_id": MaybeId, "author": Made(nobody, &USER), "content": Text(""),
        "timestamp": MadeTime(made_at), "edited_timestamp": MaybeTime, "tts": Flag, "mention_everyone": Flag,
        "mentions": Many(&MENTION), "mention_roles": Ids, "mention_channels": MaybeMany(&MENTION_CHANNEL),
        "attachments": Many(&ATTACHMENT), "embeds": Many(&EMBED), "reactions": MaybeMany(&REACTION), "pinned": Flag,
        "type": Byte(0), "flags": MaybeInt, "webhook_id": MaybeId, "application_id": MaybeId,
        "member": Maybe(&PARTIAL_MEMBER), "referenced_message": Maybe(&MESSAGE), "thread": Maybe(&CHANNEL),
        "components": MaybeMany(&COMPONENT), "sticker_items": MaybeMany(&STICKER_ITEM),
        "message_snapshots": MaybeMany(&SNAPSHOT),
    }
    MENTION: Mention {
        "id": Id, "username": Text(""), "discriminator": Digits("0"), "bot": Flag, "public_flags": Int(0),
        "member": Maybe(&PARTIAL_MEMBER),
    }
    MENTION_CHANNEL: ChannelMention { "id": Id, "guild_id": OfGuild, "type": Byte(255), "name": Text("") }
    ATTACHMENT: Attachment {
        "id": Id, "filename": Text(""), "url": Text(""), "proxy_url": Text(""), "size": Int(0),
    }
    EMBED: Embed { "type": Text("rich"), "fields": MaybeMany(&EMBED_FIELD), "timestamp": MaybeTime }
    EMBED_FIELD: EmbedField { "name": Text(""), "value": Text(""), "inline": Flag }
    REACTION: Reaction {
        "burst_colors": Texts, "count": Int(0), "count_details": Made(nothing, &REACTION_COUNT), "me": Flag,
        "me_burst": Flag, "emoji": One(&REACTION_EMOJI),
    }
    REACTION_COUNT: ReactionCountDetails { "burst": Int(0), "normal": Int(0) }
    REACTION_EMOJI: EmojiReactionType { "id": MaybeId }
    COMPONENT: Component {}
    STICKER_ITEM: MessageSticker { "id": Id, "name": Text(""), "format_type": Byte(1) }
    SNAPSHOT: MessageSnapshot {}
    MESSAGE_DELETE: incoming::MessageDelete { "id": Id, "channel_id": Id, "guild_id": MaybeId }
    MESSAGE_DELETE_BULK: incoming::MessageDeleteBulk { "ids": Ids, "channel_id": Id, "guild_id": MaybeId }
    POLL_VOTE: incoming::MessagePollVoteAdd {
        "user_id": Id, "channel_id": Id, "message_id": Id, "guild_id": MaybeId, "answer_id": Byte(0),
    }
    GATEWAY_REACTION: GatewayReaction {
        "user_id": Id, "channel_id": Id, "message_id": Id, "guild_id": MaybeId, "message_author_id": MaybeId,
        "emoji": One(&REACTION_EMOJI), "burst": Flag, "member": Maybe(&MEMBER),
    }
    REACTIONS_GONE: incoming::ReactionRemoveAll { "channel_id": Id, "message_id": Id, "guild_id": MaybeId }
    REACTION_GONE: incoming::ReactionRemoveEmoji {
        "channel_id": Id, "message_id": Id, "guild_id": OfGuild, "emoji": One(&REACTION_EMOJI),
    }

    GUILD: Guild {
        "id": Id, "name": Text(""), "owner_id": Id, "afk_timeout": Int(0), "afk_channel_id": MaybeId,
        "application_id": MaybeId, "system_channel_id": MaybeId, "rules_channel_id": MaybeId,
        "public_updates_channel_id": MaybeId, "default_message_notifications": Byte(0),
        "explicit_content_filter": Byte(0), "features": Texts, "mfa_level": Byte(0), "nsfw_level": Byte(0),
        "verification_level": Byte(0), "premium_tier": Byte(0), "preferred_locale": Text("en-US"),
        "premium_progress_bar_enabled": Flag, "system_channel_flags": Int(0), "large": Flag,
        "member_count": MaybeInt, "joined_at": MaybeTime, "roles": Many(&ROLE), "emojis": Many(&EMOJI),
        "stickers": Many(&STICKER), "channels": Many(&CHANNEL), "threads": Many(&CHANNEL), "members": Many(&MEMBER),
        "presences": Many(&PRESENCE), "voice_states": Many(&VOICE_STATE), "stage_instances": Many(&STAGE),
        "guild_scheduled_events": Many(&SCHEDULED_EVENT),
    }
    GUILD_UPDATE: PartialGuild {
        "id": Id, "name": Text(""), "owner_id": Id, "afk_timeout": Int(0), "afk_channel_id": MaybeId,
        "application_id": MaybeId, "system_channel_id": MaybeId, "rules_channel_id": MaybeId,
        "public_updates_channel_id": MaybeId, "default_message_notifications": Byte(0),
        "explicit_content_filter": Byte(0), "features": Texts, "mfa_level": Byte(0), "nsfw_level": Byte(0),
        "verification_level": Byte(0), "premium_tier": Byte(0), "preferred_locale": Text("en-US"),
        "premium_progress_bar_enabled": Flag, "system_channel_flags": Int(0), "member_count": MaybeInt,
        "roles": Many(&ROLE), "emojis": Many(&EMOJI),
    }
    GUILD_DELETE: incoming::GuildDelete { "id": Id }
    UNAVAILABLE_GUILD: UnavailableGuild { "id": Id, "unavailable": Yes }
    OF_GUILD: incoming::GuildIntegrationsUpdate { "guild_id": OfGuild }
    EMOJI: Emoji { "id": Id, "name": Text(""), "user": Maybe(&USER) }
    EMOJIS: incoming::GuildEmojisUpdate { "guild_id": OfGuild, "emojis": Many(&EMOJI) }
    STICKER: Sticker {
        "id": Id, "name": Text(""), "type": Byte(2), "format_type": Byte(1), "tags": Text(""), "user": Maybe(&USER),
    }
    STICKERS: incoming::GuildStickersUpdate { "guild_id": OfGuild, "stickers": Many(&STICKER) }
    STAGE: StageInstance {
        "id": Id, "guild_id": OfGuild, "channel_id": Id, "topic": Text(""), "privacy_level": Byte(2),
    }
    SCHEDULED_EVENT: GuildScheduledEvent {
        "id": Id, "guild_id": OfGuild, "name": Text(""), "entity_type": Byte(255), "privacy_level": Byte(2),
        "status": Byte(255), "scheduled_start_time": Time, "scheduled_end_time": MaybeTime, "creator": Maybe(&USER),
        "channel_id": MaybeId, "creator_id": MaybeId, "entity_id": MaybeId,
    }
    SCHEDULED_EVENT_USER: incoming::GuildScheduledEventUserAdd {
        "guild_scheduled_event_id": Id, "user_id": Id, "guild_id": OfGuild,
    }
    INTEGRATION: GuildIntegration {
        "id": Id, "guild_id": OfGuild, "name": Text(""), "type": Text(""), "account": Made(account, &ACCOUNT),
        "user": Maybe(&USER), "synced_at": MaybeTime,
    }
    ACCOUNT: twilight_model::guild::IntegrationAccount { "id": Text(""), "name": Text("") }
    INTEGRATION_DELETE: incoming::IntegrationDelete { "id": Id, "guild_id": OfGuild, "application_id": MaybeId }
    INVITE_CREATE: incoming::InviteCreate {
        "channel_id": Id, "guild_id": OfGuild, "code": Text(""), "created_at": Time, "inviter": Maybe(&USER),
        "max_age": Int(0), "max_uses": Int(0), "uses": Byte(0), "temporary": Flag,
        "target_user": Maybe(&PARTIAL_USER), "target_user_type": MaybeInt,
    }
    INVITE_DELETE: incoming::InviteDelete { "channel_id": Id, "guild_id": OfGuild, "code": Text("") }
    AUDIT_LOG_ENTRY: AuditLogEntry {
        "id": Id, "action_type": Int(0), "guild_id": MaybeId, "target_id": MaybeId, "user_id": MaybeId,
        "changes": MaybeMany(&AUDIT_LOG_CHANGE),
    }
    AUDIT_LOG_CHANGE: AuditLogChange {}
    AUTO_MODERATION_RULE: AutoModerationRule {
        "id": Id, "guild_id": OfGuild, "name": Text(""), "creator_id": Id, "enabled": Flag, "event_type": Byte(1),
        "trigger_type": Byte(255), "trigger_metadata": Made(nothing, &TRIGGER_METADATA),
        "actions": Many(&AUTO_MODERATION_ACTION), "exempt_channels": Ids, "exempt_roles": Ids,
    }
    TRIGGER_METADATA: twilight_model::guild::auto_moderation::AutoModerationTriggerMetadata {}
    AUTO_MODERATION_ACTION: AutoModerationAction { "type": Byte(255) }
    AUTO_MODERATION_EXECUTION: incoming::AutoModerationActionExecution {
        "guild_id": OfGuild, "action": One(&AUTO_MODERATION_ACTION), "rule_id": Id, "rule_trigger_type": Byte(255),
        "user_id": Id, "channel_id": MaybeId, "message_id": MaybeId, "alert_system_message_id": MaybeId,
        "content": Text(""),
    }

    INTERACTION: Interaction {
        "id": Id, "application_id": Id, "type": Byte(255), "token": Text(""), "guild_id": MaybeId,
        "channel_id": MaybeId, "channel": Maybe(&CHANNEL), "member": Maybe(&PARTIAL_MEMBER), "user": Maybe(&USER),
        "message": Maybe(&MESSAGE), "entitlements": Many(&ENTITLEMENT), "attachment_size_limit": Int(0),
        "authorizing_integration_owners": Made(nothing, &OWNERS),
    }
    OWNERS: Map<String, Value> {}
    COMMAND_PERMISSIONS: GuildCommandPermissions {
        "id": Id, "application_id": Id, "guild_id": OfGuild, "permissions": Many(&COMMAND_PERMISSION),
    }
    COMMAND_PERMISSION: twilight_model::application::command::permissions::CommandPermission {}
    ENTITLEMENT: Entitlement {
        "id": Id, "application_id": Id, "sku_id": Id, "type": Byte(255), "deleted": Flag, "starts_at": MaybeTime,
        "ends_at": MaybeTime, "guild_id": MaybeId, "user_id": MaybeId,
    }
    SUBSCRIPTION: Subscription {
        "id": Id, "user_id": Id, "sku_ids": Ids, "entitlement_ids": Ids, "status": Byte(255),
        "current_period_start": Time, "current_period_end": Time, "canceled_at": MaybeTime,
    }

    READY: incoming::Ready {
        "v": Int(0), "user": One(&CURRENT_USER), "guilds": Many(&UNAVAILABLE_GUILD), "session_id": Text(""),
        "resume_gateway_url": Text(""), "application": Made(application, &APPLICATION),
    }
    APPLICATION: PartialApplication { "id": Id, "flags": Int(0) }

    RATE_LIMITED: own::RateLimited { "opcode": Byte(0), "retry_after": Float, "meta": Maybe(&RATE_LIMITED_META) }
    RATE_LIMITED_META: own::RateLimitedMeta { "guild_id": MaybeId }
    CHANNEL_INFO: own::ChannelInfo { "guild_id": OfGuild, "channels": Many(&VOICE_CHANNEL_INFO) }
    VOICE_CHANNEL_INFO: own::VoiceChannelInfo { "id": Id, "voice_start_time": MaybeInt }
    SOUND: own::SoundboardSound {
        "sound_id": Id, "name": Text(""), "guild_id": MaybeId, "emoji_id": MaybeId, "user": Maybe(&USER),
    }
    SOUND_DELETE: own::GuildSoundboardSoundDelete { "sound_id": Id, "guild_id": OfGuild }
    SOUNDS: own::Sounds { "guild_id": OfGuild, "soundboard_sounds": Many(&SOUND) }
    VOICE_EFFECT: own::VoiceChannelEffectSend {
        "channel_id": Id, "guild_id": OfGuild, "user_id": Id, "emoji": Maybe(&REACTION_EMOJI), "sound_id": MaybeId,
        "animation_type": MaybeInt, "animation_id": MaybeInt,
    }
    VOICE_STATUS: own::VoiceChannelStatusUpdate { "id": Id, "guild_id": OfGuild }
    VOICE_START: own::VoiceChannelStartTimeUpdate { "id": Id, "guild_id": OfGuild, "voice_start_time": MaybeInt }
}

fn account(_: &Map<String, Value>) -> Value {
    json!({"id": "", "name": ""})
}
