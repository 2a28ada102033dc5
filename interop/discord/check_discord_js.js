#!/usr/bin/env node
// discord.js 14.28.1 against the simulator, over zlib-stream.
//
// The day of check_discord_py.py: messages, direct messages, files, threads, every kind of interaction and a ban; then 20 s of
// ambient traffic, which uses its commands and components, and every way to lose its connection meanwhile. It emits no error
// and no warning, and every dispatch that the ledger has for its sessions is heard once.
'use strict';

const path = require('node:path');

const {
  ActionRowBuilder, ApplicationCommandOptionType, ApplicationCommandType, AuditLogEvent, ButtonBuilder, ButtonStyle,
  ChannelType, Client, GatewayIntentBits, MessageFlags, MessageType, ModalBuilder, Partials, StringSelectMenuBuilder,
  TextInputBuilder, TextInputStyle, UserSelectMenuBuilder,
} = require('discord.js');
const {run} = require('../world.js');

const handlers = require(path.join(path.dirname(require.resolve('discord.js')), 'client/websocket/handlers'));

// Events a second, and for how many milliseconds at least.
const RATE = 120;
const AMBIENT = 20000;
const CROWD = 300;

// What discord.js emits for a dispatch, where that does not depend on its caches; but for a message that it has heard of, and
// for typing in a conversation that it does not know.
const MADE = {
  MESSAGE_CREATE: 'messageCreate',
  INTERACTION_CREATE: 'interactionCreate',
  TYPING_START: 'typingStart',
  MESSAGE_REACTION_ADD: 'messageReactionAdd',
  VOICE_STATE_UPDATE: 'voiceStateUpdate',
  GUILD_BAN_ADD: 'guildBanAdd',
  GUILD_AUDIT_LOG_ENTRY_CREATE: 'guildAuditLogEntryCreate',
  INVITE_CREATE: 'inviteCreate',
  ENTITLEMENT_CREATE: 'entitlementCreate',
};
// Dispatches that discord.js 14.28.1 has no handler for; it passes them over.
const UNKNOWN = [
  'INTEGRATION_CREATE', 'INTEGRATION_UPDATE', 'INTEGRATION_DELETE', 'VOICE_CHANNEL_STATUS_UPDATE',
  'VOICE_CHANNEL_START_TIME_UPDATE',
];

const COMMANDS = [
  {
    name: 'sing', description: 'Sings a song',
    options: [
      {name: 'song', description: 'Its title', type: ApplicationCommandOptionType.String, required: true, autocomplete: true},
      {name: 'singer', description: 'Who sings', type: ApplicationCommandOptionType.User, required: true},
    ],
  },
  {name: 'ponder', description: 'Thinks first'},
  {name: 'greet', type: ApplicationCommandType.User},
  {name: 'quote', type: ApplicationCommandType.Message},
];

function panel() {
  const button = (id, label) => new ButtonBuilder().setCustomId(id).setLabel(label).setStyle(ButtonStyle.Primary);
  return [
    new ActionRowBuilder().addComponents(button('ring', 'Ring'), button('ask', 'Ask'), button('later', 'Later')),
    new ActionRowBuilder().addComponents(
      new StringSelectMenuBuilder().setCustomId('part').addOptions({label: 'Alto', value: 'Alto'}, {label: 'Bass', value: 'Bass'}),
    ),
    new ActionRowBuilder().addComponents(new UserSelectMenuBuilder().setCustomId('singer')),
  ];
}

function form() {
  const title = new TextInputBuilder().setCustomId('song').setLabel('Title').setStyle(TextInputStyle.Short);
  return new ModalBuilder().setCustomId('form').setTitle('A new song').addComponents(new ActionRowBuilder().addComponents(title));
}

// The bot's own part.
async function answer(interaction) {
  if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused();
    const songs = ['Slow Tide', 'Slate'].filter(song => song.startsWith(typed));
    return interaction.respond(songs.map(song => ({name: song, value: song})));
  }
  const alone = {flags: MessageFlags.Ephemeral};
  switch (interaction.commandName ?? interaction.customId) {
    case 'sing': {
      const [song, singer] = [interaction.options.getString('song'), interaction.options.getMember('singer')];
      return interaction.reply({content: `${singer.user.username} sings ${song}`, components: panel()});
    }
    case 'ponder': {
      const {resource} = await interaction.deferReply({withResponse: true});
      if (!resource.message.flags.has(MessageFlags.Loading)) throw new Error('the deferred answer is not loading');
      await interaction.editReply('pondered');
      return interaction.followUp({content: 'and once more', ...alone});
    }
    case 'greet': return interaction.reply(`hello ${interaction.targetUser.username}`);
    case 'quote': return interaction.reply({content: `> ${interaction.targetMessage.content}`.slice(0, 2000), ...alone});
    case 'ring': return interaction.update(`rung by ${interaction.user.username}`);
    case 'ask': return interaction.showModal(form());
    case 'later':
      await interaction.deferUpdate();
      return interaction.editReply(`rung late by ${interaction.user.username}`);
    case 'part': return interaction.reply({content: `sings ${interaction.values[0]}`, ...alone});
    case 'singer': return interaction.reply({content: `chose ${interaction.users.first().username}`, ...alone});
    case 'form': return interaction.reply({content: `noted ${interaction.fields.getTextInputValue('song')}`, ...alone});
    default: throw new Error(`an interaction that nobody made: ${interaction.commandName ?? interaction.customId}`);
  }
}

run('discord.js', async world => {
  const mine = world.discord;
  const errors = [];
  const dispatches = [];
  const [wanted, made] = [{}, {}];
  const [messages, emitted] = [new Set(), new Set()];
  // Sessions that it gave up by itself.
  const abandoned = new Set();
  let session;
  // What happens to its connection, and the dispatches that it hears meanwhile for the second time.
  let losing = '';
  const twice = [];
  const once = new Set();

  await world.gateway({do: 'crowd', members: CROWD});
  const client = new Client({
    intents: Object.values(GatewayIntentBits).filter(bit => typeof bit === 'number'),
    partials: Object.values(Partials).filter(one => typeof one === 'number'),
    rest: {api: mine.rest.replace(/\/v10$/, '')},
    presence: {activities: [{name: 'chess'}]},
  });
  client.on('raw', ({t, s, d}) => {
    if (t === 'READY') session = d.session_id;
    const isKept = t === 'MESSAGE_CREATE' ? messages.has(d.id) : t === 'TYPING_START' && !d.guild_id;
    if (t in MADE && !isKept) wanted[t] = (wanted[t] ?? 0) + 1;
    if (t === 'MESSAGE_CREATE') messages.add(d.id);
    const dispatch = `${session} ${s} ${t}`;
    if (once.has(dispatch)) twice.push(`${losing}: ${dispatch}`);
    once.add(dispatch);
    dispatches.push(dispatch);
  });
  for (const name of ['error', 'warn', 'shardError', 'invalidated']) {
    client.on(name, what => errors.push(`${name}: ${what?.stack ?? what}`));
  }
  for (const name of Object.values(MADE)) {
    client.on(name, what => {
      const isKept = name === 'messageCreate' ? emitted.has(what.id) : name === 'typingStart' && !what.guild;
      if (!isKept) made[name] = (made[name] ?? 0) + 1;
      if (name === 'messageCreate') emitted.add(what.id);
    });
  }
  client.on('interactionCreate', interaction => answer(interaction).catch(error => {
    // An interaction of traffic expires if it waits for the bot for more than three seconds.
    if (!(losing && error.code === 10062)) errors.push(error.stack);
  }));
  process.on('warning', warning => errors.push(String(warning)));

  const name = dispatch => dispatch.split(' ')[2];
  const heard = what => dispatches.filter(one => name(one) === what).length;
  const until = (what, condition) => world.until(what, () => {
    if (errors.length) world.failed('runs without an error', errors.slice(0, 5));
    return condition();
  }, () => dispatches.slice(-5));
  const response = async interaction => (await world.gateway({do: 'response', interaction})).response;
  // Has a user do something, and judges the bot's answer.
  const interact = async (what, command, held) => {
    const {interaction} = await world.gateway({by: 'mira', ...command});
    const given = await until(`${what}: an answer`, () => response(interaction));
    world.check(what, held(given), given);
    return interaction;
  };

  // Logging in.
  await client.login(mine.token);
  await until('becomes ready', () => client.isReady());
  world.check('becomes ready, as who it is', client.user.id === mine.user_id, client.user);
  const guild = client.guilds.cache.get(mine.guild_id);
  const members = await guild.members.fetch();
  world.check('has every member, in chunks', members.size === guild.memberCount && members.size > CROWD, [members.size, guild.memberCount]);
  const days = (Date.now() - guild.createdTimestamp) / 86400000;
  world.check('its guild is as old as its id says', days > 300 && days < 500, days);
  await guild.commands.set(COMMANDS);
  world.ok('registers its commands');
  const loft = client.channels.cache.get(mine.channel_id);

  // Messages.
  const sent = await loft.send({content: 'hello from discord.js', embeds: [{title: 'A song', description: 'for you'}]});
  world.check('its message was made now', Math.abs(Date.now() - sent.createdTimestamp) < 20000 && sent.embeds[0].title === 'A song', sent);
  await sent.edit('hello again');
  await sent.react('🎶');
  const edited = await loft.messages.fetch({message: sent.id, force: true});
  world.check('edits and reacts', edited.content === 'hello again' && edited.reactions.cache.get('🎶').me, edited);
  const said = (await world.gateway({do: 'say', by: 'teo', text: 'who is there?'})).message;
  const message = await until('hears a message', () => loft.messages.cache.get(said));
  const reply = await message.reply('me');
  world.check('replies', reply.type === MessageType.Reply && reply.reference.messageId === said, reply);

  const mira = members.find(member => member.user.username === 'mira');
  const direct = await mira.send('a word in private');
  world.check('sends a direct message', direct.channel.type === ChannelType.DM, direct.channel);
  const whispered = (await world.gateway({do: 'whisper', by: 'mira', text: 'and one back'})).message;
  await until('hears a direct message', () => direct.channel.messages.cache.get(whispered));
  await direct.channel.messages.cache.get(whispered).reply('thank you');
  world.ok('hears a direct message and replies');

  const data = Buffer.alloc(2 * 1024 * 1024, 7);
  const filed = await loft.send({files: [{attachment: data, name: 'tide.bin', description: 'two MiB'}]});
  const file = filed.attachments.first();
  world.check('sends a file', file.name === 'tide.bin' && file.size === data.length, file);
  const thread = await filed.startThread({name: 'about the tide'});
  const within = await thread.send('in here');
  world.check('begins a thread from a message', thread.id === filed.id && within.channelId === thread.id, thread);
  await thread.setArchived(true);
  world.check('archives it', (await client.channels.fetch(thread.id, {force: true})).archived);

  const gone = [];
  for (let n = 0; n < 3; n++) gone.push((await world.gateway({do: 'say', by: 'teo', text: 'soon gone'})).message);
  const bulk = heard('MESSAGE_DELETE_BULK');
  const deleted = await loft.bulkDelete(gone);
  world.check('purges', deleted.size === 3, [...deleted.keys()]);
  await until('hears of it', () => heard('MESSAGE_DELETE_BULK') > bulk);

  // Interactions.
  await interact('completes an option', {do: 'autocomplete', name: 'sing', options: {song: 'Slow', singer: 'teo'}, focused: 'song'},
    given => given.type === 8 && given.data.choices.map(one => one.value).join() === 'Slow Tide');
  const sung = await interact('answers a slash command', {do: 'command', name: 'sing', options: {song: 'Slow Tide', singer: 'teo'}},
    given => given.type === 4 && given.message.content === 'teo sings Slow Tide');
  const on = {message: (await response(sung)).message.id};
  await interact('greets by a user\'s menu', {do: 'context', name: 'greet', target: 'teo'}, given => given.message.content === 'hello teo');
  await interact('answers a message\'s menu', {do: 'context', name: 'quote', target: on.message},
    given => given.message.content.startsWith('> ') && given.message.flags === MessageFlags.Ephemeral);
  await interact('updates a button\'s message', {do: 'press', custom_id: 'ring', ...on},
    given => given.type === 7 && given.message.id === on.message);
  await interact('answers a select menu', {do: 'select', custom_id: 'part', values: ['Alto'], ...on}, given => given.message.content === 'sings Alto');
  await interact('answers a menu of users', {do: 'select', custom_id: 'singer', values: ['teo'], ...on}, given => given.message.content === 'chose teo');
  await interact('opens a modal', {do: 'press', custom_id: 'ask', ...on}, given => given.type === 9 && given.data.title === 'A new song');
  await interact('takes the modal\'s answer', {do: 'submit', fields: {song: 'Evensong'}}, given => given.message.content === 'noted Evensong');
  const late = await interact('defers an update', {do: 'press', custom_id: 'later', ...on}, given => given.type === 6);
  await until('edits it later', async () => (await response(late)).message.content === 'rung late by mira');
  world.ok('and edits the message later');
  const pondering = await interact('defers an answer', {do: 'command', name: 'ponder'}, given => given.type === 5);
  await until('edits the answer', async () => {
    const given = await response(pondering);
    return given.message.content === 'pondered' && given.follow_ups.map(one => one.content).join() === 'and once more';
  });
  world.ok('and edits it, with a follow-up');

  // Moderation.
  const iris = members.find(member => member.user.username === 'iris');
  await guild.members.ban(iris.id, {reason: 'sings too loud'});
  const {entries} = await guild.fetchAuditLogs({type: AuditLogEvent.MemberBanAdd, limit: 5});
  const told = entries.find(entry => entry.targetId === iris.id && entry.executorId === mine.user_id);
  world.check('bans, and the audit log says why', told?.reason === 'sings too loud', [...entries.values()]);
  world.check('finds it among the banned', (await guild.bans.fetch()).has(iris.id));
  await guild.bans.remove(iris.id, 'sings well again');

  // Every way to lose a connection, with traffic going on.
  const begun = Date.now();
  await world.gateway({do: 'traffic', rate: RATE});
  const losses = [
    ['is resumed after a cut', 'RESUMED', {do: 'cut'}],
    // A refused connection makes it give up its session, and what it missed is lost: its own way.
    ['comes back after an outage', undefined, {do: 'cut', for: '1s'}],
    ['is resumed after op 7', 'RESUMED', {do: 'reconnect'}],
    ['is resumed after op 9 with true', 'RESUMED', {do: 'invalidate', resumable: true}],
    ['is resumed after close code 4000', 'RESUMED', {do: 'close', code: 4000}],
    ['identifies again after op 9 with false', 'READY', {do: 'invalidate', resumable: false}],
  ];
  for (const [what, event, command] of losses) {
    const back = () => (event ? heard(event) : heard('RESUMED') + heard('READY'));
    const [before, old] = [back(), session];
    losing = what;
    await world.gateway(command);
    await until(what, () => back() > before);
    if (!event && session !== old) abandoned.add(old);
    const marked = (await world.gateway({do: 'say', by: 'teo', text: 'still there?'})).message;
    await until('hears on', () => messages.has(marked));
    await loft.send({content: what, components: panel()});
    world.ok(what);
  }

  // What it heard.
  await until('20 s of traffic', () => Date.now() > begun + AMBIENT);
  await world.gateway({do: 'traffic', rate: 0});
  let due;
  let missing;
  await world.until('hears every dispatch that the ledger has for its sessions', async () => {
    const rows = (await world.ledger(mine.user_id)).filter(row => row.kind.startsWith('discord.') && row.connection);
    due = new Set(rows.map(row => `${row.connection} ${row.frame} ${row.kind.slice('discord.'.length)}`));
    missing = [...due].filter(one => !once.has(one) && !abandoned.has(one.split(' ')[0]));
    return !missing.length;
  }, () => missing.slice(0, 5));
  world.ok('hears every dispatch that the ledger has for its sessions');
  for (const old of abandoned) {
    const frames = dispatches.filter(one => one.startsWith(old)).map(one => Number(one.split(' ')[1]));
    const gone = [...due].filter(one => one.startsWith(old) && Number(one.split(' ')[1]) > Math.max(...frames)).length;
    world.check(`and all but the last ${gone} of the session that it gave up`, Math.max(...frames) === new Set(frames).size, frames.length);
  }
  // RESUMED belongs to a connection and has no row.
  const extra = dispatches.filter(one => !due.has(one) && name(one) !== 'RESUMED');
  // It reads the sequence to resume from before it has written that of a dispatch in the same packet as op 9: its own way.
  const again = twice.filter(one => !one.startsWith('is resumed after op 9'));
  world.check('none of them twice, and nothing else', !again.length && !extra.length, {again, extra: extra.slice(0, 5)});
  const kinds = {};
  for (const one of dispatches) kinds[name(one)] = (kinds[name(one)] ?? 0) + 1;
  world.check(`in all ${dispatches.length} dispatches of ${Object.keys(kinds).length} kinds`, Object.keys(kinds).length > 40, kinds);
  const wrong = Object.entries(MADE).filter(([kind, event]) => made[event] !== wanted[kind])
    .map(([kind, event]) => [kind, wanted[kind], made[event]]);
  world.check('emits an event for each', !wrong.length, wrong);
  const unknown = Object.keys(kinds).filter(kind => !(kind in handlers) && !UNKNOWN.includes(kind));
  world.check('knows every event', !unknown.length, unknown);
  world.check('emits no error and no warning', !errors.length, errors);
  await client.destroy();
  const notes = await world.notes();
  world.check('nothing about it is noted', !notes.length, notes.slice(0, 5));
});
