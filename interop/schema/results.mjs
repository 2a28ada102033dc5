// The published type of each route's answer. `undefined` is an answer without a body; `null` an answer that is no JSON.
//
// Where discord-api-types has no type for a route, it stands here with the page that it is from.

/** The form of every refusal: https://docs.discord.com/developers/reference#error-messages. */
export const ERROR = '{code: number; message: string; errors?: unknown}';

const NOTHING = 'undefined';
const GUILD_COMMAND = 'D.RESTGetAPIApplicationGuildCommandResult';
const MESSAGE = 'D.APIMessage';
const EVENT = 'D.APIGuildScheduledEvent';

export const RESULTS = {
  // Gateway and voice.
  'GET /gateway': 'D.RESTGetAPIGatewayResult',
  'GET /gateway/bot': 'D.RESTGetAPIGatewayBotResult',
  'GET /voice/regions': 'D.RESTGetAPIVoiceRegionsResult',
  'GET /guilds/{guild_id}/voice-states/@me': 'D.RESTGetAPIGuildVoiceStateCurrentMemberResult',
  'GET /guilds/{guild_id}/voice-states/{user_id}': 'D.RESTGetAPIGuildVoiceStateUserResult',
  'PATCH /guilds/{guild_id}/voice-states/@me': NOTHING,
  'PATCH /guilds/{guild_id}/voice-states/{user_id}': NOTHING,
  'PUT /channels/{channel_id}/voice-status': NOTHING,

  // Users.
  'GET /users/@me': 'D.RESTGetAPICurrentUserResult',
  'PATCH /users/@me': 'D.RESTPatchAPICurrentUserResult',
  'GET /users/{user_id}': 'D.RESTGetAPIUserResult',
  'GET /users/@me/guilds': 'D.RESTGetAPICurrentUserGuildsResult',
  'DELETE /users/@me/guilds/{guild_id}': NOTHING,
  'POST /users/@me/channels': 'D.RESTPostAPICurrentUserCreateDMChannelResult',

  // Applications.
  'GET /applications/@me': 'D.RESTGetCurrentApplicationResult',
  'GET /oauth2/applications/@me': 'D.RESTGetCurrentApplicationResult',
  'GET /applications/{application_id}': 'D.RESTGetCurrentApplicationResult',
  'PATCH /applications/@me': 'D.RESTPatchCurrentApplicationResult',
  'PATCH /applications/{application_id}': 'D.RESTPatchCurrentApplicationResult',
  'GET /applications/{application_id}/activity-instances/{instance_id}': 'D.RESTGetAPIApplicationActivityInstanceResult',
  // Discord's description: ActivitiesAttachmentResponse.
  'POST /applications/{application_id}/attachment': '{attachment: D.APIAttachment}',
  'GET /applications/{application_id}/role-connections/metadata': 'D.RESTGetAPIApplicationRoleConnectionMetadataResult',
  'PUT /applications/{application_id}/role-connections/metadata': 'D.RESTPutAPIApplicationRoleConnectionMetadataResult',

  // Commands and interactions.
  'GET /applications/{application_id}/commands': 'D.RESTGetAPIApplicationCommandsResult',
  'PUT /applications/{application_id}/commands': 'D.RESTPutAPIApplicationCommandsResult',
  'POST /applications/{application_id}/commands': 'D.RESTPostAPIApplicationCommandsResult',
  'GET /applications/{application_id}/commands/{command_id}': 'D.RESTGetAPIApplicationCommandResult',
  'PATCH /applications/{application_id}/commands/{command_id}': 'D.RESTPatchAPIApplicationCommandResult',
  'DELETE /applications/{application_id}/commands/{command_id}': NOTHING,
  'GET /applications/{application_id}/guilds/{guild_id}/commands': `${GUILD_COMMAND}[]`,
  'PUT /applications/{application_id}/guilds/{guild_id}/commands': `${GUILD_COMMAND}[]`,
  'POST /applications/{application_id}/guilds/{guild_id}/commands': GUILD_COMMAND,
  'GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}': GUILD_COMMAND,
  'PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}': GUILD_COMMAND,
  'DELETE /applications/{application_id}/guilds/{guild_id}/commands/{command_id}': NOTHING,
  'GET /applications/{application_id}/guilds/{guild_id}/commands/permissions': 'D.RESTGetAPIGuildApplicationCommandsPermissionsResult',
  'GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions': 'D.RESTGetAPIApplicationCommandPermissionsResult',
  'POST /interactions/{interaction_id}/{interaction_token}/callback': 'D.RESTPostAPIInteractionCallbackWithResponseResult | undefined',

  // Webhooks.
  'POST /channels/{channel_id}/followers': 'D.RESTPostAPIChannelFollowersResult',
  'GET /channels/{channel_id}/webhooks': 'D.RESTGetAPIChannelWebhooksResult',
  'POST /channels/{channel_id}/webhooks': 'D.RESTPostAPIChannelWebhookResult',
  'GET /guilds/{guild_id}/webhooks': 'D.RESTGetAPIGuildWebhooksResult',
  'GET /webhooks/{webhook_id}': 'D.RESTGetAPIWebhookResult',
  'DELETE /webhooks/{webhook_id}': NOTHING,
  'PATCH /webhooks/{webhook_id}': 'D.RESTPatchAPIWebhookResult',
  'GET /webhooks/{webhook_id}/{webhook_token}': 'D.RESTGetAPIWebhookWithTokenResult',
  'DELETE /webhooks/{webhook_id}/{webhook_token}': NOTHING,
  'PATCH /webhooks/{webhook_id}/{webhook_token}': 'D.RESTPatchAPIWebhookWithTokenResult',
  'POST /webhooks/{webhook_id}/{webhook_token}/github': NOTHING,
  // https://api.slack.com/messaging/webhooks: a Slack webhook answers with the text `ok`.
  'POST /webhooks/{webhook_id}/{webhook_token}/slack': null,
  'POST /webhooks/{webhook_id}/{webhook_token}': 'D.RESTPostAPIWebhookWithTokenWaitResult | undefined',
  'GET /webhooks/{webhook_id}/{webhook_token}/messages/@original': 'D.RESTGetAPIInteractionOriginalResponseResult',
  'PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original': 'D.RESTPatchAPIInteractionOriginalResponseResult',
  'DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original': NOTHING,
  'GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}': 'D.RESTGetAPIWebhookWithTokenMessageResult',
  'PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}': 'D.RESTPatchAPIWebhookWithTokenMessageResult',
  'DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}': NOTHING,

  // Guilds and their channels.
  'GET /guilds/{guild_id}': 'D.RESTGetAPIGuildResult',
  'GET /guilds/{guild_id}/preview': 'D.RESTGetAPIGuildPreviewResult',
  'PATCH /guilds/{guild_id}': 'D.RESTPatchAPIGuildResult',
  'GET /guilds/{guild_id}/regions': 'D.RESTGetAPIGuildVoiceRegionsResult',
  'GET /guilds/{guild_id}/vanity-url': 'D.RESTGetAPIGuildVanityUrlResult',
  // RESTGetAPIGuildChannelsResult has only the fields that all channels have.
  'GET /guilds/{guild_id}/channels': 'D.RESTGetAPIChannelResult[]',
  'POST /guilds/{guild_id}/channels': 'D.RESTPostAPIGuildChannelResult',
  'PATCH /guilds/{guild_id}/channels': NOTHING,
  'GET /channels/{channel_id}': 'D.RESTGetAPIChannelResult',
  'PATCH /channels/{channel_id}': 'D.RESTPatchAPIChannelResult',
  'DELETE /channels/{channel_id}': 'D.RESTDeleteAPIChannelResult',
  'POST /channels/{channel_id}/typing': NOTHING,
  'PUT /channels/{channel_id}/permissions/{overwrite_id}': NOTHING,
  'DELETE /channels/{channel_id}/permissions/{overwrite_id}': NOTHING,
  'GET /guilds/{guild_id}/audit-logs': 'D.RESTGetAPIAuditLogResult',

  // Members, bans and roles.
  'GET /guilds/{guild_id}/members': 'D.RESTGetAPIGuildMembersResult',
  'GET /guilds/{guild_id}/members/search': 'D.RESTGetAPIGuildMembersSearchResult',
  'GET /guilds/{guild_id}/members/{user_id}': 'D.RESTGetAPIGuildMemberResult',
  'PUT /guilds/{guild_id}/members/{user_id}': 'D.RESTPutAPIGuildMemberResult',
  'PATCH /guilds/{guild_id}/members/{user_id}': 'D.RESTPatchAPIGuildMemberResult',
  'PATCH /guilds/{guild_id}/members/@me': 'D.RESTPatchAPICurrentGuildMemberResult',
  'PATCH /guilds/{guild_id}/members/@me/nick': 'D.RESTPatchAPICurrentGuildMemberNicknameResult',
  'DELETE /guilds/{guild_id}/members/{user_id}': NOTHING,
  'PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}': NOTHING,
  'DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}': NOTHING,
  'GET /guilds/{guild_id}/bans': 'D.RESTGetAPIGuildBansResult',
  'GET /guilds/{guild_id}/bans/{user_id}': 'D.RESTGetAPIGuildBanResult',
  'PUT /guilds/{guild_id}/bans/{user_id}': NOTHING,
  'DELETE /guilds/{guild_id}/bans/{user_id}': NOTHING,
  'POST /guilds/{guild_id}/bulk-ban': 'D.RESTPostAPIGuildBulkBanResult',
  'GET /guilds/{guild_id}/prune': 'D.RESTGetAPIGuildPruneCountResult',
  'POST /guilds/{guild_id}/prune': 'D.RESTPostAPIGuildPruneResult',
  'GET /guilds/{guild_id}/roles': 'D.RESTGetAPIGuildRolesResult',
  'GET /guilds/{guild_id}/roles/member-counts': 'D.RESTGetAPIGuildRoleMemberCountsResult',
  'GET /guilds/{guild_id}/roles/{role_id}': 'D.RESTGetAPIGuildRoleResult',
  'POST /guilds/{guild_id}/roles': 'D.RESTPostAPIGuildRoleResult',
  'PATCH /guilds/{guild_id}/roles': 'D.RESTPatchAPIGuildRolePositionsResult',
  'PATCH /guilds/{guild_id}/roles/{role_id}': 'D.RESTPatchAPIGuildRoleResult',
  'DELETE /guilds/{guild_id}/roles/{role_id}': NOTHING,

  // Messages.
  'GET /channels/{channel_id}/messages': `${MESSAGE}[]`,
  'POST /channels/{channel_id}/messages': MESSAGE,
  'POST /channels/{channel_id}/messages/bulk-delete': NOTHING,
  'GET /channels/{channel_id}/messages/{message_id}': MESSAGE,
  'PATCH /channels/{channel_id}/messages/{message_id}': MESSAGE,
  'DELETE /channels/{channel_id}/messages/{message_id}': NOTHING,
  'POST /channels/{channel_id}/messages/{message_id}/crosspost': MESSAGE,
  'GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}': 'D.RESTGetAPIChannelMessageReactionUsersResult',
  'PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me': NOTHING,
  'DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me': NOTHING,
  'DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}': NOTHING,
  'DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}': NOTHING,
  'DELETE /channels/{channel_id}/messages/{message_id}/reactions': NOTHING,
  'GET /channels/{channel_id}/messages/pins': 'D.RESTGetAPIChannelMessagesPinsResult',
  'PUT /channels/{channel_id}/messages/pins/{message_id}': NOTHING,
  'DELETE /channels/{channel_id}/messages/pins/{message_id}': NOTHING,
  'GET /channels/{channel_id}/pins': 'D.RESTGetAPIChannelPinsResult',
  'PUT /channels/{channel_id}/pins/{message_id}': NOTHING,
  'DELETE /channels/{channel_id}/pins/{message_id}': NOTHING,
  'GET /channels/{channel_id}/polls/{message_id}/answers/{answer_id}': 'D.RESTGetAPIPollAnswerVotersResult',
  'POST /channels/{channel_id}/polls/{message_id}/expire': 'D.RESTPostAPIPollExpireResult',
  'GET /channels/{channel_id}/threads/search': 'D.APIThreadList & {total_results: number; has_more: boolean; first_messages?: D.APIMessage[]}',
  'GET /guilds/{guild_id}/messages/search': 'D.RESTGetAPIGuildMessagesSearchResult',

  // Threads.
  'POST /channels/{channel_id}/threads': "D.RESTPostAPIChannelThreadsResult & {message?: D.APIMessage}",
  'POST /channels/{channel_id}/messages/{message_id}/threads': 'D.RESTPostAPIChannelMessagesThreadsResult',
  'GET /guilds/{guild_id}/threads/active': 'D.RESTGetAPIGuildThreadsResult',
  'GET /channels/{channel_id}/threads/archived/public': 'D.RESTGetAPIChannelThreadsArchivedPublicResult',
  'GET /channels/{channel_id}/threads/archived/private': 'D.RESTGetAPIChannelThreadsArchivedPrivateResult',
  'GET /channels/{channel_id}/users/@me/threads/archived/private': 'D.RESTGetAPIChannelUsersThreadsArchivedResult',
  'GET /channels/{channel_id}/thread-members': 'D.RESTGetAPIChannelThreadMembersResult',
  'GET /channels/{channel_id}/thread-members/{user_id}': 'D.RESTGetAPIChannelThreadMemberResult',
  'PUT /channels/{channel_id}/thread-members/@me': NOTHING,
  'POST /channels/{channel_id}/thread-members/@me': NOTHING,
  'PUT /channels/{channel_id}/thread-members/{user_id}': NOTHING,
  'DELETE /channels/{channel_id}/thread-members/@me': NOTHING,
  'DELETE /channels/{channel_id}/thread-members/{user_id}': NOTHING,

  // Invites.
  'POST /channels/{channel_id}/invites': 'D.RESTPostAPIChannelInviteResult',
  'GET /channels/{channel_id}/invites': 'D.RESTGetAPIChannelInvitesResult',
  'GET /guilds/{guild_id}/invites': 'D.RESTGetAPIGuildInvitesResult',
  'GET /invites/{code}': 'D.RESTGetAPIInviteResult',
  'DELETE /invites/{code}': 'D.RESTDeleteAPIInviteResult & Partial<D.APIExtendedInvite>',
  // A file of comma-separated values.
  'GET /invites/{code}/target-users': null,
  'PUT /invites/{code}/target-users': NOTHING,
  'GET /invites/{code}/target-users/job-status': 'D.RESTGetAPIInviteTargetUsersJobStatusResult',

  // Emojis, stickers and sounds.
  'GET /guilds/{guild_id}/emojis': 'D.RESTGetAPIGuildEmojisResult',
  'GET /guilds/{guild_id}/emojis/{emoji_id}': 'D.RESTGetAPIGuildEmojiResult',
  'POST /guilds/{guild_id}/emojis': 'D.RESTPostAPIGuildEmojiResult',
  'PATCH /guilds/{guild_id}/emojis/{emoji_id}': 'D.RESTPatchAPIGuildEmojiResult',
  'DELETE /guilds/{guild_id}/emojis/{emoji_id}': NOTHING,
  'GET /applications/{application_id}/emojis': 'D.RESTGetAPIApplicationEmojisResult',
  'GET /applications/{application_id}/emojis/{emoji_id}': 'D.RESTGetAPIApplicationEmojiResult',
  'POST /applications/{application_id}/emojis': 'D.RESTPostAPIApplicationEmojiResult',
  'PATCH /applications/{application_id}/emojis/{emoji_id}': 'D.RESTPatchAPIApplicationEmojiResult',
  'DELETE /applications/{application_id}/emojis/{emoji_id}': NOTHING,
  'GET /guilds/{guild_id}/stickers': 'D.RESTGetAPIGuildStickersResult',
  'GET /guilds/{guild_id}/stickers/{sticker_id}': 'D.RESTGetAPIGuildStickerResult',
  'POST /guilds/{guild_id}/stickers': 'D.RESTPostAPIGuildStickerResult',
  'PATCH /guilds/{guild_id}/stickers/{sticker_id}': 'D.RESTPatchAPIGuildStickerResult',
  'DELETE /guilds/{guild_id}/stickers/{sticker_id}': NOTHING,
  'GET /stickers/{sticker_id}': 'D.RESTGetAPIStickerResult',
  'GET /sticker-packs': 'D.RESTGetStickerPacksResult',
  'GET /sticker-packs/{pack_id}': 'D.RESTGetAPIStickerPackResult',
  'POST /channels/{channel_id}/send-soundboard-sound': NOTHING,
  'GET /guilds/{guild_id}/soundboard-sounds': 'D.RESTGetAPIGuildSoundboardSoundsResult',
  'POST /guilds/{guild_id}/soundboard-sounds': 'D.RESTPostAPIGuildSoundboardSoundResult',
  'GET /guilds/{guild_id}/soundboard-sounds/{sound_id}': 'D.RESTGetAPIGuildSoundboardSoundResult',
  'DELETE /guilds/{guild_id}/soundboard-sounds/{sound_id}': NOTHING,
  'PATCH /guilds/{guild_id}/soundboard-sounds/{sound_id}': 'D.RESTPatchAPIGuildSoundboardSoundResult',
  'GET /soundboard-default-sounds': 'D.RESTGetAPISoundboardDefaultSoundsResult',

  // Stages and scheduled events.
  'POST /stage-instances': 'D.RESTPostAPIStageInstanceResult',
  'GET /stage-instances/{channel_id}': 'D.RESTGetAPIStageInstanceResult',
  'DELETE /stage-instances/{channel_id}': NOTHING,
  'PATCH /stage-instances/{channel_id}': 'D.RESTPatchAPIStageInstanceResult',
  'GET /guilds/{guild_id}/scheduled-events': `${EVENT}[]`,
  'POST /guilds/{guild_id}/scheduled-events': EVENT,
  'GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}': EVENT,
  'DELETE /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}': NOTHING,
  'PATCH /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}': EVENT,
  'POST /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions': 'EventException',
  'DELETE /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}': NOTHING,
  'PATCH /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}': 'EventException',
  'GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users': 'D.RESTGetAPIGuildScheduledEventUsersResult',
  // Discord's description: ScheduledEventUserCountResponse.
  'GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/counts': '{guild_scheduled_event_count: number; guild_scheduled_event_exception_counts: Record<string, number>}',
  'GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/{guild_scheduled_event_exception_id}/users': 'D.RESTGetAPIGuildScheduledEventUsersResult',

  // Moderation, templates and pages of a guild.
  'GET /guilds/{guild_id}/auto-moderation/rules': 'D.RESTGetAPIAutoModerationRulesResult',
  'POST /guilds/{guild_id}/auto-moderation/rules': 'D.RESTPostAPIAutoModerationRuleResult',
  'GET /guilds/{guild_id}/auto-moderation/rules/{rule_id}': 'D.RESTGetAPIAutoModerationRuleResult',
  'DELETE /guilds/{guild_id}/auto-moderation/rules/{rule_id}': NOTHING,
  'PATCH /guilds/{guild_id}/auto-moderation/rules/{rule_id}': 'D.RESTPatchAPIAutoModerationRuleResult',
  'GET /guilds/templates/{code}': 'Template',
  'GET /guilds/{guild_id}/templates': 'Template[]',
  'POST /guilds/{guild_id}/templates': 'Template',
  'PUT /guilds/{guild_id}/templates/{code}': 'Template',
  'DELETE /guilds/{guild_id}/templates/{code}': 'Template',
  'PATCH /guilds/{guild_id}/templates/{code}': 'Template',
  'GET /guilds/{guild_id}/onboarding': 'D.RESTGetAPIGuildOnboardingResult',
  'PUT /guilds/{guild_id}/onboarding': 'D.RESTPutAPIGuildOnboardingResult',
  'GET /guilds/{guild_id}/welcome-screen': 'D.RESTGetAPIGuildWelcomeScreenResult',
  'PATCH /guilds/{guild_id}/welcome-screen': 'D.RESTPatchAPIGuildWelcomeScreenResult',
  'GET /guilds/{guild_id}/widget': 'D.RESTGetAPIGuildWidgetSettingsResult',
  'PATCH /guilds/{guild_id}/widget': 'D.RESTPatchAPIGuildWidgetSettingsResult',
  'GET /guilds/{guild_id}/widget.json': 'D.RESTGetAPIGuildWidgetJSONResult',
  'GET /guilds/{guild_id}/widget.png': null,
  'GET /guilds/{guild_id}/integrations': 'D.RESTGetAPIGuildIntegrationsResult',
  'DELETE /guilds/{guild_id}/integrations/{integration_id}': NOTHING,
  'PUT /guilds/{guild_id}/incident-actions': 'D.RESTPutAPIGuildIncidentActionsResult',

  // Requests to join, and a page for new members: types of Discord's description.
  'GET /guilds/{guild_id}/requests': '{total?: number; guild_join_requests?: JoinRequest[]}',
  'PATCH /guilds/{guild_id}/requests/{request_id}': 'JoinRequest',
  'GET /guilds/{guild_id}/new-member-welcome': NOTHING,
  'POST /guilds/{guild_id}/mfa': 'D.RESTPostAPIGuildsMFAResult',

  // Monetization.
  'GET /applications/{application_id}/skus': 'D.RESTGetAPISKUsResult',
  'GET /applications/{application_id}/entitlements': 'D.RESTGetAPIEntitlementsResult',
  'POST /applications/{application_id}/entitlements': 'D.APIEntitlement',
  'GET /applications/{application_id}/entitlements/{entitlement_id}': 'D.RESTGetAPIEntitlementResult',
  'DELETE /applications/{application_id}/entitlements/{entitlement_id}': NOTHING,
  'POST /applications/{application_id}/entitlements/{entitlement_id}/consume': NOTHING,
  'GET /skus/{sku_id}/subscriptions': 'D.RESTGetAPISKUSubscriptionsResult',
  'GET /skus/{sku_id}/subscriptions/{subscription_id}': 'D.RESTGetAPISKUSubscriptionResult',

  // Lobbies and the Social SDK: types of https://docs.discord.com/developers/resources/lobby and of Discord's description.
  'PUT /lobbies': 'Lobby',
  'POST /lobbies': 'Lobby',
  'GET /lobbies/{lobby_id}': 'Lobby',
  'DELETE /lobbies/{lobby_id}': NOTHING,
  'PATCH /lobbies/{lobby_id}': 'Lobby',
  'PATCH /lobbies/{lobby_id}/channel-linking': 'Lobby',
  'DELETE /lobbies/{lobby_id}/members/@me': NOTHING,
  'POST /lobbies/{lobby_id}/members/@me/invites': '{code: string}',
  'POST /lobbies/{lobby_id}/members/bulk': 'LobbyMember[]',
  'PUT /lobbies/{lobby_id}/members/{user_id}': 'LobbyMember',
  'DELETE /lobbies/{lobby_id}/members/{user_id}': NOTHING,
  'POST /lobbies/{lobby_id}/members/{user_id}/invites': '{code: string}',
  'GET /lobbies/{lobby_id}/messages': 'LobbyMessage[]',
  'POST /lobbies/{lobby_id}/messages': 'LobbyMessage',
  'PUT /lobbies/{lobby_id}/messages/{message_id}/moderation-metadata': NOTHING,
  'PUT /partner-sdk/dms/{user_id_1}/{user_id_2}/messages/{message_id}/moderation-metadata': NOTHING,
  'POST /partner-sdk/provisional-accounts/unmerge/bot': NOTHING,
  'POST /partner-sdk/token/bot': '{token_type: string; access_token: string; expires_in: number; scope: string; id_token: string; refresh_token?: string | null; scopes?: string[] | null; expires_at_s?: number | null}',
  'GET /oauth2/keys': '{keys: {kty: string; use: string; kid: string; n: string; e: string; alg: string}[]}',
};

/** Types of answers that discord-api-types does not have. */
export const OTHER_TYPES = `
// The package has the snapshot as a request to create a guild takes it; Discord's description has another.
type Template = Omit<D.APITemplate, 'serialized_source_guild'> & {serialized_source_guild: object};
type EventException = {event_id: string; event_exception_id: string; scheduled_start_time: string | null; scheduled_end_time: string | null; is_canceled: boolean};
type EventExceptionEvent = EventException & {guild_id?: string};
type JoinRequest = {
  id: string; created_at: string; reviewed_at: string | null; application_status: 'STARTED' | 'SUBMITTED' | 'REJECTED' | 'APPROVED' | null;
  rejection_reason: string | null; guild_id: string; user_id: string; user?: D.APIUser | null; form_responses?: object[] | null; actioned_by_user?: D.APIUser | null;
};
type Metadata = Record<string, string>;
type LobbyMember = {id: string; metadata: Metadata | null; flags: number; additional_name?: string};
type Lobby = {
  id: string; application_id: string; metadata: Metadata | null; members: LobbyMember[]; linked_channel?: D.APIChannel; flags: number;
  override_event_webhooks_url?: string | null;
};
type LobbyMessage = {
  id: string; type: D.MessageType; content: string; lobby_id: string; channel_id: string; author: D.APIUser; lobby_member?: object; metadata?: Metadata;
  moderation_metadata?: Metadata; flags: number; application_id?: string;
};
`;
