// Makes every kind of dispatch happen: by control commands, by a client's own frames, and by traffic.
import {GatewayDispatchEvents} from 'discord-api-types/v10';
import {until} from './simulator.mjs';

/** Kinds that the simulator never sends, with the reason. */
export const NEVER_SENT = {
  SUBSCRIPTION_UPDATE: 'no subscription changes',
  SUBSCRIPTION_DELETE: 'no subscription ends',
};

/** Kinds that Discord documents and the package does not know yet, whose types are in results.mjs. */
export const NEWER_KINDS = ['CREATE', 'UPDATE', 'DELETE'].map(how => `GUILD_SCHEDULED_EVENT_EXCEPTION_${how}`);

/** Dispatches of traffic that are looked at besides those that show a kind for the first time. */
const TRAFFIC = 4000;

/** Does what makes events; `frames` has what the gateways heard. */
export async function exerciseEvents(simulator, [bot, other], frames) {
  const act = (name, fields) => simulator.do('discord', name, fields);
  const {guild_id: guild, voice_channel_id: voice, user_id: own} = simulator.addresses.discord;

  // A client's own frames: members by every way of asking, presence, voice, sounds and channels.
  bot.send(8, {guild_id: guild, query: '', limit: 0, presences: true, nonce: 'all'});
  bot.send(8, {guild_id: guild, user_ids: [own, '1'], nonce: 'some'});
  bot.send(3, {since: null, status: 'idle', afk: false, activities: [{name: 'evensong', type: 2}, {name: 'custom', type: 4, state: 'singing'}]});
  bot.send(4, {guild_id: guild, channel_id: voice, self_mute: true, self_deaf: false});
  bot.send(4, {guild_id: guild, channel_id: null, self_mute: false, self_deaf: false});
  bot.send(31, {guild_ids: [guild]});
  bot.send(43, {guild_id: guild, fields: ['status', 'voice_start_time']});

  // People's acts, each with its variants.
  const first = await act('say', {by: 'mira', text: 'good evening'});
  await act('say', {by: 'ines', text: 'and to you', reply_to: first.message});
  await act('whisper', {by: 'mira', text: 'psst'});
  await act('edit', {message: first.message, text: 'good night'});
  for (const emoji of ['🎉', '👍']) await act('react', {message: first.message, by: 'mira', emoji});
  await act('pin', {message: first.message});
  await act('pin', {message: first.message, on: false});
  const poll = await act('ask', {by: 'mira', question: 'What next?', answers: ['a hymn', 'a song']});
  await act('vote', {message: poll.message, by: 'ines', answer: 1});
  await act('vote', {message: poll.message, by: 'ines', answer: 1, on: false});
  await act('delete', {message: first.message});
  const more = [await act('say', {by: 'mira', text: 'one'}), await act('say', {by: 'mira', text: 'two'})];
  await act('delete_many', {messages: more.map(one => one.message)});
  await act('type', {by: 'mira'});
  await act('register', {command: {name: 'ping', description: 'Pings', options: [{name: 'loud', type: 5, description: 'How'}]}});
  await act('command', {by: 'mira', name: 'ping'});
  await act('command', {by: 'mira', name: 'ping', options: [{name: 'loud', type: 5, value: true}]});
  for (const status of ['online', 'idle', 'dnd', 'offline']) await act('appear', {by: 'mira', status, plays: status === 'online' ? 'a game' : undefined});
  await act('join', {by: 'newcomer'});
  await act('nick', {by: 'newcomer', nick: 'fresh'});
  await act('nick', {by: 'newcomer'});
  const role = await act('add_role', {by: 'mira', name: 'altos'});
  await act('give_role', {by: 'mira', user: 'newcomer', role: 'altos'});
  await act('give_role', {by: 'mira', user: 'newcomer', role: 'altos', on: false});
  await act('rename_role', {by: 'mira', role: role.role, name: 'tenors'});
  await act('remove_role', {by: 'mira', role: role.role});
  await act('kick', {by: 'mira', user: 'newcomer'});
  await act('ban', {by: 'mira', user: 'newcomer'});
  await act('unban', {by: 'mira', user: 'newcomer'});
  for (const kind of [0, 2, 4, 5, 13, 15, 16]) {
    const name = `kind-${kind}`;
    const made = await act('add_channel', {by: 'mira', name, kind});
    await act('topic', {place: made.channel, by: 'mira', text: 'about this'});
    if (kind === 0 || kind === 5 || kind === 15) {
      const thread = await act('add_thread', {place: made.channel, by: 'mira', name: 'aside'});
      await act('say', {place: thread.thread, by: 'ines', text: 'within'});
      await act('remove_channel', {place: thread.thread, by: 'mira'});
    }
    await act('remove_channel', {place: made.channel, by: 'mira'});
  }
  await act('invite', {by: 'mira'});
  await act('rename_guild', {by: 'mira', name: 'choir of the loft'});
  await act('rename_guild', {by: 'mira', guild, name: 'choir'});
  await act('join_voice', {by: 'mira'});
  await act('leave_voice', {by: 'mira'});
  await act('change_voice_server');
  await act('add_guild', {name: 'another choir'});
  await act('available', {guild: 'another choir', on: false});
  await act('available', {guild: 'another choir', on: true});

  // A session that resumes, and one that asks for members too often.
  await bot.drop();
  await act('say', {by: 'mira', text: 'while you were out'});
  await bot.connect();
  for (let times = 0; times < 140; times++) other.send(8, {guild_id: guild, query: '', limit: 0});

  // Traffic until every kind was seen, and a good many events of it.
  const wanted = Object.values(GatewayDispatchEvents).filter(kind => !(kind in NEVER_SENT));
  const seen = new Set();
  let read = 0;
  const missing = () => {
    for (; read < frames.length; read++) seen.add(frames[read].t);
    return wanted.filter(kind => !seen.has(kind));
  };
  const before = frames.length;
  await act('traffic', {rate: 1500});
  try {
    await until(() => frames.length >= before + TRAFFIC && missing().length === 0, () => 'kinds');
  } catch {
    // The report names the kinds that are missing.
  }
  await act('traffic', {rate: 0});
}
