// Where the published types and the platform's own pages differ, and the pages are right.
//
// `of` is a pattern of a kind or route, `path` one of a JSON path without indices.

const AUDIT_LOG = /^GUILD_AUDIT_LOG_ENTRY_CREATE$|audit-logs$/;

/** Fields that the types do not know: they are left out before the samples are compiled. */
const NEWER_FIELDS = [
  // https://docs.discord.com/developers/events/gateway-events#thread-members-update: members with their presence.
  {of: /^THREAD_MEMBERS_UPDATE$/, path: /^added_members\.presence$/},
  // Discord sends both with the metadata of a command; https://docs.discord.food/resources/message#message-interaction-metadata.
  {of: /./, path: /(^|\.)interaction_metadata\.(name|command_type)$/},
  // Of resolved channels (https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-resolved-data-structure).
  {of: /^INTERACTION_CREATE$/, path: /^data\.resolved\.channels\.(last_message_id|last_pin_timestamp|nsfw|parent_id|guild_id|flags|rate_limit_per_user|topic|position)$/},
  // Discord sends the user's permissions with an interaction's channel, and the number of the component that was used.
  {of: /^INTERACTION_CREATE$/, path: /^channel\.permissions$/},
  {of: /^INTERACTION_CREATE$/, path: /^data\.id$/, is: 'number'},
  // Discord's OpenAPI description has the guild's id beside the guild (GuildInviteResponse).
  {of: /invites/, path: /^guild_id$/},
  // https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-object.
  {of: /./, path: /(^|\.)(guild_scheduled_event_exceptions|guild_scheduled_event_exception_id)$/},
  // https://docs.discord.com/developers/resources/entitlement#entitlement-object-entitlement-example.
  {of: /./, path: /(^|\.)(gift_code_flags|promotion_id|subscription_id)$/},
  // Discord's OpenAPI description requires it of applications.
  {of: /applications/, path: /^(eligible_oauth2_scopes|explicit_content_filter|hook|max_participants)$/},
  {of: /applications\/(@me|\{application_id\})$/, path: /^type$/},
  // Audit-log entries of automatic actions and of exceptions: https://docs.discord.com/developers/resources/audit-log#audit-log-events.
  {of: AUDIT_LOG, path: /(^|\.)options\.(code|event_exception_id)$/},
  // Fields of Discord's OpenAPI description, or sent by the service, that the package lacks.
  {of: /scheduled-events.*users$/, path: /^(response|user_id)$/},
  {of: /integrations/, path: /^application\.type$/},
  {of: /messages\/search/, path: /^messages\.hit$/},
  {of: /skus$/, path: /^(access_type|dependent_sku_id|features|release_date|premium|show_age_gate|manifest_labels)$/},
  // Discord no longer documents it; discord.py 2.7.1 needs it.
  {of: /^INTEGRATION_|integrations/, path: /^application\.summary$/},
  // Discord sends these without documenting them; libraries ignore them.
  {of: /^READY$/, path: /^(guild_join_requests|private_channels|relationships|presences|session_type|user_settings|geo_ordered_rtc_regions|_trace)$/},
  {of: /^INVITE_CREATE$/, path: /^type$/},
  // https://docs.discord.com/developers/components/reference#unfurled-media-item-structure: attachment ids; the description has `id` too.
  {of: /./, path: /(^|\.)(media|file)\.id$/},
  // https://docs.discord.com/developers/resources/guild#guild-object has neither; Discord's OpenAPI description requires both.
  {of: /./, path: /^(guild\.)?(home_header|nsfw)$/},
];

/** Values that the types refuse. */
const NEWER_VALUES = [
  // https://docs.discord.com/developers/resources/audit-log#audit-log-change-object: keys are the names of the object's fields.
  {of: AUDIT_LOG, path: /(^|\.)changes\.key$/, value: /^(colors|parent_id|applied_tags|invitable|scheduled_start_time|scheduled_end_time|image|event_exception_id|event_id|is_canceled|features|incidents_data|default_channel_ids|prompts|in_onboarding|options|required|single_select|title|default_forum_layout|default_sort_order)$/},
  {of: AUDIT_LOG, path: /(^|\.)changes\.(old|new)_value\.((primary|secondary|tertiary)_color|dm_spam_detected_at|raid_detected_at|in_onboarding|single_select|required|title|options|channel_ids|role_ids|invites_disabled_until|dms_disabled_until)$/},
  // https://docs.discord.com/developers/resources/audit-log#audit-log-events: exceptions of scheduled events.
  {of: AUDIT_LOG, path: /(^|\.)action_type$/, value: /^20[0-2]$/},
  // Discord's OpenAPI description: null while the index is built.
  {of: /messages\/search/, path: /^documents_indexed$/},
  // https://docs.discord.com/developers/resources/stage-instance#stage-instance-object: null without an event.
  {of: /^STAGE_INSTANCE_|stage-instances/, path: /^guild_scheduled_event_id$/, value: /^null$/},
];

/** Fields that the types require and that the platform leaves out: they are filled in before the samples are compiled. */
const LEFT_OUT = [
  // https://docs.discord.com/developers/resources/channel#channel-object-example-dm-channel has no name.
  {when: object => object.type === 1 && Array.isArray(object.recipients), fields: {name: null}},
  // https://docs.discord.com/developers/events/gateway-events#guild-create: presences are partial.
  {of: /^GUILD_CREATE$/, path: /^presences$/, fields: {guild_id: '1'}},
];

const name = path => path.filter(step => !/^\d+$/.test(step)).join('.');

/** The value of a sample as the types are to see it. */
export function adapt({of, value}) {
  const unknown = NEWER_FIELDS.filter(entry => entry.of.test(of));
  const missing = LEFT_OUT.filter(entry => !entry.of || entry.of.test(of));
  const copy = (value, path) => {
    if (Array.isArray(value)) return value.map(item => copy(item, path));
    if (!value || typeof value !== 'object') return value;
    const fields = missing.filter(entry => (entry.path ? entry.path.test(name(path)) : entry.when(value))).map(entry => entry.fields);
    const kept = Object.entries(value).filter(([key, item]) => !unknown.some(entry => entry.path.test(name([...path, key])) && (!entry.is || typeof item === entry.is)));
    return Object.assign({}, ...fields, Object.fromEntries(kept.map(([key, item]) => [key, copy(item, [...path, key])])));
  };
  return copy(value, []);
}

/** Whether NEWER_VALUES has the place and the value of a fault. */
export function isAllowed({sample, path, value}) {
  return NEWER_VALUES.some(entry => entry.of.test(sample.of) && entry.path.test(name(path)) && (!entry.value || entry.value.test(value)));
}
