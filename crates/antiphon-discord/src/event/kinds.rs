//! The table of kinds.

use std::time::Duration;

use antiphon_core::{Keep, KindInfo};

/// How long typing, presence and the like are kept: 15 minutes.
const MOMENT: Duration = Duration::from_secs(15 * 60);

const fn info(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        kind,
        payload,
        reference,
        about,
        keep: Keep::Lasting,
    }
}

const fn moment(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        keep: Keep::Momentary(MOMENT),
        ..info(kind, payload, reference, about)
    }
}

/// Every typed kind of this platform, with the reference library's name for it.
#[rustfmt::skip]
pub const KINDS: &[KindInfo] = &[
    info("discord.CONNECT", "Connect", "on_connect", "a socket to the Gateway was opened"),
    info("discord.DISCONNECT", "Disconnect", "on_disconnect", "a socket to the Gateway was closed"),
    info("discord.SHARD_CONNECT", "ShardConnect", "on_shard_connect", "a shard has its connection"),
    info("discord.SHARD_DISCONNECT", "ShardDisconnect", "on_shard_disconnect", "a shard's connection was closed"),
    info("discord.SHARD_RESUME", "ShardResume", "on_shard_resume", "a shard took up its session again"),
    info("discord.READY", "Ready", "on_ready", "a session began"),
    info("discord.RESUMED", "Resumed", "on_resumed", "all that was missed has been sent again"),
    info("discord.RATE_LIMITED", "RateLimited", "on_rate_limited", "a command was not carried out"),
    info("discord.APPLICATION_COMMAND_PERMISSIONS_UPDATE", "ApplicationCommandPermissionsUpdate", "", "who may use a command was changed"),
    info("discord.AUTO_MODERATION_RULE_CREATE", "AutoModerationRuleCreate", "", "a rule of automatic moderation was made"),
    info("discord.AUTO_MODERATION_RULE_UPDATE", "AutoModerationRuleUpdate", "", "a rule of automatic moderation was changed"),
    info("discord.AUTO_MODERATION_RULE_DELETE", "AutoModerationRuleDelete", "", "a rule of automatic moderation was deleted"),
    info("discord.AUTO_MODERATION_ACTION_EXECUTION", "AutoModerationActionExecution", "", "automatic moderation acted"),
    info("discord.CHANNEL_CREATE", "ChannelCreate", "on_channel_create", "a channel was made"),
    info("discord.CHANNEL_UPDATE", "ChannelUpdate", "on_channel_update", "a channel's settings were changed"),
    info("discord.CHANNEL_DELETE", "ChannelDelete", "", "a channel was deleted"),
    info("discord.CHANNEL_INFO", "ChannelInfo", "", "status and start of voice channels, as asked for"),
    info("discord.CHANNEL_PINS_UPDATE", "ChannelPinsUpdate", "", "a message was pinned or unpinned"),
    info("discord.THREAD_CREATE", "ThreadCreate", "on_thread_create", "a thread was made, or the bot added to it"),
    info("discord.THREAD_UPDATE", "ThreadUpdate", "on_thread_update", "a thread's settings were changed"),
    info("discord.THREAD_DELETE", "ThreadDelete", "on_thread_delete", "a thread was deleted"),
    info("discord.THREAD_LIST_SYNC", "ThreadListSync", "", "the threads of a channel that the bot may see now"),
    info("discord.THREAD_MEMBER_UPDATE", "ThreadMemberUpdate", "", "the bot's membership in a thread changed"),
    info("discord.THREAD_MEMBERS_UPDATE", "ThreadMembersUpdate", "", "users joined or left a thread"),
    info("discord.ENTITLEMENT_CREATE", "EntitlementCreate", "", "someone may use something paid for"),
    info("discord.ENTITLEMENT_UPDATE", "EntitlementUpdate", "", "an entitlement was changed"),
    info("discord.ENTITLEMENT_DELETE", "EntitlementDelete", "", "an entitlement was taken away"),
    info("discord.GUILD_CREATE", "GuildCreate", "on_guild_create", "a guild is there"),
    info("discord.GUILD_UPDATE", "GuildUpdate", "", "a guild was changed"),
    info("discord.GUILD_DELETE", "GuildDelete", "", "a guild is gone, or has an outage"),
    info("discord.GUILD_AUDIT_LOG_ENTRY_CREATE", "GuildAuditLogEntryCreate", "", "something was noted in the audit log"),
    info("discord.GUILD_BAN_ADD", "GuildBanAdd", "on_guild_ban_add", "a user was banned"),
    info("discord.GUILD_BAN_REMOVE", "GuildBanRemove", "on_guild_ban_remove", "a user's ban was lifted"),
    info("discord.GUILD_EMOJIS_UPDATE", "GuildEmojisUpdate", "", "a guild's emojis were changed"),
    info("discord.GUILD_STICKERS_UPDATE", "GuildStickersUpdate", "", "a guild's stickers were changed"),
    info("discord.GUILD_INTEGRATIONS_UPDATE", "GuildIntegrationsUpdate", "", "a guild's integrations were changed"),
    info("discord.GUILD_MEMBER_ADD", "GuildMemberAdd", "on_guild_member_add", "a user joined a guild"),
    info("discord.GUILD_MEMBER_REMOVE", "GuildMemberRemove", "on_guild_member_remove", "a member left or was removed"),
    info("discord.GUILD_MEMBER_UPDATE", "GuildMemberUpdate", "", "a member was changed"),
    info("discord.GUILD_MEMBERS_CHUNK", "GuildMembersChunk", "", "some of the members that were asked for"),
    info("discord.GUILD_ROLE_CREATE", "GuildRoleCreate", "", "a guild got a role"),
    info("discord.GUILD_ROLE_UPDATE", "GuildRoleUpdate", "on_guild_role_update", "a guild's role was changed"),
    info("discord.GUILD_ROLE_DELETE", "GuildRoleDelete", "", "a guild's role was deleted"),
    info("discord.GUILD_SCHEDULED_EVENT_CREATE", "GuildScheduledEventCreate", "", "an event was scheduled"),
    info("discord.GUILD_SCHEDULED_EVENT_UPDATE", "GuildScheduledEventUpdate", "", "a scheduled event was changed"),
    info("discord.GUILD_SCHEDULED_EVENT_DELETE", "GuildScheduledEventDelete", "", "a scheduled event was called off"),
    info("discord.GUILD_SCHEDULED_EVENT_USER_ADD", "GuildScheduledEventUserAdd", "", "a user wants to come to a scheduled event"),
    info("discord.GUILD_SCHEDULED_EVENT_USER_REMOVE", "GuildScheduledEventUserRemove", "", "a user does not want to come any more"),
    info("discord.GUILD_SOUNDBOARD_SOUND_CREATE", "GuildSoundboardSoundCreate", "", "a guild got a sound"),
    info("discord.GUILD_SOUNDBOARD_SOUND_UPDATE", "GuildSoundboardSoundUpdate", "", "a guild's sound was changed"),
    info("discord.GUILD_SOUNDBOARD_SOUND_DELETE", "GuildSoundboardSoundDelete", "", "a guild's sound was deleted"),
    info("discord.GUILD_SOUNDBOARD_SOUNDS_UPDATE", "GuildSoundboardSoundsUpdate", "", "several sounds of a guild were changed"),
    info("discord.SOUNDBOARD_SOUNDS", "SoundboardSounds", "", "all sounds of a guild, as asked for"),
    info("discord.INTEGRATION_CREATE", "IntegrationCreate", "", "a guild got an integration"),
    info("discord.INTEGRATION_UPDATE", "IntegrationUpdate", "", "a guild's integration was changed"),
    info("discord.INTEGRATION_DELETE", "IntegrationDelete", "", "a guild's integration was removed"),
    info("discord.INTERACTION_CREATE", "InteractionCreate", "on_interaction_create", "someone used a command, button, menu or form"),
    info("discord.INVITE_CREATE", "InviteCreate", "on_invite_create", "an invite was made"),
    info("discord.INVITE_DELETE", "InviteDelete", "on_invite_delete", "an invite was deleted"),
    info("discord.MESSAGE_CREATE", "MessageCreate", "on_message", "a message was written"),
    info("discord.MESSAGE_UPDATE", "MessageUpdate", "on_message_edit", "a message was edited"),
    info("discord.MESSAGE_DELETE", "MessageDelete", "on_message_delete", "a message was deleted"),
    info("discord.MESSAGE_DELETE_BULK", "MessageDeleteBulk", "", "several messages were deleted at once"),
    info("discord.MESSAGE_REACTION_ADD", "MessageReactionAdd", "on_reaction_add", "a user reacted to a message"),
    info("discord.MESSAGE_REACTION_REMOVE", "MessageReactionRemove", "on_reaction_remove", "a reaction was taken back"),
    info("discord.MESSAGE_REACTION_REMOVE_ALL", "MessageReactionRemoveAll", "", "all reactions to a message were removed"),
    info("discord.MESSAGE_REACTION_REMOVE_EMOJI", "MessageReactionRemoveEmoji", "", "all reactions with one emoji were removed"),
    info("discord.MESSAGE_POLL_VOTE_ADD", "MessagePollVoteAdd", "", "a user voted in a poll"),
    info("discord.MESSAGE_POLL_VOTE_REMOVE", "MessagePollVoteRemove", "", "a user took back a vote"),
    moment("discord.PRESENCE_UPDATE", "PresenceUpdate", "on_presence_update", "a user's status or activities changed"),
    info("discord.STAGE_INSTANCE_CREATE", "StageInstanceCreate", "", "a stage was opened"),
    info("discord.STAGE_INSTANCE_UPDATE", "StageInstanceUpdate", "", "a stage was changed"),
    info("discord.STAGE_INSTANCE_DELETE", "StageInstanceDelete", "", "a stage was closed"),
    info("discord.SUBSCRIPTION_CREATE", "SubscriptionCreate", "", "someone subscribed"),
    info("discord.SUBSCRIPTION_UPDATE", "SubscriptionUpdate", "", "a subscription was changed"),
    info("discord.SUBSCRIPTION_DELETE", "SubscriptionDelete", "", "a subscription ended"),
    moment("discord.TYPING_START", "TypingStart", "on_typing_start", "a user began to type"),
    info("discord.USER_UPDATE", "UserUpdate", "", "the bot's own account was changed"),
    moment("discord.VOICE_CHANNEL_EFFECT_SEND", "VoiceChannelEffectSend", "", "someone played a sound or an emoji in voice"),
    info("discord.VOICE_CHANNEL_START_TIME_UPDATE", "VoiceChannelStartTimeUpdate", "", "a channel's voice session began or ended"),
    info("discord.VOICE_CHANNEL_STATUS_UPDATE", "VoiceChannelStatusUpdate", "", "what a voice channel is about was changed"),
    info("discord.VOICE_STATE_UPDATE", "VoiceStateUpdate", "on_voice_state_update", "a user joined, left or moved in voice"),
    moment("discord.VOICE_SERVER_UPDATE", "VoiceServerUpdate", "", "where voice is spoken; it carries a token, so it is kept briefly"),
    info("discord.WEBHOOKS_UPDATE", "WebhooksUpdate", "", "a channel's webhooks were changed"),
];
