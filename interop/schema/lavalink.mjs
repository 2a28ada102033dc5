// Lavalink's frames and answers against the schemas of `lavalink-protocol`, which is published apart from every client
// and runs without a JVM, as the Kotlin package of the same name does not.
//
// Each schema refuses fields that it does not know, so that nothing is left out and nothing is made up.
import {Either, ParseResult, Schema} from 'effect';
import * as L from 'lavalink-protocol';
import WebSocket from 'ws';
import {until} from './simulator.mjs';

/** Schemas of frames by their `op`, and of events by their `type`. */
const OPS = {ready: L.ready, playerUpdate: L.playerUpdate, stats: L.stats};
const EVENTS = {
  TrackStartEvent: L.trackStartEvent,
  TrackEndEvent: L.trackEndEvent,
  TrackExceptionEvent: L.trackExceptionEvent,
  TrackStuckEvent: L.trackStuckEvent,
  WebSocketClosedEvent: L.webSocketClosedEvent,
};

/** Differences of the schemas from https://lavalink.dev/api/rest: what of, and path. */
const ALLOWED = [
  // https://lavalink.dev/api/rest.html#exception-object has it since Lavalink 4.1.
  {of: /./, path: /(^|\.)causeStackTrace$/},
  // https://lavalink.dev/api/rest.html#get-lavalink-stats: `frameStats` is always missing for this endpoint.
  {of: /^GET \/v4\/stats$/, path: /^frameStats$/},
];

function faultsOf(of, schema, value) {
  const read = Schema.decodeUnknownEither(schema)(value, {errors: 'all', onExcessProperty: 'error'});
  if (Either.isRight(read)) return [];
  return ParseResult.ArrayFormatter.formatErrorSync(read.left).flatMap(({path, message}) => {
    const at = path.map(String);
    const name = at.filter(step => !/^\d+$/.test(step)).join('.');
    if (ALLOWED.some(entry => entry.of.test(of) && entry.path.test(name))) return [];
    return [{sample: {of: `lavalink ${of}`}, path: at, value: at.reduce((inner, step) => inner?.[step], value), says: message}];
  });
}

/** Plays on a node, calls every route of Lavalink 4, and checks what comes. */
export async function checkLavalink(simulator, [bot], dispatches) {
  const [node] = simulator.addresses.lavalink.nodes ?? simulator.addresses.lavalink;
  const discord = simulator.addresses.discord;
  const act = (name, fields) => simulator.do('lavalink', name, {node: node.name, ...fields});
  const faults = [];
  const frames = [];
  const routes = new Set();
  let answers = 0;

  const headers = {authorization: node.password, 'user-id': discord.user_id, 'client-name': 'antiphon-interop/0'};
  const socket = new WebSocket(`${node.url.replace(/^http/, 'ws')}/v4/websocket`, {headers});
  socket.on('error', () => {});
  socket.on('message', text => frames.push(JSON.parse(text)));
  const heard = (op, type) => until(() => frames.some(frame => frame.op === op && (!type || frame.type === type)), () => `${op} ${type ?? ''}`);
  await heard('ready');
  const session = `/v4/sessions/${frames.find(frame => frame.op === 'ready').sessionId}`;

  const call = async (method, path, schema, {body, status = 200} = {}) => {
    const of = `${method} ${path.split('?')[0].replace(/sessions\/\w+/, 'sessions/{sessionId}').replace(/players\/\d+/, 'players/{guildId}')}`;
    const response = await fetch(node.url + path, {method, headers: {...headers, 'content-type': 'application/json'}, body: body && JSON.stringify(body)});
    const text = await response.text();
    routes.add(of);
    answers += 1;
    if (response.status !== status) {
      faults.push({sample: {of: `lavalink ${of}`}, path: [], value: text, says: `answers ${response.status} in place of ${status}`});
    } else if (schema === L.RESTGetAPINodeVersionResult) {
      faults.push(...faultsOf(of, schema, text));
      return text;
    } else if (schema) {
      const answer = JSON.parse(text);
      faults.push(...faultsOf(status < 300 ? of : `${of} (${status})`, schema, answer));
      return answer;
    }
    return undefined;
  };

  await call('GET', '/version', L.RESTGetAPINodeVersionResult);
  await call('GET', '/v4/info', L.RESTGetAPINodeInfoResult);
  await call('GET', '/v4/stats', L.RESTGetAPINodeStatsResult);
  const load = identifier => call('GET', `/v4/loadtracks?identifier=${encodeURIComponent(identifier)}`, L.RESTGetAPILoadTracksResult);
  for (const identifier of [
    'ytsearch:slow tide', 'spsearch:slow tide', 'scsearch:slow tide', 'ytsearch:xyzzy', 'clef_______', 'https://radio.example/choir.mp3',
    'https://www.youtube.com/playlist?list=PLchoirloft', 'https://open.spotify.com/album/windfall', 'https://error.example/common', 'https://error.example/fault', 'nothing',
  ]) await load(identifier);
  const {data: [track]} = await load('ytsearch:slow tide');
  await call('GET', `/v4/decodetrack?encodedTrack=${encodeURIComponent(track.encoded)}`, L.RESTGetAPIDecodeTrackResult);
  await call('POST', '/v4/decodetracks', L.RESTPostAPIDecodeTracksResult, {body: [track.encoded]});
  await call('PATCH', session, L.RESTPatchAPISessionResult, {body: {resuming: true, timeout: 30}});

  // A voice connection of Discord, and a player that uses it.
  // It leaves first and looks at what comes from then on, since the token of an earlier connection leads nowhere.
  const before = dispatches.length;
  for (const channel_id of [null, discord.voice_channel_id]) {
    bot.send(4, {guild_id: discord.guild_id, channel_id, self_mute: false, self_deaf: false});
  }
  const voiceOf = () => {
    const heard = dispatches.slice(before);
    const server = heard.findLast(frame => frame.t === 'VOICE_SERVER_UPDATE' && frame.d.guild_id === discord.guild_id && frame.d.endpoint);
    const state = heard.findLast(frame => frame.t === 'VOICE_STATE_UPDATE' && frame.d.user_id === discord.user_id && frame.d.channel_id);
    return server && state && {token: server.d.token, endpoint: server.d.endpoint, sessionId: state.d.session_id, channelId: state.d.channel_id};
  };
  await until(voiceOf, () => 'a voice server');
  const player = `${session}/players/${discord.guild_id}`;
  const update = body => call('PATCH', player, L.RESTPatchAPIPlayerResult, {body});
  await update({});
  await update({voice: voiceOf()});
  await update({track: {encoded: track.encoded, userData: {asked: 'mira'}}, volume: 80});
  await heard('event', 'TrackStartEvent');
  await update({filters: {
    volume: 0.5, equalizer: [{band: 0, gain: 0.2}], karaoke: {level: 1, monoLevel: 1, filterBand: 220, filterWidth: 100}, timescale: {speed: 1.1, pitch: 1, rate: 1},
    tremolo: {frequency: 2, depth: 0.5}, vibrato: {frequency: 2, depth: 0.5}, rotation: {rotationHz: 0.2},
    distortion: {sinOffset: 0, sinScale: 1, cosOffset: 0, cosScale: 1, tanOffset: 0, tanScale: 1, offset: 0, scale: 1},
    channelMix: {leftToLeft: 1, leftToRight: 0, rightToLeft: 0, rightToRight: 1}, lowPass: {smoothing: 20},
  }});
  await update({position: 1000, paused: true});
  await update({paused: false, endTime: 60000});
  await call('GET', player, L.RESTGetAPIPlayerResult);
  await call('GET', `${session}/players`, L.RESTGetAPIPlayersResult);
  await act('stats');
  await act('finish', {guild: discord.guild_id});
  await heard('event', 'TrackEndEvent');
  await update({track: {identifier: 'clef_______'}});
  await update({track: {identifier: 'second_____'}});
  await update({track: {encoded: null}});
  await update({track: {identifier: 'clef_______'}});
  await act('break_off', {guild: discord.guild_id});
  await heard('event', 'TrackExceptionEvent');
  await update({track: {identifier: 'clef_______'}});
  await act('stick', {guild: discord.guild_id});
  await heard('event', 'TrackStuckEvent');
  await act('close_voice', {guild: discord.guild_id, code: 4006, reason: 'Your session is no longer valid.'});
  await heard('event', 'WebSocketClosedEvent');
  await heard('playerUpdate');
  await heard('stats');
  await call('DELETE', player, undefined, {status: 204});

  await act('route_planner', {failing: ['1.2.3.4']});
  await call('GET', '/v4/routeplanner/status', L.RESTGetAPIRoutePlannerStatusResult);
  await call('POST', '/v4/routeplanner/free/address', undefined, {body: {address: '1.2.3.4'}, status: 204});
  await call('POST', '/v4/routeplanner/free/all', undefined, {status: 204});

  // Refusals.
  await call('GET', player, L.error, {status: 404});
  await call('GET', '/v4/sessions/nosuchsession000/players', L.error, {status: 404});
  await call('PATCH', player, L.error, {body: {track: {encoded: track.encoded, identifier: 'clef_______'}}, status: 400});
  await call('GET', '/v4/nowhere', L.error, {status: 404});
  socket.terminate();

  const kinds = new Set();
  for (const {op, ...frame} of frames) {
    const {type, ...event} = frame;
    const of = op === 'event' ? type : op;
    kinds.add(of);
    const schema = op === 'event' ? EVENTS[type] : OPS[op];
    if (schema) faults.push(...faultsOf(of, schema, op === 'event' ? event : frame));
    else faults.push({sample: {of: `lavalink ${of}`}, path: [], value: frame, says: 'is in no schema'});
  }
  for (const kind of [...Object.keys(OPS), ...Object.keys(EVENTS)]) {
    if (!kinds.has(kind)) faults.push({sample: {of: `lavalink ${kind}`}, path: [], value: null, says: 'never came'});
  }
  return {frames: frames.length, kinds: kinds.size, answers, routes: routes.size, faults};
}
