// The simulator as the checks in JavaScript see it: a process, its control address and its ledger; world.py's sibling.
//
// Node.js alone, so that it shares no code with the clients under test.
'use strict';

const {spawn} = require('node:child_process');
const {once} = require('node:events');
const readline = require('node:readline');

const PATIENCE = 40000;

class World {
  static async start(client, antiphon, ...options) {
    const world = new World();
    world.client = client;
    world.process = spawn(antiphon, ['sim', ...options], {stdio: ['ignore', 'pipe', 'inherit']});
    const [first] = await once(readline.createInterface({input: world.process.stdout}), 'line');
    world.addresses = JSON.parse(first);
    world.discord = world.addresses.discord;
    world.lavalink = world.addresses.lavalink;
    return world;
  }

  // Sends a command to a platform; returns its result.
  async do(platform, command) {
    const answer = await fetch(`${this.addresses.control}/do`, {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify({platform, ...command}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${JSON.stringify(command)}: ${text}`);
    return text.trim() ? JSON.parse(text) : undefined;
  }

  gateway(command) {
    return this.do('discord', command);
  }

  node(command) {
    return this.do('lavalink', command);
  }

  // All rows due to an account, in order.
  async ledger(account) {
    const rows = [];
    for (let after = 0; ;) {
      const answer = await fetch(`${this.addresses.control}/ledger?after=${after}`);
      if (!answer.ok) throw new Error(await answer.text());
      const page = (await answer.text()).split('\n').filter(Boolean).map(line => JSON.parse(line));
      if (page.length === 0) return rows.filter(row => row.due_to === account);
      after = page[page.length - 1].n;
      rows.push(...page);
    }
  }

  async notes() {
    const text = await (await fetch(`${this.addresses.control}/notes`)).text();
    return text.split('\n').filter(Boolean).map(line => JSON.parse(line).text);
  }

  ok(promise) {
    console.log(`ok ${this.client}: ${promise}`);
  }

  // Ends the program: a promise did not hold.
  failed(promise, detail = '') {
    console.log(`FAILED ${this.client}: ${promise}: ${typeof detail === 'string' ? detail : show(detail)}`);
    this.close();
    process.exit(1);
  }

  check(promise, held, detail = '') {
    if (held) this.ok(promise);
    else this.failed(promise, detail);
  }

  // Waits until something holds; gives what it is.
  async until(what, condition, detail = () => '') {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const held = await condition();
      if (held) return held;
      if (Date.now() > end) this.failed(what, `not within ${PATIENCE / 1000} s; ${show(detail())}`);
      await new Promise(resume => setTimeout(resume, 20));
    }
  }

  close() {
    this.process?.kill();
  }
}

function show(value) {
  return value instanceof Error ? value.stack : JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one));
}

// Runs a check's story with a world of its own; an error that nobody took fails it.
function run(client, story, ...options) {
  let world;
  const stray = error => {
    if (world) world.failed('runs without a stray error', error?.stack ?? String(error));
    console.log(`FAILED ${client}: the simulator does not start: ${error}`);
    process.exit(1);
  };
  process.on('unhandledRejection', stray);
  process.on('uncaughtException', stray);
  World.start(client, process.argv[2], ...options).then(async started => {
    world = started;
    await story(world);
    world.close();
    process.exit(0);
  }).catch(stray);
}

module.exports = {World, run};
