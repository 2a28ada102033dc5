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
    INSTANCE = 1 << 0,
    JOIN = 1 << 1,
    SPECTATE = 1 << 2,
    JOIN_REQUEST = 1 << 3,
    SYNC = 1 << 4,
    PLAY = 1 << 5,
    PARTY_PRIVACY_FRIENDS = 1 << 6,
    PARTY_PRIVACY_VOICE_CHANNEL = 1 << 7,
    EMBEDDED = 1 << 8,
}

/// Flags: application.
///
/// [Discord's page](https://docs.discord.com/developers/resources/application#application-object-application-flags)
ApplicationFlags: number {
    EMBEDDED_RELEASED = 1 << 1,
    MANAGED_EMOJI = 1 << 2,
    EMBEDDED_IAP = 1 << 3,
    GROUP_DM_CREATE = 1 << 4,
    APPLICATION_AUTO_MODERATION_RULE_CREATE_BADGE = 1 << 6,
    RPC_HAS_CONNECTED = 1 << 11,
    GATEWAY_PRESENCE = 1 << 12,
    GATEWAY_PRESENCE_LIMITED = 1 << 13,
    GATEWAY_GUILD_MEMBERS = 1 << 14,
    GATEWAY_GUILD_MEMBERS_LIMITED = 1 << 15,
    VERIFICATION_PENDING_GUILD_LIMIT = 1 << 16,
    EMBEDDED = 1 << 17,
    GATEWAY_MESSAGE_CONTENT = 1 << 18,
    GATEWAY_MESSAGE_CONTENT_LIMITED = 1 << 19,
    EMBEDDED_FIRST_PARTY = 1 << 20,
    APPLICATION_COMMAND_BADGE = 1 << 23,
}

/// Flags: attachment.
///
/// [Discord's page](https://docs.discord.com/developers/resources/message#attachment-object-attachment-flags)
AttachmentFlags: number {
    IS_CLIP = 1 << 0,
    IS_THUMBNAIL = 1 << 1,
    IS_REMIX = 1 << 2,
    IS_SPOILER = 1 << 3,
    IS_ANIMATED = 1 << 5,
}

/// Flags: channel.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#channel-object-channel-flags)
ChannelFlags: number {
    GUILD_FEED_REMOVED = 1 << 0,
    PINNED = 1 << 1,
    ACTIVE_CHANNELS_REMOVED = 1 << 2,
    REQUIRE_TAG = 1 << 4,
    IS_SPAM = 1 << 5,
    IS_GUILD_RESOURCE_CHANNEL = 1 << 7,
    CLYDE_AI = 1 << 8,
    IS_SCHEDULED_FOR_DELETION = 1 << 9,
    HIDE_MEDIA_DOWNLOAD_OPTIONS = 1 << 15,
    CHANNEL_OBFUSCATED = 1 << 17,
    IS_SPOILER_CHANNEL = 1 << 21,
}

/// Flags: embed.
///
/// [Discord's page](https://docs.discord.com/developers/resources/message#embed-object-embed-flags)
EmbedFlags: number {
    IS_CONTENT_INVENTORY_ENTRY = 1 << 5,
}

/// Flags: embed media.
///
/// [Discord's page](https://docs.discord.com/developers/resources/message#embed-object-embed-media-flags)
EmbedMediaFlags: number {
    IS_ANIMATED = 1 << 5,
}

/// Flags: invite.
///
/// [Discord's page](https://discord.com/developers/docs/resources/invite#invite-object-guild-invite-flags)
InviteFlags: number {
    IS_GUEST_INVITE = 1 << 0,
}

/// Flags: member.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags)
MemberFlags: number {
    DID_REJOIN = 1 << 0,
    COMPLETED_ONBOARDING = 1 << 1,
    BYPASSES_VERIFICATION = 1 << 2,
    STARTED_ONBOARDING = 1 << 3,
    IS_GUEST = 1 << 4,
    STARTED_HOME_ACTIONS = 1 << 5,
    COMPLETED_HOME_ACTIONS = 1 << 6,
    AUTOMOD_QUARANTINED_USERNAME_OR_GUILD_NICKNAME = 1 << 7,
    AUTOMOD_QUARANTINED_BIO = 1 << 8,
    DM_SETTINGS_UPSELL_ACKNOWLEDGED = 1 << 9,
    AUTO_MOD_QUARANTINED_GUILD_TAG = 1 << 10,
}

/// Flags: message.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-object-message-flags)
MessageFlags: number {
    CROSSPOSTED = 1 << 0,
    IS_CROSSPOST = 1 << 1,
    SUPPRESS_EMBEDS = 1 << 2,
    SOURCE_MESSAGE_DELETED = 1 << 3,
    URGENT = 1 << 4,
    HAS_THREAD = 1 << 5,
    EPHEMERAL = 1 << 6,
    LOADING = 1 << 7,
    FAILED_TO_MENTION_SOME_ROLES_IN_THREAD = 1 << 8,
    SHOULD_SHOW_LINK_NOT_DISCORD_WARNING = 1 << 10,
    SUPPRESS_NOTIFICATIONS = 1 << 12,
    IS_VOICE_MESSAGE = 1 << 13,
    HAS_SNAPSHOT = 1 << 14,
    IS_COMPONENTS_V_2 = 1 << 15,
}

/// Flags: role.
///
/// [Discord's page](https://discord.com/developers/docs/topics/permissions#role-object-role-flags)
RoleFlags: number {
    IN_PROMPT = 1 << 0,
}

/// Flags: sku.
///
/// [Discord's page](https://discord.com/developers/docs/monetization/skus#sku-object-sku-flags)
SkuFlags: number {
    AVAILABLE = 1 << 2,
    GUILD_SUBSCRIPTION = 1 << 7,
    USER_SUBSCRIPTION = 1 << 8,
}

/// Flags: system channel.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-system-channel-flags)
SystemChannelFlags: number {
    SUPPRESS_JOIN_NOTIFICATIONS = 1 << 0,
    SUPPRESS_PREMIUM_SUBSCRIPTIONS = 1 << 1,
    SUPPRESS_GUILD_REMINDER_NOTIFICATIONS = 1 << 2,
    SUPPRESS_JOIN_NOTIFICATION_REPLIES = 1 << 3,
    SUPPRESS_ROLE_SUBSCRIPTION_PURCHASE_NOTIFICATIONS = 1 << 4,
    SUPPRESS_ROLE_SUBSCRIPTION_PURCHASE_NOTIFICATION_REPLIES = 1 << 5,
}

/// Flags: thread member.
ThreadMemberFlags: number {
    HAS_INTERACTED = 1 << 0,
    ALL_MESSAGES = 1 << 1,
    ONLY_MENTIONS = 1 << 2,
    NO_MESSAGES = 1 << 3,
}

/// Flags: unfurled media item.
///
/// [Discord's page](https://docs.discord.com/developers/components/reference#unfurled-media-item-unfurled-media-item-flags)
UnfurledMediaItemFlags: number {
    IS_ANIMATED = 1 << 0,
}

/// Flags: user.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#user-object-user-flags)
UserFlags: number {
    STAFF = 1 << 0,
    PARTNER = 1 << 1,
    HYPESQUAD = 1 << 2,
    BUG_HUNTER_LEVEL_1 = 1 << 3,
    MFASMS = 1 << 4,
    PREMIUM_PROMO_DISMISSED = 1 << 5,
    HYPE_SQUAD_ONLINE_HOUSE_1 = 1 << 6,
    HYPE_SQUAD_ONLINE_HOUSE_2 = 1 << 7,
    HYPE_SQUAD_ONLINE_HOUSE_3 = 1 << 8,
    PREMIUM_EARLY_SUPPORTER = 1 << 9,
    TEAM_PSEUDO_USER = 1 << 10,
    HAS_UNREAD_URGENT_MESSAGES = 1 << 13,
    BUG_HUNTER_LEVEL_2 = 1 << 14,
    VERIFIED_BOT = 1 << 16,
    VERIFIED_DEVELOPER = 1 << 17,
    CERTIFIED_MODERATOR = 1 << 18,
    BOT_HTTP_INTERACTIONS = 1 << 19,
    SPAMMER = 1 << 20,
    DISABLE_PREMIUM = 1 << 21,
    ACTIVE_DEVELOPER = 1 << 22,
    QUARANTINED = 1 << 44,
    COLLABORATOR = 1 << 50,
    RESTRICTED_COLLABORATOR = 1 << 51,
}
}
