//! Written by tools/discord-model from discord-api-types 0.38.57; not to be edited by hand.

numbers! {
/// Activity type.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#activity-object-activity-types)
ActivityType or -1 {
    Playing = 0,
    Streaming = 1,
    Listening = 2,
    Watching = 3,
    Custom = 4,
    Competing = 5,
}

/// Application integration type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/application#application-object-application-integration-types)
ApplicationIntegrationType or -1 {
    GuildInstall = 0,
    UserInstall = 1,
}

/// Application role connection metadata type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/application-role-connection-metadata#application-role-connection-metadata-object-application-role-connection-metadata-type)
ApplicationRoleConnectionMetadataType or -1 {
    IntegerLessThanOrEqual = 1,
    IntegerGreaterThanOrEqual = 2,
    IntegerEqual = 3,
    IntegerNotEqual = 4,
    DatetimeLessThanOrEqual = 5,
    DatetimeGreaterThanOrEqual = 6,
    BooleanEqual = 7,
    BooleanNotEqual = 8,
}

/// Application webhook event status.
///
/// [Discord's page](https://discord.com/developers/docs/resources/application#application-object-application-event-webhook-status)
ApplicationWebhookEventStatus or -1 {
    Disabled = 1,
    Enabled = 2,
    DisabledByDiscord = 3,
}

/// What was done, in an entry of the audit log.
///
/// [Discord's page](https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events)
AuditLogEventType or -1 {
    GuildUpdate = 1,
    ChannelCreate = 10,
    ChannelUpdate = 11,
    ChannelDelete = 12,
    ChannelOverwriteCreate = 13,
    ChannelOverwriteUpdate = 14,
    ChannelOverwriteDelete = 15,
    MemberKick = 20,
    MemberPrune = 21,
    MemberBanAdd = 22,
    MemberBanRemove = 23,
    MemberUpdate = 24,
    MemberRoleUpdate = 25,
    MemberMove = 26,
    MemberDisconnect = 27,
    BotAdd = 28,
    RoleCreate = 30,
    RoleUpdate = 31,
    RoleDelete = 32,
    InviteCreate = 40,
    InviteUpdate = 41,
    InviteDelete = 42,
    WebhookCreate = 50,
    WebhookUpdate = 51,
    WebhookDelete = 52,
    EmojiCreate = 60,
    EmojiUpdate = 61,
    EmojiDelete = 62,
    MessageDelete = 72,
    MessageBulkDelete = 73,
    MessagePin = 74,
    MessageUnpin = 75,
    IntegrationCreate = 80,
    IntegrationUpdate = 81,
    IntegrationDelete = 82,
    StageInstanceCreate = 83,
    StageInstanceUpdate = 84,
    StageInstanceDelete = 85,
    StickerCreate = 90,
    StickerUpdate = 91,
    StickerDelete = 92,
    GuildScheduledEventCreate = 100,
    GuildScheduledEventUpdate = 101,
    GuildScheduledEventDelete = 102,
    ThreadCreate = 110,
    ThreadUpdate = 111,
    ThreadDelete = 112,
    ApplicationCommandPermissionUpdate = 121,
    SoundboardSoundCreate = 130,
    SoundboardSoundUpdate = 131,
    SoundboardSoundDelete = 132,
    AutoModerationRuleCreate = 140,
    AutoModerationRuleUpdate = 141,
    AutoModerationRuleDelete = 142,
    AutoModerationBlockMessage = 143,
    AutoModerationFlagToChannel = 144,
    AutoModerationUserCommunicationDisabled = 145,
    AutoModerationQuarantineUser = 146,
    CreatorMonetizationRequestCreated = 150,
    CreatorMonetizationTermsAccepted = 151,
    OnboardingPromptCreate = 163,
    OnboardingPromptUpdate = 164,
    OnboardingPromptDelete = 165,
    OnboardingCreate = 166,
    OnboardingUpdate = 167,
    HomeSettingsCreate = 190,
    HomeSettingsUpdate = 191,
    VoiceChannelStatusCreate = 192,
    VoiceChannelStatusDelete = 193,
}

/// Auto archive duration.
AutoArchiveDuration or -1 {
    OneHour = 60,
    OneDay = 1440,
    ThreeDays = 4320,
    OneWeek = 10080,
}

/// Auto moderation action type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object-action-types)
AutoModerationActionType or -1 {
    BlockMessage = 1,
    SendAlertMessage = 2,
    Timeout = 3,
    BlockMemberInteraction = 4,
}

/// Auto moderation event type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-event-types)
AutoModerationEventType or -1 {
    MessageSend = 1,
    MemberUpdate = 2,
}

/// Auto moderation keyword preset type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-keyword-preset-types)
AutoModerationKeywordPresetType or -1 {
    Profanity = 1,
    SexualContent = 2,
    Slurs = 3,
}

/// Auto moderation trigger type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-types)
AutoModerationTriggerType or -1 {
    Keyword = 1,
    Spam = 3,
    KeywordPreset = 4,
    MentionSpam = 5,
    MemberProfile = 6,
}

/// Base theme type.
///
/// [Discord's page](https://docs.discord.com/developers/resources/message#base-theme-types)
BaseThemeType or -1 {
    Unset = 0,
    Dark = 1,
    Light = 2,
    Darker = 3,
    Midnight = 4,
}

/// Button style.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#button-button-styles)
ButtonStyle or 2 {
    Primary = 1,
    Secondary = 2,
    Success = 3,
    Danger = 4,
    Link = 5,
    Premium = 6,
}

/// Channel type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#channel-object-channel-types)
ChannelType or -1 {
    GuildText = 0,
    Dm = 1,
    GuildVoice = 2,
    GroupDm = 3,
    GuildCategory = 4,
    GuildAnnouncement = 5,
    AnnouncementThread = 10,
    PublicThread = 11,
    PrivateThread = 12,
    GuildStageVoice = 13,
    GuildDirectory = 14,
    GuildForum = 15,
    GuildMedia = 16,
}

/// Command option type.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type)
CommandOptionType or -1 {
    Subcommand = 1,
    SubcommandGroup = 2,
    String = 3,
    Integer = 4,
    Boolean = 5,
    User = 6,
    Channel = 7,
    Role = 8,
    Mentionable = 9,
    Number = 10,
    Attachment = 11,
}

/// Command permission type.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object-application-command-permission-type)
CommandPermissionType or -1 {
    Role = 1,
    User = 2,
    Channel = 3,
}

/// Command type.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-types)
CommandType or 1 {
    ChatInput = 1,
    User = 2,
    Message = 3,
    PrimaryEntryPoint = 4,
}

/// Component type.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#component-object-component-types)
ComponentType or -1 {
    ActionRow = 1,
    Button = 2,
    StringSelect = 3,
    TextInput = 4,
    UserSelect = 5,
    RoleSelect = 6,
    MentionableSelect = 7,
    ChannelSelect = 8,
    Section = 9,
    TextDisplay = 10,
    Thumbnail = 11,
    MediaGallery = 12,
    File = 13,
    Separator = 14,
    ContentInventoryEntry = 16,
    Container = 17,
    Label = 18,
    FileUpload = 19,
    RadioGroup = 21,
    CheckboxGroup = 22,
    Checkbox = 23,
}

/// Connection visibility.
ConnectionVisibility or -1 {
    None = 0,
    Everyone = 1,
}

/// Default message notification level.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-default-message-notification-level)
DefaultMessageNotificationLevel or 0 {
    AllMessages = 0,
    OnlyMentions = 1,
}

/// Entitlement owner type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/entitlement#create-test-entitlement)
EntitlementOwnerType or -1 {
    Guild = 1,
    User = 2,
}

/// Entitlement type.
///
/// [Discord's page](https://discord.com/developers/docs/monetization/entitlements#entitlement-object-entitlement-types)
EntitlementType or -1 {
    Purchase = 1,
    PremiumSubscription = 2,
    DeveloperGift = 3,
    TestModePurchase = 4,
    FreePurchase = 5,
    UserGift = 6,
    PremiumPurchase = 7,
    ApplicationSubscription = 8,
}

/// Entry point handler type.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-object-entry-point-command-handler-types)
EntryPointHandlerType or -1 {
    AppHandler = 1,
    DiscordLaunchActivity = 2,
}

/// Explicit content filter.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-explicit-content-filter-level)
ExplicitContentFilter or 0 {
    Disabled = 0,
    MembersWithoutRoles = 1,
    AllMembers = 2,
}

/// Forum layout.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel/#channel-object-forum-layout-types)
ForumLayout or -1 {
    NotSet = 0,
    ListView = 1,
    GalleryView = 2,
}

/// Forum sort order.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel/#channel-object-sort-order-types)
ForumSortOrder or -1 {
    LatestActivity = 0,
    CreationDate = 1,
}

/// Hub type.
HubType or -1 {
    Default = 0,
    HighSchool = 1,
    College = 2,
}

/// Integration expire behavior.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#integration-object-integration-expire-behaviors)
IntegrationExpireBehavior or -1 {
    RemoveRole = 0,
    Kick = 1,
}

/// Interaction context type.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-context-types)
InteractionContextType or -1 {
    Guild = 0,
    BotDm = 1,
    PrivateChannel = 2,
}

/// Interaction response type.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type)
InteractionResponseType or -1 {
    Pong = 1,
    ChannelMessageWithSource = 4,
    DeferredChannelMessageWithSource = 5,
    DeferredMessageUpdate = 6,
    UpdateMessage = 7,
    ApplicationCommandAutocompleteResult = 8,
    Modal = 9,
    PremiumRequired = 10,
    LaunchActivity = 12,
}

/// Interaction type.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-type)
InteractionType or -1 {
    Ping = 1,
    ApplicationCommand = 2,
    MessageComponent = 3,
    ApplicationCommandAutocomplete = 4,
    ModalSubmit = 5,
}

/// Invite target type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/invite#invite-object-invite-target-types)
InviteTargetType or -1 {
    Stream = 1,
    EmbeddedApplication = 2,
}

/// Invite target users job status.
///
/// [Discord's page](https://docs.discord.com/developers/resources/invite#get-target-users-job-status)
InviteTargetUsersJobStatus or -1 {
    Unspecified = 0,
    Processing = 1,
    Completed = 2,
    Failed = 3,
}

/// Invite type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/invite#invite-object-invite-types)
InviteType or 0 {
    Guild = 0,
    GroupDm = 1,
    Friend = 2,
}

/// Message activity type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-object-message-activity-types)
MessageActivityType or -1 {
    Join = 1,
    Spectate = 2,
    Listen = 3,
    JoinRequest = 5,
    StreamRequest = 6,
}

/// Message reference type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-reference-types)
MessageReferenceType or -1 {
    Default = 0,
    Forward = 1,
}

/// Message type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-object-message-types)
MessageType or 0 {
    Default = 0,
    RecipientAdd = 1,
    RecipientRemove = 2,
    Call = 3,
    ChannelNameChange = 4,
    ChannelIconChange = 5,
    ChannelPinnedMessage = 6,
    UserJoin = 7,
    GuildBoost = 8,
    GuildBoostTier1 = 9,
    GuildBoostTier2 = 10,
    GuildBoostTier3 = 11,
    ChannelFollowAdd = 12,
    GuildDiscoveryDisqualified = 14,
    GuildDiscoveryRequalified = 15,
    GuildDiscoveryGracePeriodInitialWarning = 16,
    GuildDiscoveryGracePeriodFinalWarning = 17,
    ThreadCreated = 18,
    Reply = 19,
    ChatInputCommand = 20,
    ThreadStarterMessage = 21,
    GuildInviteReminder = 22,
    ContextMenuCommand = 23,
    AutoModerationAction = 24,
    RoleSubscriptionPurchase = 25,
    InteractionPremiumUpsell = 26,
    StageStart = 27,
    StageEnd = 28,
    StageSpeaker = 29,
    StageRaiseHand = 30,
    StageTopic = 31,
    GuildApplicationPremiumSubscription = 32,
    GuildIncidentAlertModeEnabled = 36,
    GuildIncidentAlertModeDisabled = 37,
    GuildIncidentReportRaid = 38,
    GuildIncidentReportFalseAlarm = 39,
    PurchaseNotification = 44,
    PollResult = 46,
}

/// Mfa level.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-mfa-level)
MfaLevel or 0 {
    None = 0,
    Elevated = 1,
}

/// Nsfw level.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-guild-nsfw-level)
NsfwLevel or 0 {
    Default = 0,
    Explicit = 1,
    Safe = 2,
    AgeRestricted = 3,
}

/// Onboarding mode.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-onboarding-object-onboarding-mode)
OnboardingMode or -1 {
    OnboardingDefault = 0,
    OnboardingAdvanced = 1,
}

/// Onboarding prompt type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-onboarding-object-prompt-types)
OnboardingPromptType or -1 {
    MultipleChoice = 0,
    Dropdown = 1,
}

/// Permission overwrite type.
PermissionOverwriteType or 0 {
    Role = 0,
    Member = 1,
}

/// Poll layout type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/poll#layout-type)
PollLayoutType or 1 {
    Default = 1,
}

/// Premium tier.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-premium-tier)
PremiumTier or 0 {
    None = 0,
    Tier1 = 1,
    Tier2 = 2,
    Tier3 = 3,
}

/// Premium type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#user-object-premium-types)
PremiumType or -1 {
    None = 0,
    NitroClassic = 1,
    Nitro = 2,
    NitroBasic = 3,
}

/// Reaction type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#get-reactions-reaction-types)
ReactionType or 0 {
    Normal = 0,
    Burst = 1,
}

/// Recurrence rule frequency.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object-guild-scheduled-event-recurrence-rule-frequency)
RecurrenceRuleFrequency or -1 {
    Yearly = 0,
    Monthly = 1,
    Weekly = 2,
    Daily = 3,
}

/// Recurrence rule month.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object-guild-scheduled-event-recurrence-rule-month)
RecurrenceRuleMonth or -1 {
    January = 1,
    February = 2,
    March = 3,
    April = 4,
    May = 5,
    June = 6,
    July = 7,
    August = 8,
    September = 9,
    October = 10,
    November = 11,
    December = 12,
}

/// Recurrence rule weekday.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object-guild-scheduled-event-recurrence-rule-weekday)
RecurrenceRuleWeekday or -1 {
    Monday = 0,
    Tuesday = 1,
    Wednesday = 2,
    Thursday = 3,
    Friday = 4,
    Saturday = 5,
    Sunday = 6,
}

/// Scheduled event entity type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-entity-types)
ScheduledEventEntityType or -1 {
    StageInstance = 1,
    Voice = 2,
    External = 3,
}

/// Scheduled event privacy level.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-privacy-level)
ScheduledEventPrivacyLevel or -1 {
    GuildOnly = 2,
}

/// Scheduled event status.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-status)
ScheduledEventStatus or -1 {
    Scheduled = 1,
    Active = 2,
    Completed = 3,
    Canceled = 4,
}

/// Separator spacing size.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#separator)
SeparatorSpacingSize or -1 {
    Small = 1,
    Large = 2,
}

/// Sku type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/sku#sku-object-sku-types)
SkuType or -1 {
    Durable = 2,
    Consumable = 3,
    Subscription = 5,
    SubscriptionGroup = 6,
}

/// Stage instance privacy level.
///
/// [Discord's page](https://discord.com/developers/docs/resources/stage-instance#stage-instance-object-privacy-level)
StageInstancePrivacyLevel or -1 {
    Public = 1,
    GuildOnly = 2,
}

/// Status display type.
///
/// [Discord's page](https://discord.com/developers/docs/events/gateway-events#activity-object-status-display-types)
StatusDisplayType or -1 {
    Name = 0,
    State = 1,
    Details = 2,
}

/// Sticker format type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/sticker#sticker-object-sticker-format-types)
StickerFormatType or -1 {
    Png = 1,
    Apng = 2,
    Lottie = 3,
    Gif = 4,
}

/// Sticker type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/sticker#sticker-object-sticker-types)
StickerType or -1 {
    Standard = 1,
    Guild = 2,
}

/// Subscription status.
///
/// [Discord's page](https://discord.com/developers/docs/resources/subscription#subscription-statuses)
SubscriptionStatus or -1 {
    Active = 0,
    Inactive = 1,
    Ending = 2,
}

/// Team membership state.
///
/// [Discord's page](https://discord.com/developers/docs/topics/teams#data-models-membership-state-enum)
TeamMembershipState or -1 {
    Invited = 1,
    Accepted = 2,
}

/// Text input style.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#text-input-text-input-styles)
TextInputStyle or 1 {
    Short = 1,
    Paragraph = 2,
}

/// How far Discord is with a picture or a video.
UnfurledMediaItemLoadingState or -1 {
    Loading = 1,
    LoadedSuccess = 2,
    LoadedNotFound = 3,
}

/// Verification level.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-verification-level)
VerificationLevel or 0 {
    None = 0,
    Low = 1,
    Medium = 2,
    High = 3,
    VeryHigh = 4,
}

/// Video quality mode.
VideoQualityMode or -1 {
    Auto = 1,
    Full = 2,
}

/// Voice effect animation type.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#voice-channel-effect-send-animation-types)
VoiceEffectAnimationType or -1 {
    Premium = 0,
    Basic = 1,
}

/// Webhook type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/webhook#webhook-object-webhook-types)
WebhookType or 1 {
    Incoming = 1,
    ChannelFollower = 2,
    Application = 3,
}
}
