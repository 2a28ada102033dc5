//! Written by tools/discord-model from discord-api-types 0.38.57; not to be edited by hand.

flags! {
/// What a role or a member may do; bits that nobody knows yet are kept.
///
/// [Discord's page](https://discord.com/developers/docs/topics/permissions)
Permissions: text {
    CREATE_INSTANT_INVITE = 1 << 0,
    KICK_MEMBERS = 1 << 1,
    BAN_MEMBERS = 1 << 2,
    ADMINISTRATOR = 1 << 3,
    MANAGE_CHANNELS = 1 << 4,
    MANAGE_GUILD = 1 << 5,
    ADD_REACTIONS = 1 << 6,
    VIEW_AUDIT_LOG = 1 << 7,
    PRIORITY_SPEAKER = 1 << 8,
    STREAM = 1 << 9,
    VIEW_CHANNEL = 1 << 10,
    SEND_MESSAGES = 1 << 11,
    SEND_TTS_MESSAGES = 1 << 12,
    MANAGE_MESSAGES = 1 << 13,
    EMBED_LINKS = 1 << 14,
    ATTACH_FILES = 1 << 15,
    READ_MESSAGE_HISTORY = 1 << 16,
    MENTION_EVERYONE = 1 << 17,
    USE_EXTERNAL_EMOJIS = 1 << 18,
    VIEW_GUILD_INSIGHTS = 1 << 19,
    CONNECT = 1 << 20,
    SPEAK = 1 << 21,
    MUTE_MEMBERS = 1 << 22,
    DEAFEN_MEMBERS = 1 << 23,
    MOVE_MEMBERS = 1 << 24,
    USE_VAD = 1 << 25,
    CHANGE_NICKNAME = 1 << 26,
    MANAGE_NICKNAMES = 1 << 27,
    MANAGE_ROLES = 1 << 28,
    MANAGE_WEBHOOKS = 1 << 29,
    MANAGE_EMOJIS_AND_STICKERS = 1 << 30,
    MANAGE_GUILD_EXPRESSIONS = 1 << 30,
    USE_APPLICATION_COMMANDS = 1 << 31,
    REQUEST_TO_SPEAK = 1 << 32,
    MANAGE_EVENTS = 1 << 33,
    MANAGE_THREADS = 1 << 34,
    CREATE_PUBLIC_THREADS = 1 << 35,
    CREATE_PRIVATE_THREADS = 1 << 36,
    USE_EXTERNAL_STICKERS = 1 << 37,
    SEND_MESSAGES_IN_THREADS = 1 << 38,
    USE_EMBEDDED_ACTIVITIES = 1 << 39,
    MODERATE_MEMBERS = 1 << 40,
    VIEW_CREATOR_MONETIZATION_ANALYTICS = 1 << 41,
    USE_SOUNDBOARD = 1 << 42,
    CREATE_GUILD_EXPRESSIONS = 1 << 43,
    CREATE_EVENTS = 1 << 44,
    USE_EXTERNAL_SOUNDS = 1 << 45,
    SEND_VOICE_MESSAGES = 1 << 46,
    SET_VOICE_CHANNEL_STATUS = 1 << 48,
    SEND_POLLS = 1 << 49,
    USE_EXTERNAL_APPS = 1 << 50,
    PIN_MESSAGES = 1 << 51,
    BYPASS_SLOWMODE = 1 << 52,
}

/// Flags: activity.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#activity-object-activity-flags)
ActivityFlags: number {
    INSTANCE = 1,
    JOIN = 2,
    SPECTATE = 4,
    JOIN_REQUEST = 8,
    SYNC = 16,
    PLAY = 32,
    PARTY_PRIVACY_FRIENDS = 64,
    PARTY_PRIVACY_VOICE_CHANNEL = 128,
    EMBEDDED = 256,
}

/// Flags: application.
///
/// [Discord's page](https://docs.discord.com/developers/resources/application#application-object-application-flags)
ApplicationFlags: number {
    EMBEDDED_RELEASED = 2,
    MANAGED_EMOJI = 4,
    EMBEDDED_IAP = 8,
    GROUP_DM_CREATE = 16,
    APPLICATION_AUTO_MODERATION_RULE_CREATE_BADGE = 64,
    RPC_HAS_CONNECTED = 2048,
    GATEWAY_PRESENCE = 4096,
    GATEWAY_PRESENCE_LIMITED = 8192,
    GATEWAY_GUILD_MEMBERS = 16384,
    GATEWAY_GUILD_MEMBERS_LIMITED = 32768,
    VERIFICATION_PENDING_GUILD_LIMIT = 65536,
    EMBEDDED = 131072,
    GATEWAY_MESSAGE_CONTENT = 262144,
    GATEWAY_MESSAGE_CONTENT_LIMITED = 524288,
    EMBEDDED_FIRST_PARTY = 1048576,
    APPLICATION_COMMAND_BADGE = 8388608,
}

/// Flags: attachment.
///
/// [Discord's page](https://docs.discord.com/developers/resources/message#attachment-object-attachment-flags)
AttachmentFlags: number {
    IS_CLIP = 1,
    IS_THUMBNAIL = 2,
    IS_REMIX = 4,
    IS_SPOILER = 8,
    IS_ANIMATED = 32,
}

/// Flags: channel.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#channel-object-channel-flags)
ChannelFlags: number {
    GUILD_FEED_REMOVED = 1,
    PINNED = 2,
    ACTIVE_CHANNELS_REMOVED = 4,
    REQUIRE_TAG = 16,
    IS_SPAM = 32,
    IS_GUILD_RESOURCE_CHANNEL = 128,
    CLYDE_AI = 256,
    IS_SCHEDULED_FOR_DELETION = 512,
    HIDE_MEDIA_DOWNLOAD_OPTIONS = 32768,
    CHANNEL_OBFUSCATED = 131072,
    IS_SPOILER_CHANNEL = 2097152,
}

/// Flags: embed.
///
/// [Discord's page](https://docs.discord.com/developers/resources/message#embed-object-embed-flags)
EmbedFlags: number {
    IS_CONTENT_INVENTORY_ENTRY = 32,
}

/// Flags: embed media.
///
/// [Discord's page](https://docs.discord.com/developers/resources/message#embed-object-embed-media-flags)
EmbedMediaFlags: number {
    IS_ANIMATED = 32,
}

/// Flags: invite.
///
/// [Discord's page](https://discord.com/developers/docs/resources/invite#invite-object-guild-invite-flags)
InviteFlags: number {
    IS_GUEST_INVITE = 1,
}

/// Flags: member.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags)
MemberFlags: number {
    DID_REJOIN = 1,
    COMPLETED_ONBOARDING = 2,
    BYPASSES_VERIFICATION = 4,
    STARTED_ONBOARDING = 8,
    IS_GUEST = 16,
    STARTED_HOME_ACTIONS = 32,
    COMPLETED_HOME_ACTIONS = 64,
    AUTOMOD_QUARANTINED_USERNAME_OR_GUILD_NICKNAME = 128,
    AUTOMOD_QUARANTINED_BIO = 256,
    DM_SETTINGS_UPSELL_ACKNOWLEDGED = 512,
    AUTO_MOD_QUARANTINED_GUILD_TAG = 1024,
}

/// Flags: message.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-object-message-flags)
MessageFlags: number {
    CROSSPOSTED = 1,
    IS_CROSSPOST = 2,
    SUPPRESS_EMBEDS = 4,
    SOURCE_MESSAGE_DELETED = 8,
    URGENT = 16,
    HAS_THREAD = 32,
    EPHEMERAL = 64,
    LOADING = 128,
    FAILED_TO_MENTION_SOME_ROLES_IN_THREAD = 256,
    SHOULD_SHOW_LINK_NOT_DISCORD_WARNING = 1024,
    SUPPRESS_NOTIFICATIONS = 4096,
    IS_VOICE_MESSAGE = 8192,
    HAS_SNAPSHOT = 16384,
    IS_COMPONENTS_V_2 = 32768,
}

/// Flags: role.
///
/// [Discord's page](https://discord.com/developers/docs/topics/permissions#role-object-role-flags)
RoleFlags: number {
    IN_PROMPT = 1,
}

/// Flags: sku.
///
/// [Discord's page](https://discord.com/developers/docs/monetization/skus#sku-object-sku-flags)
SkuFlags: number {
    AVAILABLE = 4,
    GUILD_SUBSCRIPTION = 128,
    USER_SUBSCRIPTION = 256,
}

/// Flags: system channel.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-system-channel-flags)
SystemChannelFlags: number {
    SUPPRESS_JOIN_NOTIFICATIONS = 1,
    SUPPRESS_PREMIUM_SUBSCRIPTIONS = 2,
    SUPPRESS_GUILD_REMINDER_NOTIFICATIONS = 4,
    SUPPRESS_JOIN_NOTIFICATION_REPLIES = 8,
    SUPPRESS_ROLE_SUBSCRIPTION_PURCHASE_NOTIFICATIONS = 16,
    SUPPRESS_ROLE_SUBSCRIPTION_PURCHASE_NOTIFICATION_REPLIES = 32,
}

/// Flags: thread member.
ThreadMemberFlags: number {
    HAS_INTERACTED = 1,
    ALL_MESSAGES = 2,
    ONLY_MENTIONS = 4,
    NO_MESSAGES = 8,
}

/// Flags: unfurled media item.
///
/// [Discord's page](https://docs.discord.com/developers/components/reference#unfurled-media-item-unfurled-media-item-flags)
UnfurledMediaItemFlags: number {
    IS_ANIMATED = 1,
}

/// Flags: user.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#user-object-user-flags)
UserFlags: number {
    STAFF = 1,
    PARTNER = 2,
    HYPESQUAD = 4,
    BUG_HUNTER_LEVEL_1 = 8,
    MFASMS = 16,
    PREMIUM_PROMO_DISMISSED = 32,
    HYPE_SQUAD_ONLINE_HOUSE_1 = 64,
    HYPE_SQUAD_ONLINE_HOUSE_2 = 128,
    HYPE_SQUAD_ONLINE_HOUSE_3 = 256,
    PREMIUM_EARLY_SUPPORTER = 512,
    TEAM_PSEUDO_USER = 1024,
    HAS_UNREAD_URGENT_MESSAGES = 8192,
    BUG_HUNTER_LEVEL_2 = 16384,
    VERIFIED_BOT = 65536,
    VERIFIED_DEVELOPER = 131072,
    CERTIFIED_MODERATOR = 262144,
    BOT_HTTP_INTERACTIONS = 524288,
    SPAMMER = 1048576,
    DISABLE_PREMIUM = 2097152,
    ACTIVE_DEVELOPER = 4194304,
    QUARANTINED = 17592186044416,
    COLLABORATOR = 1125899906842624,
    RESTRICTED_COLLABORATOR = 2251799813685248,
}
}
