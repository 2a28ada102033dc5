//! Written by tools/discord-model from discord-api-types 0.38.57; not to be edited by hand.

use jiff::Timestamp;

use super::{flags::*, numbers::*, objects::*};
use crate::{id::*, values::*};

objects! {
/// A session began.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#ready)
#[non_exhaustive]
Ready {
    "application" => application: PartialApplication [Spare],
    "guilds" => guilds: Vec<UnavailableGuild>,
    "resume_gateway_url" => resume_gateway_url: String,
    "session_id" => session_id: String,
    "shard" => shard: Vec<i64> [Maybe],
    "user" => user: User,
    "v" => version: i64,
}

/// Automatic moderation acted.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#auto-moderation-action-execution)
#[non_exhaustive]
AutoModerationActionExecution {
    "action" => action: AutoModerationAction,
    "alert_system_message_id" => alert_system_message_id: Option<Id<MessageMarker>>,
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    "content" => content: String,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "matched_content" => matched_content: Option<String>,
    "matched_keyword" => matched_keyword: Option<String>,
    "message_id" => message_id: Option<Id<MessageMarker>>,
    "rule_id" => rule_id: Id<AutoModerationRuleMarker>,
    "rule_trigger_type" => rule_trigger_type: AutoModerationTriggerType,
    "user_id" => user_id: Id<UserMarker>,
}

/// Status and start of a guild's voice channels, as asked for.
///
/// [Discord's page](https://docs.discord.com/developers/events/gateway-events#channel-info)
#[non_exhaustive]
ChannelInfo {
    "channels" => channels: Vec<VoiceChannelInfo>,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
}

/// Status and start of one voice channel.
///
/// [Discord's page](https://docs.discord.com/developers/events/gateway-events#channel-info-channel-info-channel-structure)
#[non_exhaustive]
VoiceChannelInfo {
    "id" => id: Id<ChannelMarker>,
    "status" => status: Option<String>,
    /// In seconds.
    "voice_start_time" => voice_start_time: Option<i64>,
}

/// A message was pinned or unpinned.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#channel-pins-update)
#[non_exhaustive]
ChannelPinsUpdate {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "last_pin_timestamp" => last_pin_timestamp: Option<Timestamp>,
}

/// A thread was deleted.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#thread-delete)
#[non_exhaustive]
ThreadDelete {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "id" => id: Id<ChannelMarker>,
    "type" => kind: ChannelType,
    "parent_id" => parent_id: Option<Id<ChannelMarker>>,
}

/// The threads of channels that the bot may see now.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#thread-list-sync)
#[non_exhaustive]
ThreadListSync {
    "channel_ids" => channel_ids: Vec<Id<ChannelMarker>> [Maybe],
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "members" => members: Vec<ThreadMember>,
    "threads" => threads: Vec<Channel>,
}

/// Users joined or left a thread.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#thread-members-update)
#[non_exhaustive]
ThreadMembersUpdate {
    "added_members" => added_members: Vec<ThreadMember> [Maybe],
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "id" => id: Id<ChannelMarker>,
    "member_count" => member_count: i64,
    "removed_member_ids" => removed_member_ids: Vec<Id<UserMarker>> [Maybe],
}

/// The bot's own membership in a thread changed.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#thread-member-update)
#[non_exhaustive]
ThreadMemberUpdate {
    "flags" => flags: ThreadMemberFlags,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "id" => id: Option<Id<ChannelMarker>>,
    "join_timestamp" => join_timestamp: Timestamp,
    "member" => member: Option<Member>,
    "user_id" => user_id: Option<Id<UserMarker>>,
}

/// A guild is gone.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-delete)
#[non_exhaustive]
GuildDelete {
    "id" => id: Id<GuildMarker>,
    "unavailable" => unavailable: Option<bool>,
}

/// A user was banned.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-ban-add)
#[non_exhaustive]
BanAdd {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "user" => user: User,
}

/// A user's ban was lifted.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-ban-remove)
#[non_exhaustive]
BanRemove {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "user" => user: User,
}

/// All emojis of a guild.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-emojis-update)
#[non_exhaustive]
GuildEmojisUpdate {
    "emojis" => emojis: Vec<Emoji>,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
}

/// All stickers of a guild.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-stickers-update)
#[non_exhaustive]
GuildStickersUpdate {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "stickers" => stickers: Vec<Sticker>,
}

/// A guild's integrations were changed.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-integrations-update)
#[non_exhaustive]
GuildIntegrationsUpdate {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
}

/// A member left.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-member-remove)
#[non_exhaustive]
MemberRemove {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "user" => user: User,
}

/// A member was changed; what is absent did not change or is not there any more.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-member-update)
#[non_exhaustive]
MemberUpdate {
    "avatar" => avatar: Option<ImageHash>,
    "avatar_decoration_data" => avatar_decoration_data: Option<Box<AvatarDecorationData>>,
    "banner" => banner: Option<ImageHash>,
    "collectibles" => collectibles: Option<Box<Collectibles>>,
    "communication_disabled_until" => communication_disabled_until: Option<Timestamp>,
    "deaf" => deaf: Option<bool>,
    "flags" => flags: Option<MemberFlags>,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "joined_at" => joined_at: Option<Timestamp>,
    "mute" => mute: Option<bool>,
    "nick" => nick: Option<String>,
    "pending" => pending: Option<bool>,
    "premium_since" => premium_since: Option<Timestamp>,
    "roles" => roles: Vec<Id<RoleMarker>>,
    "user" => user: User,
}

/// Some of the members that were asked for.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-members-chunk)
#[non_exhaustive]
MemberChunk {
    "chunk_count" => chunk_count: i64,
    "chunk_index" => chunk_index: i64,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "members" => members: Vec<Member>,
    "nonce" => nonce: Option<String>,
    "not_found" => not_found: Vec<Id<UserMarker>> [Maybe],
    "presences" => presences: Vec<Presence> [Maybe],
}

/// A guild got a role.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-role-create)
#[non_exhaustive]
RoleCreate {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "role" => role: Role,
}

/// A guild's role was changed.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-role-update)
#[non_exhaustive]
RoleUpdate {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "role" => role: Role,
}

/// A guild's role was deleted.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-role-delete)
#[non_exhaustive]
RoleDelete {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "role_id" => role_id: Id<RoleMarker>,
}

/// A user wants to come to a scheduled event.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-scheduled-event-user-add)
#[non_exhaustive]
GuildScheduledEventUserAdd {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "guild_scheduled_event_id" => guild_scheduled_event_id: Id<ScheduledEventMarker>,
    "user_id" => user_id: Id<UserMarker>,
}

/// A user does not want to come any more.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-scheduled-event-user-remove)
#[non_exhaustive]
GuildScheduledEventUserRemove {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "guild_scheduled_event_id" => guild_scheduled_event_id: Id<ScheduledEventMarker>,
    "user_id" => user_id: Id<UserMarker>,
}

/// A guild's sound was deleted.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-soundboard-sound-delete)
#[non_exhaustive]
GuildSoundboardSoundDelete {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "sound_id" => sound_id: Id<GenericMarker>,
}

/// Several sounds of a guild, or all that it has.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-soundboard-sounds-update)
#[non_exhaustive]
Sounds {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "soundboard_sounds" => soundboard_sounds: Vec<SoundboardSound>,
}

/// A guild's integration was removed.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#integration-delete)
#[non_exhaustive]
IntegrationDelete {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "id" => id: Id<IntegrationMarker>,
}

/// An invite was made.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#invite-create)
#[non_exhaustive]
InviteCreate {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "code" => code: String,
    "created_at" => created_at: Timestamp,
    "expires_at" => expires_at: Option<Timestamp>,
    /// Known from: `INVITE_CREATE`.
    "flags" => flags: Option<InviteFlags>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "inviter" => inviter: Option<User>,
    /// Known from: `INVITE_CREATE`.
    "type" => kind: Option<InviteType>,
    /// In seconds.
    "max_age" => max_age: i64,
    "max_uses" => max_uses: i64,
    "role_ids" => role_ids: Vec<Id<RoleMarker>> [Maybe],
    "target_application" => target_application: Option<PartialApplication>,
    "target_type" => target_type: Option<InviteTargetType>,
    "target_user" => target_user: Option<User>,
    "temporary" => temporary: bool,
    "uses" => uses: i64,
}

/// An invite was deleted.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#invite-delete)
#[non_exhaustive]
InviteDelete {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "code" => code: String,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
}

/// A message was deleted.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#message-delete)
#[non_exhaustive]
MessageDelete {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<MessageMarker>,
}

/// Several messages of a channel were deleted at once.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#message-delete-bulk)
#[non_exhaustive]
MessageDeleteBulk {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "ids" => ids: Vec<Id<MessageMarker>>,
}

/// A reaction that a user added or took back.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#message-reaction-add)
#[non_exhaustive]
GatewayReaction {
    "burst" => burst: bool,
    "burst_colors" => burst_colors: Vec<String> [Maybe],
    "channel_id" => channel_id: Id<ChannelMarker>,
    "emoji" => emoji: PartialEmoji,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "type" => kind: ReactionType,
    "member" => member: Option<Member>,
    "message_author_id" => message_author_id: Option<Id<UserMarker>>,
    "message_id" => message_id: Id<MessageMarker>,
    "user_id" => user_id: Id<UserMarker>,
}

/// All reactions to a message were removed.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#message-reaction-remove-all)
#[non_exhaustive]
ReactionRemoveAll {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "message_id" => message_id: Id<MessageMarker>,
}

/// All reactions with one emoji were removed from a message.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#message-reaction-remove-emoji)
#[non_exhaustive]
ReactionRemoveEmoji {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "emoji" => emoji: PartialEmoji,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "message_id" => message_id: Id<MessageMarker>,
}

/// A user began to type.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#typing-start)
#[non_exhaustive]
TypingStart {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "member" => member: Option<Member>,
    /// In seconds.
    "timestamp" => timestamp: i64,
    "user_id" => user_id: Id<UserMarker>,
}

/// Someone played a sound or an emoji in a voice channel.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#voice-channel-effect-send)
#[non_exhaustive]
VoiceChannelEffectSend {
    "animation_id" => animation_id: Option<i64>,
    "animation_type" => animation_type: Option<VoiceEffectAnimationType>,
    "channel_id" => channel_id: Id<ChannelMarker>,
    "emoji" => emoji: Option<PartialEmoji>,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "sound_id" => sound_id: Option<Snowflake>,
    /// 0 to 1,.
    "sound_volume" => sound_volume: Option<f64>,
    "user_id" => user_id: Id<UserMarker>,
}

/// What a voice channel is about was changed.
///
/// [Discord's page](https://docs.discord.com/developers/events/gateway-events#voice-channel-status-update)
#[non_exhaustive]
VoiceChannelStatusUpdate {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "id" => id: Id<ChannelMarker>,
    "status" => status: Option<String>,
}

/// The voice session of a channel began or ended.
///
/// [Discord's page](https://docs.discord.com/developers/events/gateway-events#voice-channel-start-time-update)
#[non_exhaustive]
VoiceChannelStartTimeUpdate {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "id" => id: Id<ChannelMarker>,
    /// In seconds.
    "voice_start_time" => voice_start_time: Option<i64>,
}

/// Where a guild's voice is spoken.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#voice-server-update)
#[non_exhaustive]
VoiceServerUpdate {
    "endpoint" => endpoint: Option<String>,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "token" => token: String,
}

/// A channel's webhooks were changed.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#webhooks-update)
#[non_exhaustive]
WebhooksUpdate {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
}

/// A user voted in a poll, or took the vote back.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#message-poll-vote-add)
#[non_exhaustive]
MessagePollVote {
    "answer_id" => answer_id: i64,
    "channel_id" => channel_id: Id<ChannelMarker>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "message_id" => message_id: Id<MessageMarker>,
    "user_id" => user_id: Id<UserMarker>,
}

/// A command was not carried out, since too many like it were sent.
///
/// [Discord's page](https://discord.com/developers/docs/events/gateway-events#rate-limited)
#[non_exhaustive]
RateLimited {
    "meta" => meta: RateLimitedMeta,
    "opcode" => opcode: i64,
    /// In seconds.
    "retry_after" => retry_after: f64,
}

/// What a command that was not carried out was about.
#[non_exhaustive]
RateLimitedMeta {
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "nonce" => nonce: Option<String>,
}
}

defaults! { RateLimited, RateLimitedMeta }
