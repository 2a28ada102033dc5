// What the model is made of: which types of Discord's description become which of ours, what each is called, and
// where the model departs from the description. Everything else follows from the description by rule (write.mjs).

const openapi = "Discord's OpenAPI description";

/** What few users wear is boxed, so that the others are small. */
const worn = ["avatar_decoration_data", "collectibles", "primary_guild"];

/**
 * Objects: our name, the described types (several are laid over each other: what not all of them have may be left
 * out), what the object is, and departures:
 *  - `omit`: fields that are left to hand-written code,
 *  - `fields`: our type for a field, where the rules give another; `?` at its end says that it may be left out, and `*` that the stand-in
 *    means the same as leaving it out,
 *  - `extra`: fields that Discord sends and the description lacks, each with where that is known from,
 *  - `id`: the marker of its own id,
 *  - `needs`: ids that identify the object beside the usual ones,
 *  - `spares`: required objects that a stand-in is made for, though they have an id,
 *  - `sent`: bots make them too, so that they have public fields and a default.
 */
export const objects = [
  // Users and members.
  ["User", ["APIUser"], "A user's or a bot's account.", { id: "User", boxed: worn, fields: { bot: "bool*" } }],
  ["PartialUser", ["GatewayPresenceUser"], "A user of whom only the id is certain, as in a presence.", { id: "User", partial: "APIUser", boxed: worn, fields: { bot: "bool*" } }],
  ["AvatarDecorationData", ["APIAvatarDecorationData"], "What a user wears around the avatar.", { fields: { sku_id: "Id<AvatarDecorationDataSkuMarker>?" } }],
  ["Collectibles", ["APICollectibles"], "Things a user collected and shows."],
  ["Nameplate", ["APINameplateData"], "What is behind a user's name in lists."],
  ["PrimaryGuild", ["APIUserPrimaryGuild"], "The guild whose tag a user shows."],
  ["Member", ["APIGuildMember"], "A user as a member of a guild.", { boxed: worn, fields: { pending: "bool*" }, extra: { permissions: ["Permissions?", openapi] } }],
  ["PartialMember", ["APIGuildMemberNoUser", "APIInteractionGuildMember", "APIInteractionDataResolvedGuildMember", "PartialAPIMessageInteractionGuildMember"], "A member as sent beside a message, a mention or an interaction: perhaps without the user, and with permissions in interactions.", { boxed: worn }],
  ["Ban", ["APIBan"], "A user who may not join a guild."],
  ["Connection", ["APIConnection"], "An account elsewhere that a user has linked.", { fields: { name: "String*", integrations: "Json?" } }],
  ["ApplicationRoleConnectionMetadata", ["APIApplicationRoleConnectionMetadata"], "A rule by which linked accounts get roles.", { sent: true, fields: { name_localizations: "BTreeMap<String, Option<String>>?", description_localizations: "BTreeMap<String, Option<String>>?" } }],

  // Guilds.
  ["Guild", ["GatewayGuildCreateDispatchData", "APIGuild"], "A guild, as requests and `GUILD_CREATE` give it.", { id: "Guild", fields: { owner_id: "Id<UserMarker>?", voice_states: "Vec<VoiceState>?", members: "Vec<Member>?", channels: "Vec<Channel>?", threads: "Vec<Channel>?", presences: "Vec<Presence>?" }, extra: { home_header: ["ImageHash?", openapi], nsfw: ["bool?", openapi], premium_progress_bar_enabled_user_updated_at: ["Timestamp?", openapi] } }],
  ["UnavailableGuild", ["APIUnavailableGuild"], "A guild that is in an outage, or not yet sent.", { id: "Guild" }],
  ["PartialGuild", ["APIPartialGuild"], "A guild as sent beside an application or a template.", { id: "Guild" }],
  ["InteractionGuild", ["APIPartialInteractionGuild"], "The guild that an interaction came from.", { id: "Guild" }],
  ["CurrentUserGuild", ["RESTAPIPartialCurrentUserGuild"], "A guild as listed for one of its members.", { id: "Guild" }],
  ["GuildPreview", ["APIGuildPreview"], "What everyone may see of a discoverable guild.", { id: "Guild", extra: { home_header: ["ImageHash?", openapi] } }],
  ["IncidentsData", ["APIIncidentsData"], "What a guild has stopped for a while, such as invites."],
  ["WelcomeScreen", ["APIGuildWelcomeScreen"], "What new members see first."],
  ["WelcomeScreenChannel", ["APIGuildWelcomeScreenChannel"], "A channel on the welcome screen.", { sent: true }],
  ["GuildWidget", ["APIGuildWidget"], "A guild's widget for other sites.", { id: "Guild" }],
  ["GuildWidgetChannel", ["APIGuildWidgetChannel"], "A channel in a widget.", { id: "Channel" }],
  ["GuildWidgetMember", ["APIGuildWidgetMember"], "Someone in a widget, under a made-up id.", { fields: { activity: "Json?" }, extra: { deaf: ["bool?", openapi], mute: ["bool?", openapi], self_deaf: ["bool?", openapi], self_mute: ["bool?", openapi], suppress: ["bool?", openapi], channel_id: ["Id<ChannelMarker>?", openapi] } }],
  ["GuildWidgetSettings", ["APIGuildWidgetSettings"], "Whether a guild has a widget."],
  ["MembershipScreening", ["APIGuildMembershipScreening"], "What someone must agree to before talking."],
  ["MembershipScreeningField", ["APIGuildMembershipScreeningField"], "A question of the membership screening."],
  ["Onboarding", ["APIGuildOnboarding"], "What new members are asked.", { fields: { guild_id: "Id<GuildMarker>" } }],
  ["OnboardingPrompt", ["APIGuildOnboardingPrompt"], "A question to new members.", { id: "OnboardingPrompt" }],
  ["OnboardingPromptOption", ["APIGuildOnboardingPromptOption"], "An answer to such a question.", { id: "OnboardingPromptOption", fields: { emoji: "PartialEmoji?" }, extra: { emoji_id: ["Id<EmojiMarker>?", "the form in requests"], emoji_name: ["String?", "the form in requests"], emoji_animated: ["bool?", "the form in requests"] } }],
  ["Role", ["APIRole"], "A role of a guild.", { id: "Role" }],
  ["RoleColors", ["APIRoleColors"], "The colours of a role; two make a gradient, three are the holographic style.", { sent: true }],
  ["RoleTags", ["APIRoleTags"], "To whom a role belongs.", { fields: { premium_subscriber: "Present", available_for_purchase: "Present", guild_connections: "Present" } }],
  ["Integration", ["APIGuildIntegration", "GatewayIntegrationCreateDispatchData"], "An integration of a guild, such as a bot's.", { id: "Integration", fields: { name: "String*", enabled: "bool*" }, extra: { application_id: ["Id<ApplicationMarker>?", openapi] }, spares: ["id"] }],
  ["IntegrationAccount", ["APIIntegrationAccount"], "The account behind an integration.", { fields: { name: "String*" } }],
  ["IntegrationApplication", ["APIGuildIntegrationApplication"], "The application behind an integration.", { id: "Application", extra: { type: ["i64?", openapi], cover_image: ["ImageHash?", openapi], primary_sku_id: ["Id<OauthSkuMarker>?", openapi] } }],
  ["Template", ["APITemplate"], "A template that guilds can be made from.", { fields: { creator: "User?", serialized_source_guild: "Json?" } }],
  ["VoiceRegion", ["APIVoiceRegion"], "A region that voice can be spoken in."],
  ["VoiceState", ["GatewayVoiceState"], "In which voice channel a user is, and how.", { fields: { self_stream: "bool*" } }],
  ["StageInstance", ["APIStageInstance"], "A stage that is open.", { id: "Stage" }],
  ["ScheduledEvent", ["APIGuildScheduledEvent"], "Something that a guild has scheduled.", { id: "ScheduledEvent", fields: { channel_id: "Id<ChannelMarker>?", entity_metadata: "ScheduledEventEntityMetadata?", entity_type: "ScheduledEventEntityType", entity_id: "Id<ScheduledEventEntityMarker>?" }, extra: { user_rsvp: ["Json?", openapi], sku_ids: ["Vec<Id<SkuMarker>>?", "answers of requests"], guild_scheduled_event_exceptions: ["Vec<Json>?", "Discord's OpenAPI description"] } }],
  ["ScheduledEventEntityMetadata", ["APIGuildScheduledEventEntityMetadata"], "Where a scheduled event takes place, if not in a channel.", { sent: true }],
  ["RecurrenceRule", ["APIGuildScheduledEventRecurrenceRule"], "How often a scheduled event is repeated.", { sent: true }],
  ["RecurrenceRuleNWeekday", ["APIGuildScheduledEventRecurrenceRuleNWeekday"], "A weekday of a certain week of the month.", { sent: true }],
  ["ScheduledEventUser", ["APIGuildScheduledEventUser"], "Someone who wants to come to a scheduled event.", { fields: { user: "User?" }, extra: { response: ["i64?", openapi], user_id: ["Id<UserMarker>?", openapi], guild_scheduled_event_exception_id: ["Id<GenericMarker>?", openapi] } }],
  ["AutoModerationRule", ["APIAutoModerationRule"], "A rule of automatic moderation.", { id: "AutoModerationRule" }],
  ["AutoModerationTriggerMetadata", ["APIAutoModerationRuleTriggerMetadata"], "What a rule of automatic moderation looks for.", { sent: true }],
  ["AutoModerationAction", ["APIAutoModerationAction"], "What a rule of automatic moderation does.", { sent: true }],
  ["AutoModerationActionMetadata", ["APIAutoModerationActionMetadata"], "Details of such an action.", { sent: true }],
  ["AuditLog", ["APIAuditLog"], "What was done in a guild, and the objects it was done to.", { fields: { application_commands: "Vec<Command>", threads: "Vec<Channel>" } }],
  ["AuditLogEntry", ["APIAuditLogEntry", "GatewayGuildAuditLogEntryCreateDispatchData"], "Something that was done in a guild.", { id: "AuditLogEntry", fields: { target_id: "Id<GenericMarker>?", changes: "Vec<AuditLogChange>?" } }],
  ["AuditLogChange", ["APIAuditLogChange"], "A change of one key, with the values before and after as they were sent.", { fields: { key: "String*", new_value: "Json?", old_value: "Json?" } }],
  ["AuditLogOptions", ["APIAuditLogOptions"], "What else is known about an entry of the audit log.", { fields: { type: "AuditLogOptionsType?", auto_moderation_rule_trigger_type: "AutoModerationTriggerType?", count: "i64?", delete_member_days: "i64?", members_removed: "i64?", id: "Id<GenericMarker>?", integration_type: "String?" } }],

  // Channels.
  ["Channel", ["APIChannel", "GatewayThreadCreateDispatchData"], "A channel or a thread of any type; which fields there are depends on `kind`.", { id: "Channel", fields: { type: "ChannelType", parent_id: "Id<ChannelMarker>?", name: "String?", newly_created: "bool?" }, required: ["id", "type"], extra: { default_tag_setting: ["String?", openapi], status: ["String?", "CHANNEL_UPDATE of voice channels since 2026"], voice_start_time: ["i64?", "GUILD_CREATE and CHANNEL_INFO"], permissions: ["Permissions?", "channels of interactions"], app_permissions: ["Permissions?", "channels of interactions"], invitable: ["bool?", "threads"], icon_emoji: ["Json?", "Discord's OpenAPI description"], theme_color: ["i64?", "Discord's OpenAPI description"] } }],
  ["PermissionOverwrite", ["APIOverwrite"], "What a role or a member may do in one channel beyond or below their usual rights.", { id: "Generic", fields: { type: "PermissionOverwriteType", allow: "Permissions", deny: "Permissions" }, sent: true }],
  ["ForumTag", ["APIGuildForumTag"], "A tag for posts of a forum.", { id: "Tag" }],
  ["DefaultReaction", ["APIGuildForumDefaultReactionEmoji"], "The reaction that posts of a forum begin with.", { sent: true }],
  ["ThreadMetadata", ["APIThreadMetadata"], "What only threads have.", { fields: { archive_timestamp: "Timestamp?" } }],
  ["ThreadMember", ["APIThreadMember"], "Someone in a thread.", { fields: { id: "Id<ChannelMarker>?", member: "Member?" }, extra: { presence: ["Presence?", "THREAD_MEMBERS_UPDATE, with the intent for presences"] }, boxed: ["member", "presence"] }],
  ["ThreadsListing", ["APIThreadList"], "Threads of a channel or a guild.", { fields: { threads: "Vec<Channel>" }, extra: { has_more: ["bool*", "lists of archived threads"], first_messages: ["Vec<Message>?", "lists of forum posts"], total_results: ["i64?", "the search of threads"] } }],
  ["FollowedChannel", ["APIFollowedChannel"], "A channel that another one's announcements go to.", { needs: ["webhook_id"] }],
  ["ChannelMention", ["APIChannelMention"], "A channel that a message mentions.", { id: "Channel" }],
  ["Webhook", ["APIWebhook"], "A webhook of a channel.", { id: "Webhook" }],
  ["WebhookGuild", ["APIWebhookSourceGuild"], "The guild that a webhook takes announcements from.", { id: "Guild" }],
  ["WebhookChannel", ["APIWebhookSourceChannel"], "The channel that a webhook takes announcements from.", { id: "Channel" }],
  ["SoundboardSound", ["APISoundboardSound"], "A sound that can be played in voice channels."],

  // Messages.
  ["Message", ["APIMessage", "GatewayMessageCreateDispatchData"], "A message, as requests and events give it.", { id: "Message", fields: { mentions: "Vec<Mention>", nonce: "Nonce?", application: "PartialApplication?", components: "Vec<Component>?", member: "PartialMember?", channel_type: "ChannelType?" }, spares: ["author"], boxed: ["application", "referenced_message", "interaction_metadata", "interaction", "thread", "resolved", "poll", "call", "shared_client_theme", "role_subscription_data", "activity", "message_reference"], extra: { purchase_notification: ["Json?", openapi], lobby_member: ["Json?", openapi] } }],
  ["MessageActivity", ["APIMessageActivity"], "An invitation to an activity in a message."],
  ["MessageReference", ["APIMessageReference"], "Which message a message answers, forwards or comes from.", { fields: { channel_id: "Id<ChannelMarker>?" }, extra: { fail_if_not_exists: ["bool?", "requests"] }, sent: true }],
  ["MessageCall", ["APIMessageCall"], "A call in a private channel."],
  ["SharedClientTheme", ["APIMessageSharedClientTheme"], "A theme of the client, shared in a message.", { sent: true }],
  ["RoleSubscriptionData", ["APIMessageRoleSubscriptionData"], "Which subscription a message tells of."],
  ["MessageInteraction", ["APIMessageInteraction"], "The interaction a message answers, in the old form.", { id: "Interaction", fields: { user: "User?" }, extra: { name_localized: ["String?", openapi] } }],
  ["MessageInteractionMetadata", ["APIMessageInteractionMetadata"], "The interaction a message answers.", { id: "Interaction", fields: { user: "User?", type: "InteractionType", triggering_interaction_metadata: "MessageInteractionMetadata?", target_message_id: "Id<MessageMarker>?", authorizing_integration_owners: "BTreeMap<ApplicationIntegrationType, Snowflake>" }, boxed: ["triggering_interaction_metadata"] }],
  ["MessageSnapshot", ["APIMessageSnapshot"], "A message as it was when it was forwarded.", { fields: { message: "SnapshotMessage" } }],
  ["SnapshotMessage", ["APIMessageSnapshotFields"], "What a forward has of the forwarded message.", { fields: { mentions: "Vec<Mention>", components: "Vec<Component>?" } }],
  ["MessagePin", ["APIMessagePin"], "A message and when it was pinned."],
  ["PinsListing", ["RESTGetAPIChannelMessagesPinsResult"], "Pinned messages of a channel."],
  ["Reaction", ["APIReaction"], "How often a message got one reaction.", { fields: { emoji: "PartialEmoji" } }],
  ["ReactionCountDetails", ["APIReactionCountDetails"], "How many of a message's reactions are of which type."],
  ["Attachment", ["APIAttachment"], "A file of a message.", { id: "Attachment", fields: { application: "PartialApplication?" }, boxed: ["application"] }],
  ["Embed", ["APIEmbed"], "A box with text and pictures in a message.", { sent: true, extra: { components: ["Vec<Component>?", openapi] } }],
  ["EmbedMedia", ["APIEmbedThumbnail", "APIEmbedVideo", "APIEmbedImage"], "A picture or a video of an embed.", { sent: true }],
  ["EmbedProvider", ["APIEmbedProvider"], "Where the content of an embed is from.", { sent: true }],
  ["EmbedAuthor", ["APIEmbedAuthor"], "Who wrote what an embed shows.", { sent: true }],
  ["EmbedFooter", ["APIEmbedFooter"], "The last line of an embed.", { sent: true }],
  ["EmbedField", ["APIEmbedField"], "A field of an embed.", { sent: true, fields: { inline: "bool?" } }],
  ["AllowedMentions", ["APIAllowedMentions"], "Whom a message may ping.", { sent: true }],
  ["Poll", ["APIPoll"], "A poll of a message."],
  ["PollMedia", ["APIPollMedia"], "Text and emoji of a question or an answer.", { sent: true }],
  ["PollAnswer", ["APIPollAnswer"], "An answer to choose in a poll."],
  ["PollResults", ["APIPollResults"], "How a poll stands."],
  ["PollAnswerCount", ["APIPollAnswerCount"], "Votes for one answer."],
  ["Emoji", ["APIEmoji"], "An emoji of a guild or an application, or a character.", { id: "Emoji" }],
  ["PartialEmoji", ["APIPartialEmoji", "APIMessageComponentEmoji", "GatewayActivityEmoji"], "An emoji by id and name; without an id its name is a character.", { sent: true, id: "Emoji" }],
  ["Sticker", ["APISticker"], "A sticker of a guild or of Discord's own.", { id: "Sticker", fields: { format_type: "StickerFormatType*", asset: "String?", pack_id: "Id<StickerPackMarker>?" } }],
  ["StickerItem", ["APIStickerItem"], "A sticker in a message.", { id: "Sticker" }],
  ["StickerPack", ["APIStickerPack"], "A pack of Discord's own stickers.", { id: "StickerPack", fields: { description: "String*" } }],

  // Components: `type` is written by the enum that holds them.
  ["ActionRow", ["APIActionRow"], "A row of buttons, or one menu.", { component: 1, fields: { id: "i64?", components: "Vec<Component>" } }],
  ["Button", ["APIButtonComponent"], "A button; pressed, it is an interaction, opens an address, or offers something to buy.", { component: 2, fields: { style: "ButtonStyle" } }],
  ["SelectMenu", ["APISelectMenuComponent", "APIModalSubmitStringSelectComponent"], "A menu of texts, users, roles, mentionables or channels, by `kind`; in a sent form with what was chosen.", { component: true, fields: { type: "ComponentType", values: "Vec<String>?", default_values: "Vec<SelectDefaultValue>?" } }],
  ["SelectMenuOption", ["APISelectMenuOption"], "A line of a text menu.", { sent: true }],
  ["SelectDefaultValue", ["APISelectMenuDefaultValue"], "What a menu of users, roles or channels begins with.", { sent: true, fields: { id: "Snowflake", type: "SelectDefaultValueType" }, extra: { id: ["Snowflake", ""], type: ["SelectDefaultValueType", ""] } }],
  ["TextInput", ["APITextInputComponent", "APIModalSubmitTextInputComponent"], "A field for text in a form; in a sent form with what was written.", { component: 4 }],
  ["Section", ["APISectionComponent"], "Texts with a picture or a button beside them.", { component: 9, fields: { components: "Vec<Component>", accessory: "Component?" }, boxed: ["accessory"] }],
  ["TextDisplay", ["APITextDisplayComponent"], "Text with formatting.", { component: 10 }],
  ["Thumbnail", ["APIThumbnailComponent"], "A small picture beside a section.", { component: 11 }],
  ["MediaGallery", ["APIMediaGalleryComponent"], "Pictures and videos side by side.", { component: 12 }],
  ["MediaGalleryItem", ["APIMediaGalleryItem"], "A picture or a video of a gallery.", { sent: true }],
  ["FileDisplay", ["APIFileComponent"], "A file of the message.", { component: 13 }],
  ["Separator", ["APISeparatorComponent"], "A gap or a line between components.", { component: 14 }],
  ["Container", ["APIContainerComponent"], "A box around components.", { component: 17, fields: { components: "Vec<Component>" } }],
  ["Label", ["APILabelComponent"], "A component of a form with its title.", { component: 18, fields: { label: "String?", component: "Component?" }, boxed: ["component"] }],
  ["FileUpload", ["APIFileUploadComponent", "APIModalSubmitFileUploadComponent"], "A place for files in a form; in a sent form with their ids.", { component: 19, fields: { values: "Vec<Id<AttachmentMarker>>?", file_types: "Vec<String>?" } }],
  ["RadioGroup", ["APIRadioGroupComponent", "APIModalSubmitRadioGroupComponent"], "A choice of one in a form; in a sent form with what was chosen.", { component: 21 }],
  ["RadioGroupOption", ["APIRadioGroupOption"], "A line of a choice of one.", { sent: true }],
  ["CheckboxGroup", ["APICheckboxGroupComponent", "APIModalSubmitCheckboxGroupComponent"], "A choice of several in a form; in a sent form with what was chosen.", { component: 22 }],
  ["CheckboxGroupOption", ["APICheckboxGroupOption"], "A line of a choice of several.", { sent: true }],
  ["Checkbox", ["APICheckboxComponent", "APIModalSubmitCheckboxComponent"], "A box to tick in a form; in a sent form with whether it was.", { component: 23 }],
  ["UnfurledMediaItem", ["APIUnfurledMediaItem"], "A picture, a video or a file by its address; `attachment://name` is one that is uploaded with the message.", { sent: true, extra: { id: ["Id<GenericMarker>?", openapi] } }],

  // Applications, commands and interactions.
  ["Application", ["APIApplication"], "An application, with what only its owners see.", { id: "Application", fields: { bot_public: "bool*", bot_require_code_grant: "bool*", summary: "String?", tags: "Vec<String>?", integration_types_config: "BTreeMap<ApplicationIntegrationType, IntegrationTypeConfig>?", flags_new: "String?" }, boxed: ["owner", "bot", "team", "guild"], extra: { type: ["i64?", openapi], max_participants: ["i64?", openapi], eligible_oauth2_scopes: ["Vec<OauthScope>?", openapi], explicit_content_filter: ["i64?", openapi] } }],
  ["PartialApplication", ["APIApplication"], "An application as sent beside a message, an invite or at the start of a session: only the id is certain.", { id: "Application", partial: "APIApplication", fields: { id: "Id<ApplicationMarker>", summary: "String?", tags: "Vec<String>?", integration_types_config: "BTreeMap<ApplicationIntegrationType, IntegrationTypeConfig>?" }, boxed: ["owner", "bot", "team", "guild"], extra: { type: ["i64?", openapi], max_participants: ["i64?", openapi] } }],
  ["BulkBan", ["RESTPostAPIGuildBulkBanResult"], "Who was banned at once, and who was not.", { fields: { banned_users: "Vec<Id<UserMarker>>", failed_users: "Vec<Id<UserMarker>>" } }],
  ["PruneCount", ["RESTGetAPIGuildPruneCountResult", "RESTPostAPIGuildPruneResult"], "How many members were or would be removed."],
  ["VanityUrl", ["APIVanityURL"], "A guild's own invite.", { fields: { code: "String?", uses: "i64" }, extra: { error: ["Json?", openapi] } }],
  ["InteractionCallbackResponse", ["RESTPostAPIInteractionCallbackWithResponseResult"], "What became of an answer to an interaction.", { fields: { interaction: "InteractionCallback", resource: "InteractionCallbackResource?" } }],
  ["InteractionCallback", ["RESTAPIInteractionCallbackObject"], "The interaction that was answered.", { id: "Interaction", fields: { activity_instance_id: "String?", response_message_id: "Id<MessageMarker>?", response_message_loading: "bool?", response_message_ephemeral: "bool?", id: "Id<InteractionMarker>", type: "InteractionType", channel_id: "Id<ChannelMarker>?", guild_id: "Id<GuildMarker>?" } }],
  ["InteractionCallbackResource", ["RESTAPIInteractionCallbackResourceObject"], "What an answer to an interaction made.", { fields: { activity_instance: "Json?", message: "Message?" }, boxed: ["message"] }],
  ["InstallParams", ["APIApplicationInstallParams"], "What an application asks for when it is installed."],
  ["IntegrationTypeConfig", ["APIApplicationIntegrationTypeConfiguration"], "How an application is installed for guilds or for users."],
  ["Team", ["APITeam"], "A team of developers.", { id: "OauthTeam" }],
  ["TeamMember", ["APITeamMember"], "Someone in a team.", { fields: { permissions: "Vec<String>", team_id: "Id<OauthTeamMarker>?" } }],
  ["Command", ["APIApplicationCommand"], "A command of an application.", { id: "Command", fields: { version: "Id<CommandVersionMarker>?", options: "Vec<CommandOption>?", name_localizations: "BTreeMap<String, Option<String>>?", description_localizations: "BTreeMap<String, Option<String>>?" }, extra: { name_localized: ["String?", openapi], description_localized: ["String?", openapi] } }],
  ["CommandOption", ["APIApplicationCommandOption"], "An option of a command.", { sent: true, fields: { type: "CommandOptionType", name_localizations: "BTreeMap<String, Option<String>>?", description_localizations: "BTreeMap<String, Option<String>>?", min_value: "Number?", max_value: "Number?", autocomplete: "bool?", choices: "Vec<CommandOptionChoice>?", options: "Vec<CommandOption>?", channel_types: "Vec<ChannelType>?", file_types: "Vec<String>?" }, extra: { name_localized: ["String?", openapi], description_localized: ["String?", openapi] } }],
  ["CommandOptionChoice", ["APIApplicationCommandOptionChoice"], "A value that an option offers.", { sent: true, extra: { name_localized: ["String?", openapi], name: ["String", ""], name_localizations: ["BTreeMap<String, Option<String>>?", ""], value: ["ChoiceValue", ""] } }],
  ["GuildCommandPermissions", ["APIGuildApplicationCommandPermissions"], "Who may use a command in a guild.", { id: "Generic", needs: ["application_id"] }],
  ["CommandPermission", ["APIApplicationCommandPermission"], "Whether a role, a user or a channel may use a command.", { id: "Generic", sent: true }],
  ["Interaction", ["APIInteraction"], "A command, a button, a menu or a form that somebody used.", { id: "Interaction", needs: ["application_id"], fields: { type: "InteractionType", data: "InteractionData?", app_permissions: "Permissions?", channel: "Channel?", member: "PartialMember?", version: "i64", authorizing_integration_owners: "BTreeMap<ApplicationIntegrationType, Snowflake>" }, boxed: ["channel", "message", "guild", "user", "member"], extra: { entitlement_sku_ids: ["Vec<Id<SkuMarker>>?", "INTERACTION_CREATE, in the old form of entitlements"] } }],
  ["CommandData", ["APIApplicationCommandInteractionData", "APIChatInputApplicationCommandInteractionData"], "Which command was used, and with what.", { id: "Command", fields: { type: "CommandType", options: "Vec<CommandDataOption>?", resolved: "ResolvedData?", target_id: "Id<GenericMarker>?" }, boxed: ["resolved"] }],
  ["ComponentData", ["APIMessageComponentInteractionData"], "Which component was used, and what was chosen.", { fields: { component_type: "ComponentType", values: "Vec<String>?", resolved: "ResolvedData?" }, boxed: ["resolved"], extra: { id: ["i64?", "INTERACTION_CREATE of components"] } }],
  ["ModalData", ["APIModalSubmission"], "Which form was sent, and what is in it.", { fields: { components: "Vec<Component>", resolved: "ResolvedData?" }, boxed: ["resolved"] }],
  ["ResolvedData", ["APIInteractionDataResolved", "APIMessageApplicationCommandInteractionDataResolved"], "The objects behind the ids of an interaction.", { fields: { users: "BTreeMap<Id<UserMarker>, User>?", members: "BTreeMap<Id<UserMarker>, PartialMember>?", roles: "BTreeMap<Id<RoleMarker>, Role>?", channels: "BTreeMap<Id<ChannelMarker>, Channel>?", messages: "BTreeMap<Id<MessageMarker>, Message>?", attachments: "BTreeMap<Id<AttachmentMarker>, Attachment>?" } }],
  ["ActivityInstance", ["APIActivityInstance"], "An activity that is running.", { fields: { location: "ActivityLocation?" } }],
  ["ActivityLocation", ["APIActivityLocation"], "Where an activity is running."],

  // Invites.
  ["Invite", ["APIInvite", "APIExtendedInvite"], "An invite to a guild or a group.", { fields: { stage_instance: "Json?", target_application: "PartialApplication?" }, extra: { friends_count: ["i64?", openapi], guild_id: ["Id<GuildMarker>?", openapi], is_contact: ["bool?", openapi], is_nickname_changeable: ["bool?", openapi], liveliness: ["Json?", openapi], target_channel_id: ["Id<ChannelMarker>?", openapi], target_message_id: ["Id<MessageMarker>?", openapi] } }],
  ["InviteGuild", ["APIInviteGuild"], "The guild that an invite leads to.", { id: "Guild", fields: { nsfw_level: "NsfwLevel*", verification_level: "VerificationLevel*" }, extra: { nsfw: ["bool?", openapi] } }],
  ["InviteChannel", ["APIInviteChannel"], "The channel that an invite leads to.", { id: "Channel", fields: { recipients: "Json?" } }],
  ["InviteRole", ["APIInviteRole"], "A role that an invite gives.", { id: "Role", extra: { permissions: ["Permissions?", openapi] } }],

  // What is paid for.
  ["Entitlement", ["APIEntitlement"], "That a user or a guild may use something paid for.", { id: "Entitlement", extra: { fulfilled_at: ["Timestamp?", openapi], fulfillment_status: ["i64?", openapi], gifter_user_id: ["Id<UserMarker>?", openapi], parent_id: ["Id<GenericMarker>?", openapi] } }],
  ["Sku", ["APISKU"], "Something that is sold.", { id: "Sku" }],
  ["Subscription", ["APISubscription"], "Something that a user pays for again and again.", { id: "Subscription" }],

  // Presences.
  ["Presence", ["GatewayPresenceUpdate"], "A user's status and what the user does.", { fields: { guild_id: "Id<GuildMarker>?", user: "PartialUser", status: "Status*", activities: "Vec<Activity>?", client_status: "ClientStatus*" } }],
  ["ClientStatus", ["GatewayPresenceClientStatus"], "A user's status by kind of client."],
  ["Activity", ["GatewayActivity"], "What a user does, says or listens to.", { fields: { buttons: "Vec<ActivityButton>?", id: "String?", emoji: "PartialEmoji?", created_at: "i64?", platform: "String?" } }],
  ["ActivityTimestamps", ["GatewayActivityTimestamps"], "When an activity began and ends, in milliseconds since 1970; Discord does not check them."],
  ["ActivityParty", ["GatewayActivityParty"], "With how many a user plays.", { fields: { size: "Vec<i64>?" } }],
  ["ActivityAssets", ["GatewayActivityAssets"], "Pictures of an activity."],
  ["ActivitySecrets", ["GatewayActivitySecrets"], "What joins or watches an activity."],

  // The Gateway's address.
  ["GatewayBotInfo", ["APIGatewayBotInfo"], "The Gateway's address, and how many shards and sessions to open."],
  ["SessionStartLimit", ["APIGatewaySessionStartLimit"], "How many sessions may still begin."],

  // Answers of requests that are no object of their own.
  ["GatewayInfo", ["APIGatewayInfo"], "The Gateway's address."],
  ["EmojiList", ["RESTGetAPIApplicationEmojisResult"], "The emojis of an application.", { fields: { items: "Vec<Emoji>" } }],
  ["StickerPackList", ["RESTGetStickerPacksResult"], "Discord's own packs of stickers.", { fields: { sticker_packs: "Vec<StickerPack>" } }],
  ["SoundboardSoundList", ["RESTGetAPIGuildSoundboardSoundsResult"], "The sounds of a guild.", { fields: { items: "Vec<SoundboardSound>" } }],
  ["PollAnswerVoters", ["RESTGetAPIPollAnswerVotersResult"], "Users who voted for one answer of a poll.", { fields: { users: "Vec<User>" } }],
  ["MessageSearch", ["APIMessageSearchResult"], "Messages of a guild that were found, each in a list of its own.", { fields: { messages: "Vec<Vec<Message>>", threads: "Vec<Channel>?", members: "Vec<ThreadMember>?" } }],
  ["InviteTargetUsersJob", ["RESTGetAPIInviteTargetUsersJobStatusResult"], "How far Discord is with the users that an invite is for.", { fields: { total_users: "i64", processed_users: "i64" } }],
  ["Authorization", ["RESTGetAPIOAuth2CurrentAuthorizationResult"], "What a user allowed an application.", { fields: { application: "PartialApplication", scopes: "Vec<OauthScope>", expires: "Timestamp?", user: "User?" }, boxed: ["application"], spares: ["application"] }],
  ["ApplicationRoleConnection", ["APIApplicationRoleConnection"], "What a user linked to an application, by which guilds give roles.", { fields: { platform_name: "String?", platform_username: "String?", metadata: "BTreeMap<String, String>?" } }],
  ["ApplicationAttachment", [], "A file that an application uploaded for its activity.", { fields: { attachment: "Attachment" } }],
  ["PublicKeys", [], "Keys by which Discord signs the identities of users.", { fields: { keys: "Vec<PublicKey>" } }],
  ["PublicKey", [], "A key of Discord's, as JSON Web Keys are written.", { fields: { kty: "String", use: "String", kid: "String", n: "String", e: "String", alg: "String" } }],
  ["UserInfo", [], "A user by the standard claims of an identity provider.", { fields: { sub: "String", email: "String?", email_verified: "bool?", preferred_username: "String?", nickname: "String?", picture: "String?", locale: "String?" } }],
  ["ScheduledEventException", [], "One recurrence of a scheduled event that is otherwise than the rule says.", { needs: ["event_exception_id"], fields: { event_id: "Id<ScheduledEventMarker>?", event_exception_id: "Id<GenericMarker>", scheduled_start_time: "Timestamp?", scheduled_end_time: "Timestamp?", is_canceled: "bool" } }],
  ["ScheduledEventUserCounts", [], "How many users want to come to a scheduled event, and to those of its recurrences that were asked for.", { fields: { guild_scheduled_event_count: "i64", guild_scheduled_event_exception_counts: "BTreeMap<Id<GenericMarker>, i64>" } }],
  ["JoinRequests", [], "Requests to join a guild.", { fields: { total: "i64?", guild_join_requests: "Vec<JoinRequest>?" } }],
  ["JoinRequest", [], "A user's request to join a guild.", { fields: { id: "Id<GenericMarker>", created_at: "Timestamp?", reviewed_at: "Timestamp?", application_status: "String?", rejection_reason: "String?", guild_id: "Id<GuildMarker>?", user_id: "Id<UserMarker>", user: "User?", form_responses: "Json?", actioned_by_user: "User?" } }],
  ["NewMemberWelcome", [], "What new members are told and shown in the guide of a guild.", { fields: { guild_id: "Id<GuildMarker>?", enabled: "bool", welcome_message: "NewMemberMessage?", new_member_actions: "Vec<NewMemberAction>", resource_channels: "Vec<ResourceChannel>" } }],
  ["NewMemberMessage", [], "The words that greet new members.", { fields: { author_ids: "Vec<Id<UserMarker>>", message: "String" } }],
  ["NewMemberAction", [], "Something that new members are asked to do.", { fields: { channel_id: "Id<ChannelMarker>", action_type: "i64", title: "String", description: "String", emoji: "Json?", icon: "ImageHash?" } }],
  ["ResourceChannel", [], "A channel that new members are shown.", { fields: { channel_id: "Id<ChannelMarker>", title: "String", emoji: "Json?", icon: "ImageHash?", description: "String" } }],

  // Lobbies, for games with the Social SDK.
  ["Lobby", [], "A lobby of a game.", { fields: { id: "Id<GenericMarker>", application_id: "Id<ApplicationMarker>?", metadata: "BTreeMap<String, String>?", members: "Vec<LobbyMember>", linked_channel: "Channel?", flags: "i64", override_event_webhooks_url: "String?" }, boxed: ["linked_channel"] }],
  ["LobbyMember", [], "A user in a lobby.", { fields: { id: "Id<UserMarker>", metadata: "BTreeMap<String, String>?", flags: "i64", additional_name: "String?" } }],
  ["LobbyMessage", [], "A message in a lobby.", { fields: { id: "Id<MessageMarker>", type: "MessageType", content: "String", lobby_id: "Id<GenericMarker>?", channel_id: "Id<ChannelMarker>?", author: "User?", lobby_member: "Json?", metadata: "BTreeMap<String, String>?", moderation_metadata: "BTreeMap<String, String>?", flags: "MessageFlags", application_id: "Id<ApplicationMarker>?" } }],
  ["LobbyInvite", [], "An invite to the guild of a lobby's linked channel.", { fields: { code: "String" } }],
  ["ProvisionalToken", [], "The token of an account that a game made for a user without one.", { fields: { token_type: "String", access_token: "String", expires_in: "i64", scope: "String", id_token: "String", refresh_token: "String?", scopes: "Vec<String>?", expires_at_s: "i64?" } }],
];

/** Bodies of events that are no object of their own. */
export const gateway = [
  ["Ready", ["GatewayReadyDispatchData"], "A session began.", { fields: { shard: "Vec<i64>?", application: "PartialApplication", session_id: "String" }, spares: ["application"] }],
  ["AutoModerationActionExecution", ["GatewayAutoModerationActionExecutionDispatchData"], "Automatic moderation acted.", { fields: { message_id: "Id<MessageMarker>?", channel_id: "Id<ChannelMarker>?" } }],
  ["ChannelInfo", ["GatewayChannelInfoDispatchData"], "Status and start of a guild's voice channels, as asked for."],
  ["VoiceChannelInfo", ["GatewayChannelInfoChannel"], "Status and start of one voice channel.", { id: "Channel" }],
  ["ChannelPinsUpdate", ["GatewayChannelPinsUpdateDispatchData"], "A message was pinned or unpinned."],
  ["ThreadDelete", ["GatewayThreadDeleteDispatchData"], "A thread was deleted.", { id: "Channel" }],
  ["ThreadListSync", ["GatewayThreadListSyncDispatchData"], "The threads of channels that the bot may see now.", { fields: { threads: "Vec<Channel>" } }],
  ["ThreadMembersUpdate", ["GatewayThreadMembersUpdateDispatchData"], "Users joined or left a thread.", { id: "Channel" }],
  ["ThreadMemberUpdate", ["GatewayThreadMemberUpdateDispatchData"], "The bot's own membership in a thread changed.", { fields: { id: "Id<ChannelMarker>?", member: "Member?" } }],
  ["GuildDelete", ["GatewayGuildDeleteDispatchData"], "A guild is gone.", { id: "Guild" }],
  ["BanAdd", ["GatewayGuildBanAddDispatchData"], "A user was banned."],
  ["BanRemove", ["GatewayGuildBanRemoveDispatchData"], "A user's ban was lifted."],
  ["GuildEmojisUpdate", ["GatewayGuildEmojisUpdateDispatchData"], "All emojis of a guild."],
  ["GuildStickersUpdate", ["GatewayGuildStickersUpdateDispatchData"], "All stickers of a guild."],
  ["GuildIntegrationsUpdate", ["GatewayGuildIntegrationsUpdateDispatchData"], "A guild's integrations were changed."],
  ["MemberRemove", ["GatewayGuildMemberRemoveDispatchData"], "A member left."],
  ["MemberUpdate", ["GatewayGuildMemberUpdateDispatchData"], "A member was changed; what is absent did not change or is not there any more.", { boxed: worn }],
  ["MemberChunk", ["GatewayGuildMembersChunkDispatchData"], "Some of the members that were asked for.", { fields: { not_found: "Vec<Id<UserMarker>>?", presences: "Vec<Presence>?" } }],
  ["RoleCreate", ["GatewayGuildRoleCreateDispatchData"], "A guild got a role."],
  ["RoleUpdate", ["GatewayGuildRoleUpdateDispatchData"], "A guild's role was changed."],
  ["RoleDelete", ["GatewayGuildRoleDeleteDispatchData"], "A guild's role was deleted."],
  ["GuildScheduledEventUserAdd", ["GatewayGuildScheduledEventUserAddDispatchData"], "A user wants to come to a scheduled event."],
  ["GuildScheduledEventUserRemove", ["GatewayGuildScheduledEventUserRemoveDispatchData"], "A user does not want to come any more."],
  ["GuildSoundboardSoundDelete", ["GatewayGuildSoundboardSoundDeleteDispatchData"], "A guild's sound was deleted."],
  ["Sounds", ["GatewayGuildSoundboardSoundsUpdateDispatchData"], "Several sounds of a guild, or all that it has."],
  ["IntegrationDelete", ["GatewayIntegrationDeleteDispatchData"], "A guild's integration was removed.", { id: "Integration" }],
  ["InviteCreate", ["GatewayInviteCreateDispatchData"], "An invite was made.", { fields: { target_application: "PartialApplication?", uses: "i64" }, extra: { type: ["InviteType?", "INVITE_CREATE"], flags: ["InviteFlags?", "INVITE_CREATE"] } }],
  ["InviteDelete", ["GatewayInviteDeleteDispatchData"], "An invite was deleted."],
  ["MessageDelete", ["GatewayMessageDeleteDispatchData"], "A message was deleted.", { id: "Message" }],
  ["MessageDeleteBulk", ["GatewayMessageDeleteBulkDispatchData"], "Several messages of a channel were deleted at once."],
  ["GatewayReaction", ["GatewayMessageReactionAddDispatchData", "GatewayMessageReactionRemoveDispatchData"], "A reaction that a user added or took back.", { fields: { emoji: "PartialEmoji" } }],
  ["ReactionRemoveAll", ["GatewayMessageReactionRemoveAllDispatchData"], "All reactions to a message were removed."],
  ["ReactionRemoveEmoji", ["GatewayMessageReactionRemoveEmojiDispatchData"], "All reactions with one emoji were removed from a message.", { fields: { emoji: "PartialEmoji" } }],
  ["TypingStart", ["GatewayTypingStartDispatchData"], "A user began to type."],
  ["VoiceChannelEffectSend", ["GatewayVoiceChannelEffectSendDispatchData"], "Someone played a sound or an emoji in a voice channel.", { fields: { emoji: "PartialEmoji?", sound_id: "Snowflake?" } }],
  ["VoiceChannelStatusUpdate", ["GatewayVoiceChannelStatusUpdateDispatchData"], "What a voice channel is about was changed.", { id: "Channel" }],
  ["VoiceChannelStartTimeUpdate", ["GatewayVoiceChannelStartTimeUpdateDispatchData"], "The voice session of a channel began or ended.", { id: "Channel" }],
  ["VoiceServerUpdate", ["GatewayVoiceServerUpdateDispatchData"], "Where a guild's voice is spoken."],
  ["WebhooksUpdate", ["GatewayWebhooksUpdateDispatchData"], "A channel's webhooks were changed."],
  ["MessagePollVote", ["GatewayMessagePollVoteDispatchData"], "A user voted in a poll, or took the vote back."],
  ["RateLimited", ["GatewayRateLimitedRequestGuildMembersDispatchData"], "A command was not carried out, since too many like it were sent.", { fields: { opcode: "i64", retry_after: "f64", meta: "RateLimitedMeta" } }],
  ["RateLimitedMeta", ["GatewayRequestGuildMemberRateLimitMetadata"], "What a command that was not carried out was about.", { fields: { guild_id: "Id<GuildMarker>?" } }],
];

/** Our names for described enumerations, where they are others. */
export const renamed = {
  GuildDefaultMessageNotifications: "DefaultMessageNotificationLevel", GuildExplicitContentFilter: "ExplicitContentFilter",
  GuildMFALevel: "MfaLevel", GuildNSFWLevel: "NsfwLevel", GuildVerificationLevel: "VerificationLevel", GuildPremiumTier: "PremiumTier",
  GuildHubType: "HubType", GuildSystemChannelFlags: "SystemChannelFlags", GuildMemberFlags: "MemberFlags",
  IntegrationExpireBehavior: "IntegrationExpireBehavior", GuildWidgetStyle: "GuildWidgetStyle",
  GuildOnboardingMode: "OnboardingMode", GuildOnboardingPromptType: "OnboardingPromptType",
  GuildScheduledEventRecurrenceRuleFrequency: "RecurrenceRuleFrequency", GuildScheduledEventRecurrenceRuleWeekday: "RecurrenceRuleWeekday",
  GuildScheduledEventRecurrenceRuleMonth: "RecurrenceRuleMonth", GuildScheduledEventEntityType: "ScheduledEventEntityType",
  GuildScheduledEventStatus: "ScheduledEventStatus", GuildScheduledEventPrivacyLevel: "ScheduledEventPrivacyLevel",
  ApplicationCommandType: "CommandType", ApplicationCommandOptionType: "CommandOptionType", ApplicationCommandPermissionType: "CommandPermissionType",
  AuditLogEvent: "AuditLogEventType", AutoModerationRuleTriggerType: "AutoModerationTriggerType", AutoModerationRuleKeywordPresetType: "AutoModerationKeywordPresetType",
  AutoModerationRuleEventType: "AutoModerationEventType", OverwriteType: "PermissionOverwriteType", PresenceUpdateStatus: "Status",
  PresenceUpdateReceiveStatus: "Status", SelectMenuDefaultValueType: "SelectDefaultValueType", SortOrderType: "ForumSortOrder", ForumLayoutType: "ForumLayout",
  ThreadAutoArchiveDuration: "AutoArchiveDuration", UserPremiumType: "PremiumType", SKUType: "SkuType", SKUFlags: "SkuFlags", OAuth2Scopes: "OauthScope",
  AllowedMentionsTypes: "MentionType", TextChannelType: "ChannelType", GuildChannelType: "ChannelType", ApplicationCommandOptionAllowedChannelType: "ChannelType",
  TeamMemberMembershipState: "TeamMembershipState", EntryPointCommandHandlerType: "EntryPointHandlerType", VoiceChannelEffectSendAnimationType: "VoiceEffectAnimationType",
};

/** What each enumeration says, where its name does not. */
export const enumDocs = {
  AuditLogEventType: "What was done, in an entry of the audit log.", AuditLogOptionsType: "What an overwrite in the audit log is for.",
  Status: "How available a user is.", Locale: "A language.", GuildFeature: "Something that a guild has or may do.",
  OauthScope: "What an application may do for a user.", ActivityPlatform: "What a user's activity runs on.",
  EmbedType: "What an embed was made from.", MentionType: "What a message may ping by its text.",
  NameplatePalette: "Background of a nameplate.", ConnectionService: "Where a linked account is.", TeamMemberRole: "What someone may do in a team.",
  UnfurledMediaItemLoadingState: "How far Discord is with a picture or a video.",
};

/** Stand-ins of numbers that are missing, where they are not "unknown". */
export const standIns = {
  MessageType: 0, VerificationLevel: 0, DefaultMessageNotificationLevel: 0, ExplicitContentFilter: 0, MfaLevel: 0, NsfwLevel: 0, PremiumTier: 0,
  ButtonStyle: 2, TextInputStyle: 1, PermissionOverwriteType: 0, PollLayoutType: 1, CommandType: 1, ReactionType: 0, WebhookType: 1, InviteType: 0,
};

/** Numbers with a fraction. */
export const floats = ["volume", "sound_volume", "retry_after", "duration_secs"];

/** Texts that are hashes of pictures. */
export const hashes = ["avatar", "banner", "icon", "icon_hash", "splash", "discovery_splash", "badge", "cover_image", "image", "avatar_decoration", "asset"];

/** Texts that are times; `created_at` and the like by their ends. */
export const times = /(_at|timestamp|_until|_time|^premium_since|^expires|^expiry|^current_period_start|^current_period_end)$/;

/** Required ids without which an object cannot be told from others; other required ids may be absent. */
export const identities = ["id", "channel_id", "message_id", "user_id", "role_id", "rule_id", "sound_id", "guild_scheduled_event_id"];

/** Markers of ids by the field's name. */
export const markers = {
  guild_id: "Guild", source_guild_id: "Guild", identity_guild_id: "Guild", user_id: "User", owner_id: "User", creator_id: "User", bot_id: "User", message_author_id: "User",
  owner_user_id: "User", users: "User", user_ids: "User", participants: "User", not_found: "User", application_id: "Application",
  channel_id: "Channel", parent_id: "Channel", afk_channel_id: "Channel", system_channel_id: "Channel", widget_channel_id: "Channel",
  rules_channel_id: "Channel", public_updates_channel_id: "Channel", safety_alerts_channel_id: "Channel", channel_ids: "Channel", default_channel_ids: "Channel", exempt_channels: "Channel",
  role_id: "Role", roles: "Role", role_ids: "Role", mention_roles: "Role", exempt_roles: "Role", emoji_id: "Emoji",
  message_id: "Message", ids: "Message", target_message_id: "Message", original_response_message_id: "Message", interacted_message_id: "Message", alert_system_message_id: "Message",
  webhook_id: "Webhook", sku_id: "Sku", sku_ids: "Sku", renewal_sku_ids: "Sku", entitlement_ids: "Entitlement", primary_sku_id: "OauthSku",
  subscription_listing_id: "RoleSubscriptionSku", role_subscription_listing_id: "RoleSubscriptionSku", integration_id: "Integration", applied_tags: "Tag",
  guild_scheduled_event_id: "ScheduledEvent", rule_id: "AutoModerationRule", cover_sticker_id: "Sticker", banner_asset_id: "StickerBannerAsset", removed_member_ids: "User",
};

/** Schemas of Discord's OpenAPI description that are answers, and which of our types each is. */
export const schemas = {
  ActionRowComponentResponse: "Component", ApplicationCommandResponse: "Command", ApplicationResponse: "PartialApplication", PrivateApplicationResponse: "Application",
  ApplicationCommandStringOptionResponse: "CommandOption", ApplicationCommandIntegerOptionResponse: "CommandOption", ApplicationCommandSubcommandGroupOptionResponse: "CommandOption",
  ApplicationRoleConnectionsMetadataItemResponse: "ApplicationRoleConnectionMetadata", AttachmentResponse: "Attachment", AuditLogEntryResponse: "AuditLogEntry", AuditLogObjectChangeResponse: "AuditLogChange",
  BasicMessageResponse: "Message", MessageResponse: "Message", MessageSnapshotResponse: "MessageSnapshot", MessageAttachmentResponse: "Attachment", BulkBanUsersResponse: "BulkBan",
  ButtonComponentResponse: "Component", ChannelFollowerResponse: "FollowedChannel", ChannelPermissionOverwriteResponse: "PermissionOverwrite", ChannelSelectComponentResponse: "Component",
  CommandPermissionsResponse: "GuildCommandPermissions", ConnectedAccountResponse: "Connection", ContainerComponentResponse: "Component", CreatedThreadResponse: "Channel", EmojiResponse: "Emoji",
  EntitlementResponse: "Entitlement", ExternalScheduledEventResponse: "ScheduledEvent", StageScheduledEventResponse: "ScheduledEvent", VoiceScheduledEventResponse: "ScheduledEvent", ScheduledEventResponse: "ScheduledEvent",
  ScheduledEventUserResponse: "ScheduledEventUser", FileComponentResponse: "Component", ForumTagResponse: "ForumTag", GatewayBotResponse: "GatewayBotInfo", GuildAuditLogResponse: "AuditLog", GuildBanResponse: "Ban",
  GuildChannelResponse: "Channel", PrivateChannelResponse: "Channel", PrivateGroupChannelResponse: "Channel", ThreadResponse: "Channel", GuildIncidentsDataResponse: "IncidentsData", GuildIncomingWebhookResponse: "Webhook",
  ApplicationIncomingWebhookResponse: "Webhook", ChannelFollowerWebhookResponse: "Webhook", GuildInviteResponse: "Invite", GroupDMInviteResponse: "Invite", FriendInviteResponse: "Invite", GuildMemberResponse: "Member",
  PrivateGuildMemberResponse: "Member", GuildOnboardingResponse: "Onboarding", GuildPreviewResponse: "GuildPreview", GuildPruneResponse: "PruneCount", GuildResponse: "Guild", GuildWithCountsResponse: "Guild", GuildRoleResponse: "Role",
  GuildStickerResponse: "Sticker", StandardStickerResponse: "Sticker", StickerPackResponse: "StickerPack", GuildTemplateResponse: "Template", GuildWelcomeScreenResponse: "WelcomeScreen", DiscordIntegrationResponse: "Integration",
  ExternalConnectionIntegrationResponse: "Integration", GuildSubscriptionIntegrationResponse: "Integration", InteractionCallbackResponse: "InteractionCallbackResponse", KeywordRuleResponse: "AutoModerationRule",
  MLSpamRuleResponse: "AutoModerationRule", MentionSpamRuleResponse: "AutoModerationRule", DefaultKeywordRuleResponse: "AutoModerationRule", UserProfileRuleResponse: "AutoModerationRule", MediaGalleryComponentResponse: "Component",
  MentionableSelectComponentResponse: "Component", RoleSelectComponentResponse: "Component", UserSelectComponentResponse: "Component", StringSelectComponentResponse: "Component", SectionComponentResponse: "Component",
  SeparatorComponentResponse: "Component", TextDisplayComponentResponse: "Component", TextInputComponentResponse: "Component", ThumbnailComponentResponse: "Component", MessageEmbedResponse: "Embed", MessageReactionResponse: "Reaction",
  MessageReferenceResponse: "MessageReference", MyGuildResponse: "CurrentUserGuild", PinnedMessagesResponse: "PinsListing", PollResponse: "Poll", ResolvedObjectsResponse: "ResolvedData", SoundboardSoundResponse: "SoundboardSound",
  StageInstanceResponse: "StageInstance", SubscriptionResponse: "Subscription", TeamResponse: "Team", ThreadMemberResponse: "ThreadMember", ThreadsResponse: "ThreadsListing", UserResponse: "User", UserPIIResponse: "User",
  ActivitiesAttachmentResponse: "ApplicationAttachment", ApplicationUserRoleConnectionResponse: "ApplicationRoleConnection", GatewayResponse: "GatewayInfo",
  GuildHomeSettingsResponse: "NewMemberWelcome", GuildJoinRequestResponse: "JoinRequest", GuildJoinRequestsListResponse: "JoinRequests", GuildScheduledEventExceptionResponse: "ScheduledEventException", GuildSearchResponse: "MessageSearch",
  ListApplicationEmojisResponse: "EmojiList", ListGuildSoundboardSoundsResponse: "SoundboardSoundList", LobbyGuildInviteResponse: "LobbyInvite", LobbyMemberResponse: "LobbyMember", LobbyMessageResponse: "LobbyMessage", LobbyResponse: "Lobby",
  OAuth2GetAuthorizationResponse: "Authorization", OAuth2GetKeys: "PublicKeys", OAuth2GetOpenIDConnectUserInfoResponse: "UserInfo", PollAnswerDetailsResponse: "PollAnswerVoters", ProvisionalTokenResponse: "ProvisionalToken",
  ScheduledEventUserCountResponse: "ScheduledEventUserCounts", StickerPackCollectionResponse: "StickerPackList", TargetUsersJobStatusResponse: "InviteTargetUsersJob", ThreadSearchResponse: "ThreadsListing",
  VanityURLResponse: "VanityUrl", VoiceRegionResponse: "VoiceRegion", VoiceStateResponse: "VoiceState", WidgetResponse: "GuildWidget", WidgetSettingsResponse: "GuildWidgetSettings",
};
