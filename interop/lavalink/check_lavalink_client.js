#!/usr/bin/env node
// lavalink-client 2.11.0 on discord.js 14.28.1 against the simulator's nodes.
//
// It connects, joins in voice, searches, plays, seeks, filters and goes through its queue, hears every way a track can end,
// is resumed after a cut, and moves its player when its node restarts, with 20 s of ambient traffic around it. Every frame
// that the ledger has for its sockets arrives once.
//
// What is its own: it asks for its old session only when it was told the session's id, it emits an error for an op that it
// does not know, and it sends `requester` with a track, which no node knows.
'use strict';

const {Client, GatewayIntentBits} = require('discord.js');
const {EQList, LavalinkManager} = require('lavalink-client');
const {run} = require('../world.js');

// Events a second of the nodes, and for how many milliseconds at least.
const RATE = 40;
const AMBIENT = 20000;

// JSON with its keys in order.
function sorted(value) {
  return JSON.stringify(value, (_, one) => (one && typeof one === 'object' && !Array.isArray(one)
    ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one));
}

function counts(list) {
  const all = new Map();
  for (const one of list) all.set(one, (all.get(one) ?? 0) + 1);
  return all;
}

// What one list has more often than the other.
function missing(these, those) {
  const [left, right] = [counts(these), counts(those)];
  return [...left].filter(([one, times]) => (right.get(one) ?? 0) < times).map(([one]) => one);
}

run('lavalink-client', async world => {
  const mine = world.discord;
  const guild = mine.guild_id;
  const errors = [];
  const frames = [];
  const heard = {starts: [], ends: [], others: []};
  let strange = 0;

  const client = new Client({
    intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates],
    rest: {api: mine.rest.replace(/\/v10$/, '')},
  });
  client.on('error', error => errors.push(error.stack));
  client.on('warn', text => errors.push(text));
  const address = ({name, url, password}) => ({
    id: name, host: new URL(url).hostname, port: Number(new URL(url).port), authorization: password,
    retryDelay: 500, retryAmount: 40,
  });
  const manager = new LavalinkManager({
    nodes: [address(world.lavalink[0])],
    sendToShard: (id, payload) => client.guilds.cache.get(id)?.shard?.send(payload),
    client: {id: mine.application_id, username: mine.username},
    autoSkip: true, autoMove: true,
  });
  client.on('raw', data => manager.sendRawData(data));
  manager.on('trackStart', (_, track) => heard.starts.push(track.info.identifier));
  for (const name of ['trackEnd', 'queueEnd']) {
    manager.on(name, (_, track, payload) => {
      if (payload.type === 'TrackEndEvent') heard.ends.push(`${payload.track.info.identifier} ${payload.reason}`);
    });
  }
  manager.on('trackError', (_, track, payload) => heard.others.push(`exception ${payload.exception?.message}`));
  manager.on('trackStuck', (_, track, payload) => heard.others.push(`stuck ${payload.thresholdMs}`));
  manager.on('playerSocketClosed', (_, payload) => heard.others.push(`closed ${payload.code}`));
  manager.on('SegmentSkipped', (_, track, payload) => heard.others.push(`skipped ${payload.segment.category}`));
  const nodes = {connects: [], disconnects: [], resumes: []};
  manager.nodeManager.on('raw', (node, payload) => frames.push(sorted(payload)));
  manager.nodeManager.on('connect', node => nodes.connects.push(node.id));
  manager.nodeManager.on('disconnect', node => nodes.disconnects.push(node.id));
  manager.nodeManager.on('resumed', (node, payload, players) => nodes.resumes.push(players.map(one => one.guildId)));
  let mayBeDown = false;
  manager.nodeManager.on('error', (node, error) => {
    const text = String(error?.message ?? error);
    if (text.includes('Unexpected op "weather"')) strange += 1;
    else if (!(mayBeDown && text.includes('ECONNREFUSED'))) errors.push(error?.stack ?? text);
  });

  const until = async (what, condition) => {
    await world.until(what, () => {
      if (errors.length) world.failed('runs without an error', errors.slice(0, 5));
      return condition();
    }, () => ({...heard, ...nodes, last: frames.slice(-5)}));
    world.ok(what);
  };
  const seen = async () => (await world.node({do: 'players'})).players.find(one => one.guild === guild);
  // Something makes a track begin.
  const begins = async (what, identifier, act) => {
    const before = heard.starts.length;
    await act();
    await until(what, async () => heard.starts.slice(before).includes(identifier) && (await seen()).track === identifier);
  };
  const ends = async (what, end, act) => {
    const before = heard.ends.length;
    await act();
    await until(what, () => heard.ends.slice(before).includes(end));
  };
  const sent = async () => (await world.ledger(mine.user_id))
    .filter(row => row.kind.startsWith('lavalink.') && row.connection).map(row => sorted(row.body));
  // Waits until everything that was sent has arrived, so that what happens next loses nothing.
  const settle = () => world.until('hears everything', async () => {
    const rows = await sent();
    return rows.length === frames.length && !missing(rows, frames).length;
  });

  // Connecting.
  await client.login(mine.token);
  await world.until('its host is ready', () => client.isReady());
  await manager.init({id: client.user.id, username: client.user.username});
  await until('is connected', () => nodes.connects.length === 1);
  const eu = manager.nodeManager.nodes.get('eu-1');
  const info = await eu.fetchInfo();
  world.check('reads what its node is', info.version.major === 4 && info.sourceManagers.includes('youtube'), info);
  await world.node({do: 'traffic', rate: RATE});
  const begun = Date.now();

  // Playing.
  const player = manager.createPlayer({guildId: guild, voiceChannelId: mine.voice_channel_id, textChannelId: mine.channel_id});
  await player.connect();
  await until('joins a voice channel, and its node has the voice', async () => (await seen())?.connected);
  const search = async query => player.search({query}, client.user);
  const tide = (await player.search({query: 'slow tide', source: 'ytsearch'}, client.user)).tracks[0];
  world.check('searches', tide.info.title === 'Slow Tide', tide);
  const list = await search('https://www.youtube.com/playlist?list=PLchoirloft');
  world.check('finds a list', list.playlist.name === 'Songs for the Loft' && list.tracks.length === 12, list);
  const nothing = await player.search({query: 'xyzzy', source: 'scsearch'}, client.user);
  world.check('finds nothing', nothing.loadType === 'empty', nothing);
  const refused = await search('https://error.example/suspicious');
  world.check('is told why nothing could be loaded', refused.loadType === 'error' && refused.exception.severity === 'suspicious', refused);

  const id = tide.info.identifier;
  await begins('plays', id, () => player.play({clientTrack: tide, position: 1000}));
  await player.pause();
  await player.seek(60000);
  await player.setVolume(35);
  let now = await seen();
  world.check('pauses, seeks, sets the volume', now.paused && now.position === 60000 && now.volume === 35, now);
  await player.resume();
  world.check('goes on', !(await seen()).paused);
  const {filterManager} = player;
  await filterManager.setEQ(EQList.BassboostLow);
  await filterManager.setSpeed(1.5);
  await filterManager.toggleKaraoke();
  await filterManager.toggleTremolo();
  await filterManager.toggleVibrato();
  await filterManager.toggleRotation(0.25);
  await filterManager.toggleLowPass(20);
  await filterManager.setAudioOutput('mono');
  now = (await seen()).filters;
  const wanted = ['channelMix', 'equalizer', 'karaoke', 'lowPass', 'rotation', 'timescale', 'tremolo', 'vibrato'];
  world.check('sets every filter', wanted.every(name => name in now) && now.timescale.speed === 1.5, now);
  await filterManager.resetFilters();
  now = (await seen()).filters;
  world.check('takes all filters away', !('karaoke' in now) && (now.timescale?.speed ?? 1) === 1, now);
  await player.setSponsorBlock(['sponsor', 'intro']);
  const categories = await player.getSponsorBlock();
  world.check('sets and reads categories of SponsorBlock', categories.sort().join() === 'intro,sponsor', categories);
  await world.node({do: 'plugin_event', guild, name: 'SegmentSkipped', fields: {segment: {category: 'intro', start: 0, end: 4000}}});
  await until('hears an event of a plugin', () => heard.others.includes('skipped intro'));

  // Its queue.
  const [first, second, third] = list.tracks.slice(0, 3);
  await player.queue.add([first, second, third]);
  await begins('skips to its queue', first.info.identifier, () => player.skip());
  await begins('goes on when a track ends', second.info.identifier, () => world.node({do: 'finish', guild}));
  world.check('the end was heard', heard.ends.includes(`${first.info.identifier} finished`), heard.ends);
  await begins('and again', third.info.identifier, () => world.node({do: 'finish', guild}));
  await ends('hears the end of its queue', `${third.info.identifier} finished`, () => world.node({do: 'finish', guild}));

  // Failing.
  const broken = (await search('https://www.youtube.com/watch?v=unavailable')).tracks[0];
  await ends('hears that a track cannot be loaded', 'unavailable loadFailed', () => player.play({clientTrack: broken}));
  await until('is told why', () => heard.others.includes('exception This track is unavailable'));
  await begins('plays again', id, () => player.play({clientTrack: tide}));
  await world.node({do: 'stick', guild});
  await until('hears that its track is stuck', () => heard.others.includes('stuck 10000'));
  await world.node({do: 'close_voice', guild, code: 4006, reason: 'Session is no longer valid.', by_remote: true});
  await until('hears that its voice was closed', () => heard.others.includes('closed 4006'));

  // Losing its node.
  await begins('plays before a cut', id, () => player.play({clientTrack: tide}));
  await eu.updateSession(true, 60000);
  eu.options.sessionId = eu.sessionId;
  await settle();
  const session = eu.sessionId;
  await world.node({do: 'reset', node: 'eu-1'});
  await until('is resumed after a cut, with its player', () => nodes.resumes.length === 1 && nodes.resumes[0].includes(guild));
  now = await seen();
  world.check('in the same session, where its track plays on', eu.sessionId === session && now.track === id, now);
  manager.nodeManager.createNode(address(world.lavalink[1])).connect();
  await until('is connected to another node', () => nodes.connects.includes('us-1') && manager.nodeManager.nodes.get('us-1').sessionId);
  await begins('plays before its node restarts', id, () => player.play({clientTrack: tide, position: 30000}));
  await settle();
  const connects = nodes.connects.length;
  mayBeDown = true;
  await world.node({do: 'kill', node: 'eu-1', for: '1s'});
  await until('moves its player to the other node', async () => player.node.id === 'us-1' && (await seen())?.node === 'us-1' && (await seen()).track === id);
  now = await seen();
  world.check('where the track goes on', now.position >= 30000 && now.position < 90000, now);
  await until('is connected to the restarted node', () => nodes.connects.length > connects && eu.connected);
  world.check('in a new session', eu.sessionId !== session, eu.sessionId);
  await ends('stops', `${id} stopped`, () => player.stopPlaying());

  // What it heard.
  await world.until('20 s of traffic', () => Date.now() > begun + AMBIENT);
  await world.node({do: 'traffic', rate: 0});
  await settle();
  const rows = await sent();
  world.check(`hears every frame that the ledger has, ${rows.length} in all`, !missing(rows, frames).length && !missing(frames, rows).length,
    {missing: missing(rows, frames), extra: missing(frames, rows)});
  const weather = frames.filter(text => text.includes('"op":"weather"')).length;
  world.check('complains about an op that it does not know, and about nothing else', strange === weather && !errors.length, [strange, weather, errors]);
  await player.destroy('done', true);
  await world.until('its node has no player of it', async () => !(await seen()));
  world.ok('its node has no player of it');
  await client.destroy();
  const notes = (await world.notes()).filter(text => !text.includes('track.requester'));
  world.check('nothing else about it is noted', !notes.length, notes.slice(0, 5));
});
