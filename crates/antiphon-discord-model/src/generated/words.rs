//! Written by tools/discord-model from discord-api-types 0.38.57; not to be edited by hand.

words! {
/// Activity location kind.
///
/// [Discord's page](https://discord.com/developers/docs/resources/application#get-application-activity-instance-activity-location-kind-enum)
ActivityLocationKind {
    GuildChannel = "gc",
    PrivateChannel = "pc",
}

/// Application webhook event type.
///
/// [Discord's page](https://discord.com/developers/docs/events/webhook-events#event-types)
ApplicationWebhookEventType {
    ApplicationAuthorized = "APPLICATION_AUTHORIZED",
    ApplicationDeauthorized = "APPLICATION_DEAUTHORIZED",
    EntitlementCreate = "ENTITLEMENT_CREATE",
    EntitlementUpdate = "ENTITLEMENT_UPDATE",
    EntitlementDelete = "ENTITLEMENT_DELETE",
    QuestUserEnrollment = "QUEST_USER_ENROLLMENT",
}

/// What an overwrite in the audit log is for.
AuditLogOptionsType {
    Role = "0",
    Member = "1",
}

/// Where a linked account is.
ConnectionService {
    AmazonMusic = "amazon-music",
    BattleNet = "battlenet",
    Bluesky = "bluesky",
    BungieNet = "bungie",
    Crunchyroll = "crunchyroll",
    Domain = "domain",
    EBay = "ebay",
    EpicGames = "epicgames",
    Facebook = "facebook",
    GitHub = "github",
    Instagram = "instagram",
    LeagueOfLegends = "leagueoflegends",
    Mastodon = "mastodon",
    PayPal = "paypal",
    PlayStationNetwork = "playstation",
    Reddit = "reddit",
    RiotGames = "riotgames",
    Roblox = "roblox",
    Spotify = "spotify",
    Skype = "skype",
    Steam = "steam",
    TikTok = "tiktok",
    Twitch = "twitch",
    X = "twitter",
    Xbox = "xbox",
    YouTube = "youtube",
}

/// What an embed was made from.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#embed-object-embed-types)
EmbedType {
    Rich = "rich",
    Image = "image",
    Video = "video",
    Gifv = "gifv",
    Article = "article",
    Link = "link",
    AutoModerationMessage = "auto_moderation_message",
    PollResult = "poll_result",
}

/// Something that a guild has or may do.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-guild-features)
GuildFeature {
    AnimatedBanner = "ANIMATED_BANNER",
    AnimatedIcon = "ANIMATED_ICON",
    ApplicationCommandPermissionsV2 = "APPLICATION_COMMAND_PERMISSIONS_V2",
    AutoModeration = "AUTO_MODERATION",
    Banner = "BANNER",
    Community = "COMMUNITY",
    CreatorMonetizableProvisional = "CREATOR_MONETIZABLE_PROVISIONAL",
    CreatorStorePage = "CREATOR_STORE_PAGE",
    DeveloperSupportServer = "DEVELOPER_SUPPORT_SERVER",
    Discoverable = "DISCOVERABLE",
    EnhancedRoleColors = "ENHANCED_ROLE_COLORS",
    Featurable = "FEATURABLE",
    GuestsEnabled = "GUESTS_ENABLED",
    GuildTags = "GUILD_TAGS",
    HasDirectoryEntry = "HAS_DIRECTORY_ENTRY",
    Hub = "HUB",
    InvitesDisabled = "INVITES_DISABLED",
    InviteSplash = "INVITE_SPLASH",
    LinkedToHub = "LINKED_TO_HUB",
    MemberVerificationGateEnabled = "MEMBER_VERIFICATION_GATE_ENABLED",
    MonetizationEnabled = "MONETIZATION_ENABLED",
    MoreSoundboard = "MORE_SOUNDBOARD",
    MoreStickers = "MORE_STICKERS",
    News = "NEWS",
    Partnered = "PARTNERED",
    PinPermissionMigrationComplete = "PIN_PERMISSION_MIGRATION_COMPLETE",
    PreviewEnabled = "PREVIEW_ENABLED",
    PrivateThreads = "PRIVATE_THREADS",
    PruneRequiresAdmin = "PRUNE_REQUIRES_ADMIN",
    RaidAlertsDisabled = "RAID_ALERTS_DISABLED",
    RelayEnabled = "RELAY_ENABLED",
    RoleIcons = "ROLE_ICONS",
    RoleSubscriptionsAvailableForPurchase = "ROLE_SUBSCRIPTIONS_AVAILABLE_FOR_PURCHASE",
    RoleSubscriptionsEnabled = "ROLE_SUBSCRIPTIONS_ENABLED",
    Soundboard = "SOUNDBOARD",
    TicketedEventsEnabled = "TICKETED_EVENTS_ENABLED",
    VanityUrl = "VANITY_URL",
    Verified = "VERIFIED",
    VipRegions = "VIP_REGIONS",
    WelcomeScreenEnabled = "WELCOME_SCREEN_ENABLED",
}

/// A language.
///
/// [Discord's page](https://discord.com/developers/docs/reference#locales)
Locale {
    Indonesian = "id",
    EnglishUs = "en-US",
    EnglishGb = "en-GB",
    Bulgarian = "bg",
    ChineseCn = "zh-CN",
    ChineseTw = "zh-TW",
    Croatian = "hr",
    Czech = "cs",
    Danish = "da",
    Dutch = "nl",
    Finnish = "fi",
    French = "fr",
    German = "de",
    Greek = "el",
    Hindi = "hi",
    Hungarian = "hu",
    Italian = "it",
    Japanese = "ja",
    Korean = "ko",
    Lithuanian = "lt",
    Norwegian = "no",
    Polish = "pl",
    PortugueseBr = "pt-BR",
    Romanian = "ro",
    Russian = "ru",
    SpanishEs = "es-ES",
    SpanishLatam = "es-419",
    Swedish = "sv-SE",
    Thai = "th",
    Turkish = "tr",
    Ukrainian = "uk",
    Vietnamese = "vi",
}

/// Membership screening field type.
///
/// [Discord's page](https://github.com/discord/discord-api-docs/pull/2547)
MembershipScreeningFieldType {
    Terms = "TERMS",
}

/// What a message may ping by its text.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#allowed-mentions-object-allowed-mention-types)
MentionType {
    Everyone = "everyone",
    Role = "roles",
    User = "users",
}

/// Background of a nameplate.
NameplatePalette {
    Berry = "berry",
    BubbleGum = "bubble_gum",
    Clover = "clover",
    Cobalt = "cobalt",
    Crimson = "crimson",
    Forest = "forest",
    Lemon = "lemon",
    Sky = "sky",
    Teal = "teal",
    Violet = "violet",
    White = "white",
}

/// What an application may do for a user.
///
/// [Discord's page](https://discord.com/developers/docs/topics/oauth2)
OauthScope {
    Bot = "bot",
    Connections = "connections",
    DmChannelsRead = "dm_channels.read",
    Email = "email",
    Identify = "identify",
    IdentifyPremium = "identify.premium",
    Guilds = "guilds",
    GuildsJoin = "guilds.join",
    GuildsMembersRead = "guilds.members.read",
    GroupDmJoins = "gdm.join",
    MessagesRead = "messages.read",
    RoleConnectionsWrite = "role_connections.write",
    Rpc = "rpc",
    RpcActivitiesWrite = "rpc.activities.write",
    RpcVoiceRead = "rpc.voice.read",
    RpcVoiceWrite = "rpc.voice.write",
    RpcNotificationsRead = "rpc.notifications.read",
    WebhookIncoming = "webhook.incoming",
    Voice = "voice",
    ApplicationsBuildsUpload = "applications.builds.upload",
    ApplicationsBuildsRead = "applications.builds.read",
    ApplicationsStoreUpdate = "applications.store.update",
    ApplicationsEntitlements = "applications.entitlements",
    RelationshipsRead = "relationships.read",
    ActivitiesRead = "activities.read",
    ActivitiesWrite = "activities.write",
    ApplicationsCommands = "applications.commands",
    ApplicationsCommandsUpdate = "applications.commands.update",
    ApplicationCommandsPermissionsUpdate = "applications.commands.permissions.update",
}

/// Select default value type.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#user-select-select-default-value-structure)
SelectDefaultValueType {
    Channel = "channel",
    Role = "role",
    User = "user",
}

/// How available a user is.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#update-presence-status-types)
Status {
    Online = "online",
    DoNotDisturb = "dnd",
    Idle = "idle",
    Invisible = "invisible",
    Offline = "offline",
}

/// What someone may do in a team.
///
/// [Discord's page](https://discord.com/developers/docs/topics/teams#team-member-roles-team-member-role-types)
TeamMemberRole {
    Admin = "admin",
    Developer = "developer",
    ReadOnly = "read_only",
}
}
