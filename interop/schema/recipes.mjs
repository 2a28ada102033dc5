// Calls every route of the simulated Discord with valid input, in an order in which each finds what it needs.
//
// A route with several kinds of answers is called for each kind. Refusals are called too, for Discord's form of errors.
import {until} from './simulator.mjs';

/** A PNG of one transparent pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');
const IMAGE = `data:image/png;base64,${PIXEL.toString('base64')}`;
/** An MP3 of one silent frame: MPEG 1, layer III, 128 kbit/s, 44.1 kHz. */
const SILENCE = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x00]), Buffer.alloc(413)]);
const SOUND = `data:audio/mpeg;base64,${SILENCE.toString('base64')}`;

/** Routes that no bot can call with success, with the reason; they are called for their refusals. */
export const NEVER_ANSWERED = {
  'GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions': 'no command has permissions of its own',
  'PUT /partner-sdk/dms/{user_id_1}/{user_id_2}/messages/{message_id}/moderation-metadata': 'no two people write to each other',
  'POST /guilds/{guild_id}/mfa': 'no bot owns a guild',
  'GET /applications/{application_id}/activity-instances/{instance_id}': 'there are no activities',
  'GET /sticker-packs/{pack_id}': 'there are no packs',
};

const HOUR = 3_600_000;
const soon = hours => new Date(Date.now() + hours * HOUR).toISOString();

export async function callEveryRoute(simulator, requests, [bot], frames) {
  await simulator.do('discord', 'unlimited');
  const {guild_id, channel_id, voice_channel_id, accounts, user_id: moderator_id} = simulator.addresses.discord;
  const cantor = accounts.find(account => account.username === 'cantor');
  const at = {
    simulator, bot, frames, guild_id, channel_id, voice_channel_id, moderator_id,
    application_id: cantor.application_id,
    own_id: cantor.user_id,
    r: (route, parameters) => requests.call(route, parameters),
  };
  const members = await at.r('GET /guilds/{guild_id}/members', {guild_id, query: {limit: 100}});
  at.people = members.filter(member => !member.user.bot).map(member => member.user);
  for (const group of [
    gatewayAndUsers, applications, commands, interactions, guild, channels, roles, members_, joinRequests, bans, messages, reactions, pins, polls, threads, invites,
    webhooks, emojis, stickers, sounds, voice, stages, scheduledEvents, autoModeration, templates, pages, integrations, search, monetization, socialSdk, refusals, leaving,
  ]) {
    try {
      await group(at);
    } catch (error) {
      requests.surprises.push(`${group.name}: the recipe stops: ${error.stack.split('\n').slice(0, 3).join(' ')}`);
    }
  }
}

async function gatewayAndUsers({r, own_id, people}) {
  await r('GET /gateway', {as: null});
  await r('GET /gateway/bot');
  await r('GET /users/@me');
  await r('PATCH /users/@me', {body: {username: 'cantor'}});
  await r('GET /users/{user_id}', {user_id: own_id});
  await r('GET /users/{user_id}', {user_id: people[0].id});
  await r('GET /users/@me/guilds');
  await r('GET /users/@me/guilds', {query: {with_counts: 'true', limit: 1}});
  await r('POST /users/@me/channels', {body: {recipient_id: people[0].id}});
}

async function applications({r, application_id}) {
  await r('GET /applications/@me');
  await r('GET /oauth2/applications/@me');
  await r('GET /applications/{application_id}', {application_id});
  await r('PATCH /applications/@me', {body: {description: 'sings', tags: ['music'], icon: IMAGE}});
  await r('PATCH /applications/{application_id}', {application_id, body: {description: 'sings aloud'}});
  await r('GET /applications/{application_id}/activity-instances/{instance_id}', {application_id, instance_id: 'i-1', fails: true});
  const metadata = [{type: 2, key: 'songs', name: 'Songs', description: 'Songs sung'}];
  await r('PUT /applications/{application_id}/role-connections/metadata', {application_id, body: metadata});
  await r('GET /applications/{application_id}/role-connections/metadata', {application_id});
  await r('POST /applications/{application_id}/attachment', {application_id, files: {file: PIXEL}});
}

async function commands({r, application_id, guild_id, people}) {
  const options = [
    {type: 3, name: 'song', description: 'Which song', required: true, autocomplete: true, min_length: 1, max_length: 50},
    {type: 4, name: 'times', description: 'How often', choices: [{name: 'once', value: 1}, {name: 'twice', value: 2}]},
    {type: 7, name: 'where', description: 'Which channel', channel_types: [0, 2]},
    {type: 10, name: 'pitch', description: 'How high', min_value: 0.5, max_value: 2},
    {type: 11, name: 'score', description: 'The notes'},
  ];
  const nested = [{type: 2, name: 'queue', description: 'The queue', options: [{type: 1, name: 'clear', description: 'Clears it', options: [{type: 6, name: 'of', description: 'Whose'}]}]}];
  const all = [
    {name: 'sing', description: 'Sings', type: 1, options, name_localizations: {de: 'singe'}, default_member_permissions: '0', contexts: [0, 1], integration_types: [0]},
    {name: 'manage', description: 'Manages', options: nested, nsfw: false},
    {name: 'Applaud', type: 2},
    {name: 'Sing this', type: 3},
  ];
  for (const [base, parameters] of [
    ['/applications/{application_id}/commands', {application_id}],
    ['/applications/{application_id}/guilds/{guild_id}/commands', {application_id, guild_id}],
  ]) {
    const [one] = await r(`PUT ${base}`, {...parameters, body: all});
    await r(`GET ${base}`, parameters);
    await r(`GET ${base}`, {...parameters, query: {with_localizations: 'true'}});
    const {id: command_id} = await r(`POST ${base}`, {...parameters, body: {name: 'hum', description: 'Hums'}});
    await r(`GET ${base}/{command_id}`, {...parameters, command_id});
    await r(`PATCH ${base}/{command_id}`, {...parameters, command_id, body: {description: 'Hums softly'}});
    await r(`DELETE ${base}/{command_id}`, {...parameters, command_id});
    await r(`GET ${base}/{command_id}`, {...parameters, command_id: one.id});
  }
  const here = '/applications/{application_id}/guilds/{guild_id}/commands';
  const [first] = await r(`GET ${here}`, {application_id, guild_id});
  const permissions = [{id: people[0].id, type: 2, permission: true}];
  await r(`PUT ${here}/{command_id}/permissions`, {application_id, guild_id, command_id: first.id, body: {permissions}, fails: true});
  await r(`GET ${here}/{command_id}/permissions`, {application_id, guild_id, command_id: first.id, fails: true});
  await r(`GET ${here}/permissions`, {application_id, guild_id});
}

/** Everything that a message can be made of, as bodies of `POST …/messages`. */
const BUTTONS = [{type: 1, components: [
  {type: 2, style: 1, label: 'Again', custom_id: 'again', emoji: {name: '🔁'}},
  {type: 2, style: 5, label: 'Notes', url: 'https://example.org/notes'},
]}];
const SELECTS = [
  {type: 1, components: [{type: 3, custom_id: 'voice', placeholder: 'Voice', min_values: 1, max_values: 2, options: [{label: 'alto', value: 'a', description: 'low', default: true}, {label: 'tenor', value: 't', emoji: {name: '🎶'}}]}]},
  {type: 1, components: [{type: 5, custom_id: 'who'}]},
  {type: 1, components: [{type: 6, custom_id: 'role'}]},
  {type: 1, components: [{type: 7, custom_id: 'either'}]},
  {type: 1, components: [{type: 8, custom_id: 'where', channel_types: [0]}]},
];
const LAYOUT = [{type: 17, accent_color: 255, spoiler: false, components: [
  {type: 10, content: '# Evensong'},
  {type: 14, divider: true, spacing: 1},
  {type: 9, components: [{type: 10, content: 'Psalm 23'}], accessory: {type: 2, style: 2, label: 'Sing', custom_id: 'sing'}},
  {type: 9, components: [{type: 10, content: 'Cover'}], accessory: {type: 11, media: {url: 'https://example.org/cover.png'}}},
  {type: 12, items: [{media: {url: 'https://example.org/choir.png'}, description: 'the choir'}]},
]}];
const EMBED = {
  title: 'Evensong', description: 'Psalm 23', url: 'https://example.org', timestamp: '2026-01-05T20:00:00.000Z', color: 255,
  footer: {text: 'Amen', icon_url: 'https://example.org/f.png'}, image: {url: 'https://example.org/i.png'},
  thumbnail: {url: 'https://example.org/t.png'}, author: {name: 'Mira', url: 'https://example.org/m'}, fields: [{name: 'Key', value: 'D', inline: true}, {name: 'Mode', value: 'dorian'}],
};

async function interactions({r, simulator, frames, application_id, channel_id, guild_id, people}) {
  const by = people[0].username;
  const heard = async (name, fields) => {
    const {interaction} = await simulator.do('discord', name, {by, bot: 'cantor', ...fields});
    const find = () => frames.find(frame => frame.t === 'INTERACTION_CREATE' && frame.d.id === interaction)?.d;
    await until(find, () => `INTERACTION_CREATE ${interaction}`);
    return find();
  };
  const sing = () => heard('command', {name: 'sing', options: [{name: 'song', type: 3, value: 'Tide'}, {name: 'where', type: 7, value: channel_id}]});
  const callback = 'POST /interactions/{interaction_id}/{interaction_token}/callback';
  const answer = (interaction, body, query = {with_response: 'true'}) =>
    r(callback, {interaction_id: interaction.id, interaction_token: interaction.token, as: null, query, body});
  const hook = interaction => ({webhook_id: application_id, webhook_token: interaction.token, as: null});
  const messages = '/webhooks/{webhook_id}/{webhook_token}/messages';

  // An answer at once, with everything that can be done with it.
  const first = await sing();
  await answer(first, {type: 4, data: {content: 'gladly', components: BUTTONS, embeds: [EMBED]}});
  const {id: message} = await r(`GET ${messages}/@original`, hook(first));
  await r(`PATCH ${messages}/@original`, {...hook(first), body: {content: 'very gladly'}});
  const more = await r('POST /webhooks/{webhook_id}/{webhook_token}', {...hook(first), body: {content: 'and more', flags: 64}, query: {wait: 'true'}});
  await r(`GET ${messages}/{message_id}`, {...hook(first), message_id: more.id});
  await r(`PATCH ${messages}/{message_id}`, {...hook(first), message_id: more.id, body: {content: 'enough'}});
  await r(`DELETE ${messages}/{message_id}`, {...hook(first), message_id: more.id});

  // Components of the answer: an update, a deferred one, and a modal that is filled in.
  const press = () => heard('press', {custom_id: 'again', message});
  await answer(await press(), {type: 7, data: {content: 'again'}});
  const deferred = await press();
  await answer(deferred, {type: 6});
  await r(`PATCH ${messages}/@original`, {...hook(deferred), body: {content: 'again, later'}});
  const form = [{type: 1, components: [{type: 4, custom_id: 'text', style: 1, label: 'Text'}]}];
  await answer(await press(), {type: 9, data: {custom_id: 'form', title: 'Form', components: form}});
  await answer(await heard('submit', {custom_id: 'form', fields: {text: 'a hymn'}}), {type: 4, data: {content: 'thanks'}});

  // Selects of every kind, menus of users and messages, subcommands, and words that are being typed.
  const {id: chooser} = await r('POST /channels/{channel_id}/messages', {channel_id, body: {content: 'choose', components: SELECTS}});
  const roles = await r('GET /guilds/{guild_id}/roles', {guild_id});
  for (const [custom_id, values] of [['voice', ['a']], ['who', [people[1].id]], ['role', [roles[0].id]], ['either', [people[1].id]], ['where', [channel_id]]]) {
    await answer(await heard('select', {custom_id, values, message: chooser}), {type: 4, data: {content: 'so be it', flags: 64}});
  }
  await answer(await heard('context', {name: 'Applaud', target: people[1].username}), {type: 4, data: {content: 'clap'}});
  await answer(await heard('context', {name: 'Sing this', target: chooser}), {type: 4, data: {content: 'la'}});
  await answer(await heard('command', {name: 'manage queue clear', options: [{name: 'of', type: 6, value: people[1].id}]}), {type: 4, data: {content: 'done'}});
  const choices = [{name: 'Tide', value: 'tide'}];
  await answer(await heard('autocomplete', {name: 'sing', options: [{name: 'song', type: 3, value: 'Ti'}], focused: 'song'}), {type: 8, data: {choices}});

  // A late answer, which is deleted, and one without an answer to its callback.
  const late = await sing();
  await answer(late, {type: 5, data: {flags: 64}});
  await r(`PATCH ${messages}/@original`, {...hook(late), body: {content: 'at last', embeds: [EMBED]}});
  await r(`DELETE ${messages}/@original`, hook(late));
  await answer(await sing(), {type: 4, data: {content: 'quietly'}}, {});
  await r('GET /channels/{channel_id}/messages', {channel_id, query: {limit: 50}});
}

async function guild({r, guild_id}) {
  await r('GET /guilds/{guild_id}', {guild_id});
  await r('GET /guilds/{guild_id}', {guild_id, query: {with_counts: 'true'}});
  await r('GET /guilds/{guild_id}/preview', {guild_id});
  const {name} = await r('GET /guilds/{guild_id}', {guild_id});
  await r('PATCH /guilds/{guild_id}', {guild_id, body: {name, description: 'we sing', verification_level: 2, default_message_notifications: 1, afk_timeout: 300, preferred_locale: 'de'}});
  await r('GET /guilds/{guild_id}/regions', {guild_id});
  await r('GET /guilds/{guild_id}/vanity-url', {guild_id});
  await r('POST /guilds/{guild_id}/mfa', {guild_id, body: {level: 1}, fails: true});
}

async function channels({r, guild_id, channel_id, people}) {
  const {id: parent_id} = await r('POST /guilds/{guild_id}/channels', {guild_id, body: {name: 'shelf', type: 4}});
  const tags = [{name: 'hymn', moderated: false, emoji_name: '🎶'}, {name: 'psalm'}];
  for (const body of [
    {name: 'plain', topic: 'plainsong', rate_limit_per_user: 5, nsfw: true, parent_id},
    {name: 'aloud', type: 2, bitrate: 64000, user_limit: 10, rtc_region: 'rotterdam', video_quality_mode: 2},
    {name: 'news', type: 5},
    {name: 'pulpit', type: 13},
    {name: 'forum', type: 15, topic: 'rules', available_tags: tags, default_reaction_emoji: {emoji_name: '👍'}, default_sort_order: 1, default_forum_layout: 1, default_thread_rate_limit_per_user: 5},
    {name: 'media', type: 16},
  ]) {
    const made = await r('POST /guilds/{guild_id}/channels', {guild_id, body});
    await r('GET /channels/{channel_id}', {channel_id: made.id});
    await r('PATCH /channels/{channel_id}', {channel_id: made.id, body: {name: `${body.name}-2`}});
    await r('PATCH /guilds/{guild_id}/channels', {guild_id, body: [{id: made.id, position: 3}]});
    await r('PUT /channels/{channel_id}/permissions/{overwrite_id}', {channel_id: made.id, overwrite_id: people[0].id, body: {type: 1, allow: '1024', deny: '2048'}});
    await r('DELETE /channels/{channel_id}/permissions/{overwrite_id}', {channel_id: made.id, overwrite_id: people[0].id});
    await r('DELETE /channels/{channel_id}', {channel_id: made.id});
  }
  await r('GET /guilds/{guild_id}/channels', {guild_id});
  const {id: dm} = await r('POST /users/@me/channels', {body: {recipient_id: people[1].id}});
  await r('GET /channels/{channel_id}', {channel_id: dm});
  await r('POST /channels/{channel_id}/messages', {channel_id: dm, body: {content: 'psst'}});
  await r('POST /channels/{channel_id}/typing', {channel_id});
}

async function roles({r, guild_id, people}) {
  const body = {name: 'alto', permissions: '1024', color: 255, hoist: true, mentionable: true};
  const {id: role_id} = await r('POST /guilds/{guild_id}/roles', {guild_id, body});
  await r('GET /guilds/{guild_id}/roles', {guild_id});
  await r('GET /guilds/{guild_id}/roles/{role_id}', {guild_id, role_id});
  await r('PATCH /guilds/{guild_id}/roles/{role_id}', {guild_id, role_id, body: {name: 'contralto', colors: {primary_color: 1, secondary_color: 2, tertiary_color: null}}});
  await r('PATCH /guilds/{guild_id}/roles', {guild_id, body: [{id: role_id, position: 1}]});
  await r('PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}', {guild_id, role_id, user_id: people[0].id});
  await r('GET /guilds/{guild_id}/roles/member-counts', {guild_id});
  await r('GET /guilds/{guild_id}/members/{user_id}', {guild_id, user_id: people[0].id});
  await r('DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}', {guild_id, role_id, user_id: people[0].id});
  await r('DELETE /guilds/{guild_id}/roles/{role_id}', {guild_id, role_id});
}

async function members_({r, simulator, guild_id, people}) {
  const until = soon(1);
  await r('GET /guilds/{guild_id}/members/search', {guild_id, query: {query: people[0].username.slice(0, 3), limit: 5}});
  await r('PATCH /guilds/{guild_id}/members/{user_id}', {guild_id, user_id: people[1].id, body: {nick: 'descant', communication_disabled_until: until}});
  await r('GET /guilds/{guild_id}/members/{user_id}', {guild_id, user_id: people[1].id});
  await r('PATCH /guilds/{guild_id}/members/{user_id}', {guild_id, user_id: people[1].id, body: {nick: null, communication_disabled_until: null}});
  await r('PATCH /guilds/{guild_id}/members/@me', {guild_id, body: {nick: 'precentor'}});
  await r('PATCH /guilds/{guild_id}/members/@me/nick', {guild_id, body: {nick: 'first precentor'}});
  await simulator.do('discord', 'join', {by: 'visitor'});
  const [visitor] = await r('GET /guilds/{guild_id}/members/search', {guild_id, query: {query: 'visitor'}});
  await r('DELETE /guilds/{guild_id}/members/{user_id}', {guild_id, user_id: visitor.user.id});
  await r('PUT /guilds/{guild_id}/members/{user_id}', {guild_id, user_id: visitor.user.id, body: {access_token: 'visitor', nick: 'back'}});
  await r('PUT /guilds/{guild_id}/members/{user_id}', {guild_id, user_id: visitor.user.id, body: {access_token: 'visitor'}});
}

async function joinRequests({r, simulator, guild_id}) {
  const asked = [];
  for (const by of ['knocker', 'second knocker']) asked.push((await simulator.do('discord', 'ask_to_join', {by})).request);
  await r('GET /guilds/{guild_id}/requests', {guild_id, query: {status: 'SUBMITTED', limit: 10}});
  await r('PATCH /guilds/{guild_id}/requests/{request_id}', {guild_id, request_id: asked[0], body: {action: 'APPROVED'}});
  await r('PATCH /guilds/{guild_id}/requests/{request_id}', {guild_id, request_id: asked[1], body: {action: 'REJECTED', rejection_reason: 'no voice'}});
  await r('GET /guilds/{guild_id}/requests', {guild_id});
}

async function bans({r, simulator, guild_id}) {
  const found = [];
  for (const by of ['rude', 'ruder', 'rudest']) {
    await simulator.do('discord', 'join', {by});
    const [member] = await r('GET /guilds/{guild_id}/members/search', {guild_id, query: {query: by}});
    found.push(member.user.id);
  }
  const [user_id, ...others] = found;
  await r('PUT /guilds/{guild_id}/bans/{user_id}', {guild_id, user_id, body: {delete_message_seconds: 60}});
  await r('GET /guilds/{guild_id}/bans/{user_id}', {guild_id, user_id});
  await r('GET /guilds/{guild_id}/bans', {guild_id});
  await r('DELETE /guilds/{guild_id}/bans/{user_id}', {guild_id, user_id});
  await r('POST /guilds/{guild_id}/bulk-ban', {guild_id, body: {user_ids: others}});
  await r('GET /guilds/{guild_id}/prune', {guild_id, query: {days: 7}});
  await r('POST /guilds/{guild_id}/prune', {guild_id, body: {days: 30, compute_prune_count: true}});
  await r('POST /guilds/{guild_id}/prune', {guild_id, body: {days: 30, compute_prune_count: false}});
  await r('GET /guilds/{guild_id}/audit-logs', {guild_id, query: {limit: 100}});
}

async function messages({r, guild_id, channel_id, people}) {
  const post = (body, more) => r('POST /channels/{channel_id}/messages', {channel_id, body, ...more});
  const first = await post({content: `hear <@${people[0].id}> @everyone`, nonce: '17', allowed_mentions: {parse: ['users']}});
  await post({content: 'a reply', message_reference: {message_id: first.id}});
  await post({message_reference: {type: 1, message_id: first.id, channel_id}});
  await post({embeds: [EMBED], tts: false, flags: 4});
  await post({content: 'press', components: BUTTONS});
  await post({content: 'choose', components: SELECTS});
  await post({flags: 1 << 15, components: LAYOUT});
  await post({content: 'look', attachments: [{id: 0, filename: 'pixel.png', description: 'a pixel'}]}, {files: {'files[0]': PIXEL}});
  await r('PATCH /channels/{channel_id}/messages/{message_id}', {channel_id, message_id: first.id, body: {content: 'hear all', embeds: [EMBED]}});
  await r('GET /channels/{channel_id}/messages/{message_id}', {channel_id, message_id: first.id});
  for (const query of [{limit: 100}, {before: first.id, limit: 5}, {around: first.id, limit: 5}]) await r('GET /channels/{channel_id}/messages', {channel_id, query});
  await r('DELETE /channels/{channel_id}/messages/{message_id}', {channel_id, message_id: first.id});
  const some = [await post({content: 'one'}), await post({content: 'two'})];
  await r('POST /channels/{channel_id}/messages/bulk-delete', {channel_id, body: {messages: some.map(one => one.id)}});
  const news = await r('POST /guilds/{guild_id}/channels', {guild_id, body: {name: 'gazette', type: 5}});
  const item = await r('POST /channels/{channel_id}/messages', {channel_id: news.id, body: {content: 'news'}});
  await r('POST /channels/{channel_id}/messages/{message_id}/crosspost', {channel_id: news.id, message_id: item.id});
  await r('GET /channels/{channel_id}/messages', {channel_id: news.id});
}

async function reactions({r, channel_id, simulator, people}) {
  const {id: message_id} = await r('POST /channels/{channel_id}/messages', {channel_id, body: {content: 'react'}});
  const here = '/channels/{channel_id}/messages/{message_id}/reactions';
  const on = {channel_id, message_id, emoji_name: '🎉'};
  await r(`PUT ${here}/{emoji_name}/@me`, on);
  await simulator.do('discord', 'react', {message: message_id, by: people[0].username, emoji: '🎉'});
  await r(`GET ${here}/{emoji_name}`, on);
  await r('GET /channels/{channel_id}/messages/{message_id}', {channel_id, message_id});
  await r(`DELETE ${here}/{emoji_name}/@me`, on);
  await r(`DELETE ${here}/{emoji_name}/{user_id}`, {...on, user_id: people[0].id});
  for (const route of [`DELETE ${here}/{emoji_name}`, `DELETE ${here}`]) {
    await r(`PUT ${here}/{emoji_name}/@me`, on);
    await r(route, on);
  }
}

async function pins({r, channel_id}) {
  const {id: message_id} = await r('POST /channels/{channel_id}/messages', {channel_id, body: {content: 'keep'}});
  for (const here of ['/channels/{channel_id}/messages/pins', '/channels/{channel_id}/pins']) {
    await r(`PUT ${here}/{message_id}`, {channel_id, message_id});
    await r(`GET ${here}`, {channel_id});
    await r(`DELETE ${here}/{message_id}`, {channel_id, message_id});
  }
}

async function polls({r, channel_id, simulator, people}) {
  const poll = {question: {text: 'What next?'}, answers: [{poll_media: {text: 'a hymn', emoji: {name: '🎶'}}}, {poll_media: {text: 'a song'}}], duration: 24, allow_multiselect: true};
  const {id: message_id} = await r('POST /channels/{channel_id}/messages', {channel_id, body: {poll}});
  await simulator.do('discord', 'vote', {message: message_id, by: people[0].username, answer: 1});
  await r('GET /channels/{channel_id}/polls/{message_id}/answers/{answer_id}', {channel_id, message_id, answer_id: 1});
  await r('GET /channels/{channel_id}/messages/{message_id}', {channel_id, message_id});
  await r('POST /channels/{channel_id}/polls/{message_id}/expire', {channel_id, message_id});
  await r('GET /channels/{channel_id}/messages', {channel_id, query: {limit: 5}});
}

async function threads({r, guild_id, channel_id, people}) {
  const user_id = people[0].id;
  const open = await r('POST /channels/{channel_id}/threads', {channel_id, body: {name: 'aside', type: 11, auto_archive_duration: 60}});
  const closed = await r('POST /channels/{channel_id}/threads', {channel_id, body: {name: 'whisper', type: 12, invitable: false}});
  const {id: message_id} = await r('POST /channels/{channel_id}/messages', {channel_id, body: {content: 'discuss'}});
  const begun = await r('POST /channels/{channel_id}/messages/{message_id}/threads', {channel_id, message_id, body: {name: 'discussion'}});
  await r('GET /channels/{channel_id}/messages/{message_id}', {channel_id, message_id});
  const forum = await r('POST /guilds/{guild_id}/channels', {guild_id, body: {name: 'questions', type: 15, available_tags: [{name: 'open'}]}});
  await r('POST /channels/{channel_id}/threads', {channel_id: forum.id, body: {name: 'how?', message: {content: 'how to sing'}, applied_tags: [forum.available_tags[0].id]}});
  for (const thread of [open, closed, begun]) {
    const on = {channel_id: thread.id, user_id};
    await r('PUT /channels/{channel_id}/thread-members/{user_id}', on);
    await r('GET /channels/{channel_id}/thread-members', on);
    await r('GET /channels/{channel_id}/thread-members', {...on, query: {with_member: 'true'}});
    await r('GET /channels/{channel_id}/thread-members/{user_id}', {...on, query: {with_member: 'true'}});
    await r('POST /channels/{channel_id}/messages', {...on, body: {content: 'within'}});
    await r('DELETE /channels/{channel_id}/thread-members/{user_id}', on);
    await r('DELETE /channels/{channel_id}/thread-members/@me', on);
    await r('PUT /channels/{channel_id}/thread-members/@me', on);
    await r('POST /channels/{channel_id}/thread-members/@me', on);
    await r('GET /channels/{channel_id}', on);
  }
  await r('GET /guilds/{guild_id}/threads/active', {guild_id});
  await r('GET /channels/{channel_id}/threads/search', {channel_id: forum.id, query: {name: 'how', limit: 5}});
  for (const thread of [open, closed]) await r('PATCH /channels/{channel_id}', {channel_id: thread.id, body: {archived: true, locked: true}});
  for (const which of ['threads/archived/public', 'threads/archived/private', 'users/@me/threads/archived/private']) await r(`GET /channels/{channel_id}/${which}`, {channel_id});
  await r('PATCH /channels/{channel_id}', {channel_id: open.id, body: {archived: false, locked: false}});
  await r('DELETE /channels/{channel_id}', {channel_id: open.id});
  await r('GET /channels/{channel_id}/messages', {channel_id, query: {limit: 50}});
}

async function invites({r, guild_id, channel_id, voice_channel_id, people}) {
  const {code} = await r('POST /channels/{channel_id}/invites', {channel_id, body: {max_age: 3600, max_uses: 5, unique: true}});
  await r('POST /channels/{channel_id}/invites', {channel_id: voice_channel_id, body: {target_type: 1, target_user_id: people[0].id}});
  await r('GET /channels/{channel_id}/invites', {channel_id});
  await r('GET /guilds/{guild_id}/invites', {guild_id});
  await r('GET /invites/{code}', {code});
  await r('GET /invites/{code}', {code, query: {with_counts: 'true'}});
  const file = new Blob([`Users\n${people[0].id}\n`], {type: 'text/csv'});
  await r('PUT /invites/{code}/target-users', {code, form: {target_users_file: file}});
  await r('GET /invites/{code}/target-users/job-status', {code});
  await r('GET /invites/{code}/target-users', {code});
  await r('DELETE /invites/{code}', {code});
}

async function webhooks({r, simulator, guild_id, channel_id, people}) {
  const hook = await r('POST /channels/{channel_id}/webhooks', {channel_id, body: {name: 'herald', avatar: IMAGE}});
  const on = {webhook_id: hook.id, webhook_token: hook.token};
  const open = {...on, as: null};
  const news = await r('POST /guilds/{guild_id}/channels', {guild_id, body: {name: 'tidings', type: 5}});
  await r('POST /channels/{channel_id}/followers', {channel_id: news.id, body: {webhook_channel_id: channel_id}});
  await simulator.do('discord', 'webhook', {by: people[0].username, name: 'of a person'});
  await r('GET /channels/{channel_id}/webhooks', {channel_id});
  await r('GET /guilds/{guild_id}/webhooks', {guild_id});
  await r('GET /webhooks/{webhook_id}', on);
  await r('PATCH /webhooks/{webhook_id}', {...on, body: {name: 'crier'}});
  await r('GET /webhooks/{webhook_id}/{webhook_token}', open);
  await r('PATCH /webhooks/{webhook_id}/{webhook_token}', {...open, body: {name: 'bellman'}});
  const said = await r('POST /webhooks/{webhook_id}/{webhook_token}', {...open, query: {wait: 'true'}, body: {content: 'hear ye', username: 'town', embeds: [EMBED]}});
  await r('POST /webhooks/{webhook_id}/{webhook_token}', {...open, body: {content: 'hear'}});
  const messages = '/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}';
  await r(`GET ${messages}`, {...open, message_id: said.id});
  await r(`PATCH ${messages}`, {...open, message_id: said.id, body: {content: 'hear all'}});
  await r(`DELETE ${messages}`, {...open, message_id: said.id});
  await r('POST /webhooks/{webhook_id}/{webhook_token}/slack', {...open, query: {wait: 'true'}, body: {text: 'from Slack', username: 'slack'}});
  const author = {username: 'mira', name: 'Mira', email: null};
  const sender = {id: 1, login: 'mira', html_url: 'https://github.com/mira', avatar_url: 'https://example.org/m.png'};
  const repository = {id: 1, html_url: 'https://github.com/mira/hymns', name: 'hymns', full_name: 'mira/hymns'};
  const commit = {id: 'a'.repeat(40), url: 'https://github.com/mira/hymns/commit/a', message: 'Add a hymn', author};
  await r('POST /webhooks/{webhook_id}/{webhook_token}/github', {...open, github: 'push', body: {ref: 'refs/heads/main', commits: [commit], head_commit: commit, compare: 'https://github.com/mira/hymns/compare', forced: false, repository, sender}});
  await r('GET /channels/{channel_id}/messages', {channel_id, query: {limit: 10}});
  await r('DELETE /webhooks/{webhook_id}', on);
  const other = await r('POST /channels/{channel_id}/webhooks', {channel_id, body: {name: 'second herald'}});
  await r('DELETE /webhooks/{webhook_id}/{webhook_token}', {webhook_id: other.id, webhook_token: other.token, as: null});
}

async function emojis({r, guild_id, application_id}) {
  for (const [here, on] of [['/guilds/{guild_id}/emojis', {guild_id}], ['/applications/{application_id}/emojis', {application_id}]]) {
    const {id: emoji_id} = await r(`POST ${here}`, {...on, body: {name: 'lyre', image: IMAGE, roles: on.guild_id ? [] : undefined}});
    await r(`GET ${here}`, on);
    await r(`GET ${here}/{emoji_id}`, {...on, emoji_id});
    await r(`PATCH ${here}/{emoji_id}`, {...on, emoji_id, body: {name: 'harp'}});
    await r(`DELETE ${here}/{emoji_id}`, {...on, emoji_id});
  }
}

async function stickers({r, guild_id, channel_id}) {
  const form = {name: 'lyre', description: 'a lyre', tags: 'music'};
  const {id: sticker_id} = await r('POST /guilds/{guild_id}/stickers', {guild_id, form, files: {file: PIXEL}});
  await r('GET /guilds/{guild_id}/stickers', {guild_id});
  await r('GET /guilds/{guild_id}/stickers/{sticker_id}', {guild_id, sticker_id});
  await r('GET /stickers/{sticker_id}', {sticker_id});
  await r('POST /channels/{channel_id}/messages', {channel_id, body: {sticker_ids: [sticker_id]}});
  await r('PATCH /guilds/{guild_id}/stickers/{sticker_id}', {guild_id, sticker_id, body: {description: 'a small lyre'}});
  await r('DELETE /guilds/{guild_id}/stickers/{sticker_id}', {guild_id, sticker_id});
  await r('GET /sticker-packs', {as: null});
  await r('GET /sticker-packs/{pack_id}', {pack_id: guild_id, fails: true});
}

async function sounds({r, guild_id, voice_channel_id, bot, frames, moderator_id}) {
  const [basic] = await r('GET /soundboard-default-sounds');
  const {sound_id} = await r('POST /guilds/{guild_id}/soundboard-sounds', {guild_id, body: {name: 'bell', sound: SOUND, volume: 0.5, emoji_name: '🔔'}});
  await r('GET /guilds/{guild_id}/soundboard-sounds', {guild_id});
  await r('GET /guilds/{guild_id}/soundboard-sounds/{sound_id}', {guild_id, sound_id});
  await r('PATCH /guilds/{guild_id}/soundboard-sounds/{sound_id}', {guild_id, sound_id, body: {name: 'small bell'}});
  const inside = () => frames.some(({t, d}) => t === 'VOICE_STATE_UPDATE' && d.user_id === moderator_id && d.channel_id === voice_channel_id);
  bot.send(4, {guild_id, channel_id: voice_channel_id, self_mute: false, self_deaf: false});
  await until(inside, () => 'a place in the voice channel');
  await r('POST /channels/{channel_id}/send-soundboard-sound', {channel_id: voice_channel_id, body: {sound_id: basic?.sound_id ?? sound_id}, as: 'antiphon'});
  await r('DELETE /guilds/{guild_id}/soundboard-sounds/{sound_id}', {guild_id, sound_id});
}

async function voice({r, simulator, guild_id, voice_channel_id, people, bot, frames, moderator_id}) {
  await r('GET /voice/regions');
  const stage = await r('POST /guilds/{guild_id}/channels', {guild_id, body: {name: 'dais', type: 13}});
  const by = people[0].username;
  await simulator.do('discord', 'join_voice', {place: voice_channel_id, by});
  await r('GET /guilds/{guild_id}/voice-states/{user_id}', {guild_id, user_id: people[0].id});
  await r('PUT /channels/{channel_id}/voice-status', {channel_id: voice_channel_id, body: {status: 'evensong'}});
  await simulator.do('discord', 'join_voice', {place: stage.id, by});
  await r('PATCH /guilds/{guild_id}/voice-states/{user_id}', {guild_id, user_id: people[0].id, body: {channel_id: stage.id, suppress: false}});
  await r('GET /guilds/{guild_id}/voice-states/{user_id}', {guild_id, user_id: people[0].id});
  await simulator.do('discord', 'leave_voice', {by});
  // A bot speaks on a stage by its Gateway, and asks for the floor by a request.
  bot.send(4, {guild_id, channel_id: stage.id, self_mute: false, self_deaf: false});
  await until(() => frames.some(({t, d}) => t === 'VOICE_STATE_UPDATE' && d.user_id === moderator_id && d.channel_id === stage.id), () => 'a place on the stage');
  await r('GET /guilds/{guild_id}/voice-states/@me', {guild_id, as: 'antiphon'});
  await r('PATCH /guilds/{guild_id}/voice-states/@me', {guild_id, as: 'antiphon', body: {channel_id: stage.id, request_to_speak_timestamp: soon(0)}});
  await r('GET /guilds/{guild_id}/voice-states/@me', {guild_id, as: 'antiphon'});
  bot.send(4, {guild_id, channel_id: null, self_mute: false, self_deaf: false});
}

async function stages({r, guild_id}) {
  const {id: channel_id} = await r('POST /guilds/{guild_id}/channels', {guild_id, body: {name: 'apse', type: 13}});
  await r('POST /stage-instances', {body: {channel_id, topic: 'A reading', privacy_level: 2}});
  await r('GET /stage-instances/{channel_id}', {channel_id});
  await r('PATCH /stage-instances/{channel_id}', {channel_id, body: {topic: 'A long reading'}});
  await r('DELETE /stage-instances/{channel_id}', {channel_id});
}

async function scheduledEvents({r, simulator, guild_id, voice_channel_id, people}) {
  const here = '/guilds/{guild_id}/scheduled-events';
  const inside = {name: 'Evensong', privacy_level: 2, entity_type: 2, channel_id: voice_channel_id, scheduled_start_time: soon(1)};
  const outside = {name: 'Outing', description: 'out', privacy_level: 2, entity_type: 3, entity_metadata: {location: 'the hill'}, scheduled_start_time: soon(2), scheduled_end_time: soon(4), image: IMAGE};
  const rule = {start: inside.scheduled_start_time, frequency: 2, interval: 1, by_weekday: [new Date(inside.scheduled_start_time).getUTCDay() || 7].map(day => day - 1)};
  const one = await r(`POST ${here}`, {guild_id, body: {...inside, recurrence_rule: rule}});
  const other = await r(`POST ${here}`, {guild_id, body: outside});
  const on = {guild_id, guild_scheduled_event_id: one.id};
  await r(`GET ${here}`, {guild_id, query: {with_user_count: 'true'}});
  await r(`GET ${here}`, {guild_id});
  await r(`GET ${here}/{guild_scheduled_event_id}`, {...on, query: {with_user_count: 'true'}});
  await r(`PATCH ${here}/{guild_scheduled_event_id}`, {...on, body: {description: 'with psalms'}});
  const exception = await r(`POST ${here}/{guild_scheduled_event_id}/exceptions`, {...on, body: {original_scheduled_start_time: inside.scheduled_start_time, is_canceled: true, scheduled_start_time: null, scheduled_end_time: null}});
  const exception_id = exception.event_exception_id ?? exception.id;
  await r(`PATCH ${here}/{guild_scheduled_event_id}/exceptions/{exception_id}`, {...on, exception_id, body: {is_canceled: false, scheduled_start_time: soon(3)}});
  await simulator.do('discord', 'attend', {event: one.id, by: people[0].username});
  await r(`GET ${here}/{guild_scheduled_event_id}/users/counts`, {...on, query: {guild_scheduled_event_exception_ids: exception_id}});
  await r(`GET ${here}/{guild_scheduled_event_id}/users`, {...on, query: {with_member: 'true'}});
  await r(`GET ${here}/{guild_scheduled_event_id}/{guild_scheduled_event_exception_id}/users`, {...on, guild_scheduled_event_exception_id: exception_id});
  await r(`DELETE ${here}/{guild_scheduled_event_id}/exceptions/{exception_id}`, {...on, exception_id});
  await r(`PATCH ${here}/{guild_scheduled_event_id}`, {guild_id, guild_scheduled_event_id: other.id, body: {status: 2}});
  await r(`DELETE ${here}/{guild_scheduled_event_id}`, on);
}

async function autoModeration({r, guild_id, channel_id}) {
  const here = '/guilds/{guild_id}/auto-moderation/rules';
  const block = {type: 1, metadata: {custom_message: 'no shouting'}};
  const rules = [
    {name: 'words', event_type: 1, trigger_type: 1, trigger_metadata: {keyword_filter: ['AAAA*'], regex_patterns: ['^b+$'], allow_list: ['AAAAmen']}, actions: [block, {type: 2, metadata: {channel_id}}, {type: 3, metadata: {duration_seconds: 60}}], enabled: true},
    {name: 'spam', event_type: 1, trigger_type: 3, actions: [block]},
    {name: 'presets', event_type: 1, trigger_type: 4, trigger_metadata: {presets: [1, 3], allow_list: []}, actions: [block]},
    {name: 'mentions', event_type: 1, trigger_type: 5, trigger_metadata: {mention_total_limit: 5, mention_raid_protection_enabled: true}, actions: [block], exempt_channels: [channel_id]},
    {name: 'profiles', event_type: 2, trigger_type: 6, trigger_metadata: {keyword_filter: ['rude']}, actions: [{type: 4}]},
  ];
  for (const body of rules) {
    const {id: rule_id} = await r(`POST ${here}`, {guild_id, body});
    await r(`GET ${here}/{rule_id}`, {guild_id, rule_id});
    await r(`PATCH ${here}/{rule_id}`, {guild_id, rule_id, body: {name: `${body.name} 2`}});
    await r(`GET ${here}`, {guild_id});
    await r(`DELETE ${here}/{rule_id}`, {guild_id, rule_id});
  }
}

async function templates({r, guild_id}) {
  const {code} = await r('POST /guilds/{guild_id}/templates', {guild_id, body: {name: 'choir', description: 'a choir'}});
  await r('GET /guilds/templates/{code}', {code});
  await r('GET /guilds/{guild_id}/templates', {guild_id});
  await r('PATCH /guilds/{guild_id}/templates/{code}', {guild_id, code, body: {name: 'small choir'}});
  await r('PUT /guilds/{guild_id}/templates/{code}', {guild_id, code});
  await r('DELETE /guilds/{guild_id}/templates/{code}', {guild_id, code});
}

async function pages({r, guild_id, channel_id}) {
  const all = await r('GET /guilds/{guild_id}/channels', {guild_id});
  const texts = all.filter(channel => channel.type === 0).map(channel => channel.id);
  for (let more = texts.length; more < 8; more++) texts.push((await r('POST /guilds/{guild_id}/channels', {guild_id, body: {name: `hall-${more}`}})).id);
  const option = {title: 'Altos', description: 'low', emoji_name: '🎶', channel_ids: [channel_id], role_ids: []};
  const prompt = {id: '0', title: 'Which voice?', options: [option], single_select: true, required: false, in_onboarding: true, type: 0};
  await r('PUT /guilds/{guild_id}/onboarding', {guild_id, body: {prompts: [prompt], default_channel_ids: texts.slice(0, 8), enabled: false, mode: 0}});
  await r('GET /guilds/{guild_id}/onboarding', {guild_id});
  await r('GET /guilds/{guild_id}/new-member-welcome', {guild_id});
  const welcome_channels = [{channel_id, description: 'sing here', emoji_name: '🎶'}];
  await r('PATCH /guilds/{guild_id}/welcome-screen', {guild_id, body: {enabled: true, description: 'welcome', welcome_channels}});
  await r('GET /guilds/{guild_id}/welcome-screen', {guild_id});
  await r('PATCH /guilds/{guild_id}/widget', {guild_id, body: {enabled: true, channel_id}});
  await r('GET /guilds/{guild_id}/widget', {guild_id});
  await r('GET /guilds/{guild_id}/widget.json', {guild_id, as: null});
  await r('GET /guilds/{guild_id}/widget.png', {guild_id, as: null});
  await r('PUT /guilds/{guild_id}/incident-actions', {guild_id, body: {invites_disabled_until: soon(1), dms_disabled_until: null}});
  await r('PUT /guilds/{guild_id}/incident-actions', {guild_id, body: {invites_disabled_until: null, dms_disabled_until: null}});
}

async function integrations({r, guild_id}) {
  const found = await r('GET /guilds/{guild_id}/integrations', {guild_id});
  const other = found.find(one => one.application?.bot?.username === 'lector');
  await r('DELETE /guilds/{guild_id}/integrations/{integration_id}', {guild_id, integration_id: other.id});
}

async function search({r, guild_id}) {
  await r('GET /guilds/{guild_id}/messages/search', {guild_id, query: {content: 'hear', limit: 5}});
  await r('GET /guilds/{guild_id}/messages/search', {guild_id});
}

async function monetization({r, simulator, application_id, guild_id, people}) {
  const skus = await r('GET /applications/{application_id}/skus', {application_id});
  const here = '/applications/{application_id}/entitlements';
  const [GUILD, USER] = [1 << 7, 1 << 8];
  const sellable = skus.filter(sku => sku.type !== 6);
  const ofUser = sellable.find(sku => sku.type === 3 && !(sku.flags & GUILD)) ?? sellable.find(sku => !(sku.flags & GUILD));
  const ofGuild = sellable.find(sku => !(sku.flags & USER));
  const {id: entitlement_id} = await r(`POST ${here}`, {application_id, body: {sku_id: ofUser.id, owner_id: people[0].id, owner_type: 2}});
  await r(`POST ${here}`, {application_id, body: {sku_id: ofGuild.id, owner_id: guild_id, owner_type: 1}});
  const {subscription: subscription_id} = await simulator.do('discord', 'subscribe', {by: people[0].username, bot: 'cantor'});
  await r(`GET ${here}`, {application_id});
  await r(`GET ${here}/{entitlement_id}`, {application_id, entitlement_id});
  await r(`POST ${here}/{entitlement_id}/consume`, {application_id, entitlement_id});
  await r(`DELETE ${here}/{entitlement_id}`, {application_id, entitlement_id});
  for (const {id: sku_id} of skus) {
    const found = await r('GET /skus/{sku_id}/subscriptions', {sku_id, query: {user_id: people[0].id}});
    if (found.length > 0) await r('GET /skus/{sku_id}/subscriptions/{subscription_id}', {sku_id, subscription_id});
  }
}

/** Lobbies are used by the first bot's application; its members are users who gave it their leave. */
async function socialSdk({r, channel_id, people}) {
  const [one, other] = people.map(user => user.id);
  const here = '/lobbies/{lobby_id}';
  const {id: lobby_id} = await r('POST /lobbies', {body: {metadata: {song: 'tide'}, members: [{id: one, metadata: {part: 'alto'}, flags: 1}], idle_timeout_seconds: 600}});
  await r('PUT /lobbies', {body: {secret: 'loft', lobby_metadata: {song: 'hymn'}, flags: 1}});
  await r(`GET ${here}`, {lobby_id});
  await r(`PATCH ${here}`, {lobby_id, body: {metadata: {song: 'psalm'}}});
  await r(`PUT ${here}/members/{user_id}`, {lobby_id, user_id: other, body: {metadata: {part: 'bass'}, additional_name: 'Bass'}});
  await r(`POST ${here}/members/bulk`, {lobby_id, body: [{id: one, flags: 1}, {id: other, metadata: null}]});
  const {id: own} = await r('PUT /lobbies', {body: {secret: 'attic'}});
  await r(`PUT ${here}/members/{user_id}`, {lobby_id: own, user_id: (await r('GET /users/@me')).id, body: {flags: 1}});
  await r(`PATCH ${here}/channel-linking`, {lobby_id: own, body: {channel_id}});
  await r(`GET ${here}`, {lobby_id: own});
  const said = await r(`POST ${here}/messages`, {lobby_id: own, body: {content: 'together'}});
  await r(`GET ${here}/messages`, {lobby_id: own, query: {limit: 10}});
  await r(`PUT ${here}/messages/{message_id}/moderation-metadata`, {lobby_id: own, message_id: said.id, body: {verdict: 'fine'}});
  await r(`POST ${here}/members/@me/invites`, {lobby_id: own});
  await r(`PUT ${here}/members/{user_id}`, {lobby_id: own, user_id: one, body: {}});
  await r(`POST ${here}/members/{user_id}/invites`, {lobby_id: own, user_id: one});
  await r(`DELETE ${here}/members/{user_id}`, {lobby_id, user_id: other});
  await r(`DELETE ${here}/members/@me`, {lobby_id: own});
  await r(`DELETE ${here}`, {lobby_id});
  await r('POST /partner-sdk/token/bot', {body: {external_user_id: 'guest', preferred_global_name: 'Guest'}});
  await r('POST /partner-sdk/provisional-accounts/unmerge/bot', {body: {external_user_id: 'guest'}});
  await r('PUT /partner-sdk/dms/{user_id_1}/{user_id_2}/messages/{message_id}/moderation-metadata', {user_id_1: one, user_id_2: other, message_id: said.id, body: {verdict: 'fine'}, fails: true});
  await r('GET /oauth2/keys', {as: null});
}

/** Refusals of every sort: what is missing, wrong, not allowed, unknown or not a route. */
async function refusals({r, guild_id, channel_id, people}) {
  const no = (route, more) => r(route, {...more, fails: true});
  await no('GET /users/@me', {as: null});
  await no('GET /channels/{channel_id}', {channel_id: '1'});
  await no('POST /channels/{channel_id}/messages', {channel_id, body: {}});
  await no('POST /channels/{channel_id}/messages', {channel_id, body: {content: 'x'.repeat(4001), embeds: [{title: 'y'.repeat(300)}]}});
  await no('POST /guilds/{guild_id}/roles', {guild_id, body: {name: 'x'}, as: 'lector'});
  await no('PATCH /guilds/{guild_id}', {guild_id, body: {name: 'x'}, as: 'lector'});
  await no('PUT /guilds/{guild_id}/bans/{user_id}', {guild_id, user_id: people[0].id, as: 'lector'});
  await no('GET /channels/{channel_id}/messages/{message_id}', {channel_id, message_id: '1'});
  await no('GET /nowhere');
}

async function leaving({r, simulator}) {
  const {guild} = await simulator.do('discord', 'add_guild', {name: 'a choir to leave'});
  await r('DELETE /users/@me/guilds/{guild_id}', {guild_id: guild, as: 'antiphon'});
}
