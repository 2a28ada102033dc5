#!/usr/bin/env node
// dubapi 2.1.0 against the simulator.
//
// It logs in, joins, chats, updubs, sets a role and survives a cut. The frames it counts are the ledger's for each
// connection, and what it emits is what its documented rules make of them.
'use strict';

const assert = require('node:assert');
const {spawn} = require('node:child_process');
const readline = require('node:readline');

const PATIENCE = 40000;

function ok(promise) {
  console.log(`ok dubapi: ${promise}`);
}

function failed(promise, detail) {
  console.log(`FAILED dubapi: ${promise}: ${detail}`);
  world.process?.kill();
  process.exit(1);
}

function check(promise, held, detail = '') {
  if (held) ok(promise);
  else failed(promise, typeof detail === 'string' ? detail : JSON.stringify(detail));
}

async function until(what, condition) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > end) failed(what, `not within ${PATIENCE / 1000} s`);
    await new Promise(resume => setTimeout(resume, 20));
  }
}

// The simulator: a process, its ledger, and its accounts over plain HTTP.
const world = {
  async start(antiphon) {
    this.process = spawn(antiphon, ['sim'], {stdio: ['ignore', 'pipe', 'inherit']});
    const lines = readline.createInterface({input: this.process.stdout});
    const [first] = await require('node:events').once(lines, 'line');
    this.addresses = JSON.parse(first);
    this.queup = this.addresses.queup;
  },
  async do(command) {
    const answer = await fetch(`${this.addresses.control}/do`, {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify(command),
    });
    assert(answer.ok, await answer.text());
  },
  async ledger(account) {
    const rows = [];
    for (let after = 0; ;) {
      const text = await (await fetch(`${this.addresses.control}/ledger?after=${after}`)).text();
      const page = text.split('\n').filter(Boolean).map(line => JSON.parse(line));
      if (page.length === 0) return rows.filter(row => row.due_to === account);
      after = page[page.length - 1].n;
      rows.push(...page);
    }
  },
  async notes() {
    return (await fetch(`${this.addresses.control}/notes`)).text();
  },
};

class Account {
  static async login({email, password}) {
    const account = new Account();
    await account.call('POST', '/auth/login', {username: email, password});
    account.id = (await account.call('GET', '/auth/session'))._id;
    return account;
  }

  async call(method, path, form) {
    const answer = await fetch(world.queup.rest + path, {
      method,
      headers: this.cookie ? {cookie: this.cookie} : {},
      body: form && new URLSearchParams(form),
      redirect: 'manual',
    });
    this.cookie ??= answer.headers.get('set-cookie')?.split(';')[0];
    const text = await answer.text();
    assert.strictEqual(answer.status, 200, `${method} ${path}: ${text}`);
    return JSON.parse(text).data;
  }
}

// The kind of a frame, from the protocol's documents alone.
function kindOf(frame) {
  const names = {
    4: 'connected', 9: 'error', 11: 'joined_room', 13: 'left_room', 14: 'presence_change', 16: 'sync', 17: 'token',
  };
  if (frame.action !== 15) return `queup.${names[frame.action] ?? frame.action}`;
  const family = /^(user_update_|user-update-|comment-update-)/.exec(frame.message.name);
  return `queup.${family ? family[0].slice(0, -1) : frame.message.name}`;
}

// Sends the client to the simulator: two places where it has an address of its own.
function redirect() {
  const rest = world.queup.rest;
  const got = require('got');
  const extend = got.extend;
  got.extend = options => {
    const instance = extend.call(got, {...options, agent: undefined, prefixUrl: `${rest}/`});
    // Two of its paths begin with a slash, which its HTTP library refuses beside a prefix.
    return request => instance({...request, url: request.url.replace(/^\//, '')});
  };
  const socket = new URL(world.queup.socket);
  const path = require.resolve('engine.io-client');
  const Real = require(path);
  require.cache[path].exports = function (options) {
    return new Real({...options, hostname: socket.hostname, port: socket.port, secure: false});
  };
}

async function main() {
  await world.start(process.argv[2]);
  redirect();
  const DubAPI = require('dubapi');
  const {email, password, room: slug, user_id: ownId} = world.queup;

  const refusal = await new Promise(answer => new DubAPI({username: email, password: 'wrong'}, answer));
  check('a wrong password is refused with the server\'s words', /Authentication Failed: .+/.test(refusal?.message), String(refusal));

  const bot = await new Promise((resolve, reject) => {
    new DubAPI({username: email, password}, (error, client) => (error ? reject(error) : resolve(client)));
  });
  ok('logs in');

  // What it was sent and what it emitted, per connection.
  const connections = [];
  let emitting = false;
  bot.on('error', error => failed('runs without an error', error.stack ?? String(error)));
  bot.on('socket:message', frame => {
    if (frame.action === 4) connections.push({id: frame.connectionId, frames: [], emitted: [], expected: []});
    const connection = connections[connections.length - 1];
    connection.frames.push(kindOf(frame));
    const expected = byTheRules(bot, frame);
    if (expected) connection.expected.push(expected);
    // What it emits for a frame follows in the same call; what its own requests make comes later.
    emitting = true;
    queueMicrotask(() => { emitting = false; });
  });
  bot.on('*', message => {
    if (emitting) connections[connections.length - 1].emitted.push(message.type);
  });
  const now = () => connections[connections.length - 1];

  bot.connect(slug);
  await require('node:events').once(bot, 'connected');
  const room = bot.getRoomMeta().id;
  ok('joins');

  const mira = await Account.login(world.queup.accounts[0]);
  await mira.call('POST', `/room/${room}/users`);
  await until('hears a member join', () => bot.getUser(mira.id));

  const answer = await new Promise(answered => bot.sendChat('dubapi was here & <left>', (code, body) => answered({code, body})));
  check('chats', answer.code === 200, answer);
  await until('its own chat comes back', () => now().emitted.includes('chat-message'));
  check('its own chat comes back unescaped', bot.getChatHistory().some(chat => chat.message === 'dubapi was here & <left>'), bot.getChatHistory().map(chat => chat.message));

  await mira.call('POST', `/room/${room}/playlist`, {songType: 'youtube', songId: 'abcdEFGH123'});
  await until('hears a song begin', () => bot.getMedia());
  check('knows the song', bot.getMedia().type === 'youtube', bot.getMedia());
  const dubbed = await new Promise(answered => bot.updub((code, body) => answered({code, body})));
  check('updubs', dubbed.code === 200, dubbed);
  await until('hears its own dub', () => bot.getScore().updubs === 1);

  const set = await new Promise(answered => bot.moderateSetRole(mira.id, 'vip', (code, body) => answered({code, body})));
  check('sets a role', set.code === 200, set);
  await until('hears the role', () => bot.isVIP(bot.getUser(mira.id)));

  await world.do({do: 'cut', platform: 'queup'});
  await until('connects again after a cut', () => connections.length === 2 && now().frames.includes('queup.joined_room'));
  await mira.call('POST', `/chat/${room}`, {message: 'back again?', type: 'chat-message'});
  await until('hears chat after a cut', () => now().emitted.includes('chat-message'));
  ok('survives a cut');

  const counts = list => list.reduce((sum, kind) => ({...sum, [kind]: (sum[kind] ?? 0) + 1}), {});
  const ordered = object => JSON.stringify(Object.entries(object).sort());
  const ledgerOf = (rows, connection) => counts(rows.filter(row => row.connection === connection.id).map(row => row.kind));
  const agree = rows => connections.every(one => ordered(counts(one.frames)) === ordered(ledgerOf(rows, one)));
  await until('frames equal the ledger\'s, per kind and connection', async () => agree(await world.ledger(ownId)));
  ok('frames equal the ledger\'s, per kind and connection');
  for (const one of connections) {
    check(`emits what its rules say (${one.expected.length} events)`, ordered(one.emitted) === ordered(one.expected), {emitted: one.emitted, expected: one.expected});
  }
  const notes = await world.notes();
  check('the simulator knew every request', !notes.trim(), notes);

  bot.disconnect();
  world.process.kill();
  process.exit(0);
}

// The event type that its reference says it emits for a frame; nothing for what it keeps to itself.
// Called before the client handles the frame, so that its collections are as its rule sees them.
function byTheRules(bot, frame) {
  const meta = bot.getRoomMeta();
  if (frame.action !== 15 || !meta || frame.channel !== `room:${meta.id}`) return undefined;
  const message = JSON.parse(frame.message.data);
  const update = /^user(-|_)update(?:-|_)[0-9a-f]+$/.exec(message.type);
  const type = update ? `user${update[1]}update` : message.type;
  switch (type) {
    case 'user-join': return bot.getUsers().some(user => user.id === message.user._id) ? undefined : type;
    case 'user-leave': return bot.getUsers().some(user => user.id === message.user._id) ? type : undefined;
    case 'room_playlist-update': return message.song._id === bot.getPlayID() ? undefined : type;
    case 'room_playlist-dub': return message.playlist._id === bot.getPlayID() ? type : undefined;
    case 'room_playlist-queue-update-dub': return undefined;
    default: return type;
  }
}

main().catch(error => failed('runs to its end', error.stack ?? String(error)));
