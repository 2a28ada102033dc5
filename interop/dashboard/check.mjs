#!/usr/bin/env node
// The dashboard in Chromium, by playwright-core: node check.mjs ANTIPHON [FOLDER]
//
// A simulator, a daemon on all four platforms and a dashboard of its journal. Every page is opened in both themes at 400
// and 1,280 pixels, by keyboard alone and without JavaScript; the list of events is cut a hundred times while a thousand
// events a second are stored, and must show each of them once; the page Sandbox is in sandbox.mjs. With FOLDER, pictures of the pages are written there.
// Chromium is the system's, `chromium` unless CHROMIUM names another.
import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import net from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import {chromium} from 'playwright-core';
import {sandbox} from './sandbox.mjs';

const require = createRequire(import.meta.url);
const {World} = require('../world.js');

const [antiphon, pictures] = process.argv.slice(2).map(name => path.resolve(name));
const PAGES = {overview: '/', events: '/events', places: '/places', players: '/players', latency: '/latency', storage: '/storage', dead: '/dead'};
const PATIENCE = 60_000;
// Events a second and platform, and how often the list is cut.
const RATE = 250;
const CUTS = 100;

const folder = mkdtempSync(path.join(tmpdir(), 'antiphon-dashboard-'));
const children = [];

function holds(condition, promise, seen = '') {
  if (!condition) throw new Error(`not so: ${promise} ${seen}`);
}

function start(...args) {
  const child = spawn(antiphon, args, {cwd: folder, stdio: ['ignore', 'pipe', 'pipe']});
  child.said = '';
  child.stderr.on('data', data => (child.said += data));
  children.push(child);
  return child;
}

// Events of the journal behind a position, by the command.
function stored(after) {
  const lines = execFileSync(antiphon, ['tail', '--output', 'json', '--since', String(after + 1)], {cwd: folder, maxBuffer: 1 << 30});
  return lines.toString().split('\n').filter(Boolean).map(line => JSON.parse(line));
}

// A way to the dashboard whose connections can be cut.
function detour(port) {
  const sockets = new Set();
  const server = net.createServer(near => {
    const far = net.connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {});
    }
    near.pipe(far).on('close', () => near.destroy());
    far.pipe(near).on('close', () => far.destroy());
  });
  return {
    server,
    cut: () => sockets.forEach(socket => socket.destroy()),
  };
}

async function main() {
  const world = await World.start('dashboard', antiphon, '--write', path.join(folder, 'antiphon.toml'));
  children.push(world.process);
  const everywhere = command => Promise.all(['discord', 'lavalink', 'queup', 'stackexchange'].map(one => world.do(one, command)));
  const daemon = start('run');
  await world.until('six connections', () => daemon.said.split('connected since').length >= 7);
  await everywhere({do: 'traffic', rate: 20});

  // A port of the detour's own name is asked for first, since the dashboard answers to that name alone.
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const way = probe.address().port;
  probe.close();
  const dashboard = start('dashboard', '--listen', '127.0.0.1:0', '--host', `127.0.0.1:${way}`);
  const [line] = await once(readline.createInterface({input: dashboard.stdout}), 'line');
  const url = new URL(line.split(' ').pop());

  const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox']});
  const open = async (options = {}) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.complaints = [];
    page.on('console', message => message.type() === 'error' && page.complaints.push(message.text()));
    page.on('pageerror', error => page.complaints.push(error.message));
    return page;
  };
  const widerThanItself = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  // Whether the names of the rows of the first drawing lie within the window.
  const named = page => page.evaluate(() => {
    const names = [...document.querySelectorAll('.latest .name, .latest .near')].map(one => one.getBoundingClientRect());
    return names.some(box => box.width > 0 && box.left >= 0 && box.right <= innerWidth);
  });

  // A cut, so that there are gaps to look at.
  await everywhere({do: 'cut'});
  await world.until('a gap', () => stored(0).some(event => event.kind === 'antiphon.gap'));
  const gap = stored(0).find(event => event.kind === 'antiphon.gap');

  for (const colorScheme of ['light', 'dark']) {
    for (const width of [400, 1280]) {
      const page = await open({colorScheme, viewport: {width, height: 900}});
      for (const [name, where] of [...Object.entries(PAGES), ['event', `/events/${gap.position}`]]) {
        const answer = await page.goto(new URL(where, url).href);
        holds(answer.status() === 200, `${name} opens`, answer.status());
        await page.waitForSelector('main h1');
        holds((await widerThanItself(page)) <= 0, `${name} fits ${width} pixels`);
        if (name === 'overview') holds(await named(page), `a connection's name is in sight at ${width} pixels`);
        if (pictures) await page.screenshot({path: path.join(pictures, `${name}-${colorScheme}-${width}.png`), fullPage: width === 400});
      }
      holds(page.complaints.length === 0, 'the browser complains of nothing', page.complaints);
      await page.context().close();
    }
    world.ok(`every page opens in the ${colorScheme} theme and fits 400 and 1,280 pixels`);
  }

  {
    const page = await open({javaScriptEnabled: false});
    await page.goto(url.href);
    await page.click('nav a[href="/events"]');
    await page.fill('input[name=kind]', 'antiphon.gap');
    await page.click('form.filters button');
    await page.click('table.events a');
    holds((await page.textContent('h1')) === 'antiphon.gap', 'an event is found without JavaScript');
    await page.click('nav a[href="/players"]');
    await page.waitForSelector('h2:has-text("Players") + table a');
    await page.click('nav a[href="/storage"]');
    await page.waitForSelector('svg.chart rect.plain');
    await page.context().close();
    world.ok('without JavaScript pages, filters and events can be read');
  }

  {
    const page = await open();
    await page.goto(url.href);
    const reach = async selector => {
      for (let steps = 0; steps < 60; steps++) {
        if (await page.evaluate(one => document.activeElement?.matches(one), selector)) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`the keyboard does not reach ${selector}`);
    };
    await reach('.skip');
    await reach('nav a[href="/events"]');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/events');
    await reach('input[name=text]');
    await page.keyboard.type('#1');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/events?*text=%231*');
    await reach('table.events a');
    await page.keyboard.press('Enter');
    await page.waitForURL(/events\/\d+$/);
    await reach('nav a[href="/storage"]');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/storage');
    await reach('summary');
    await page.keyboard.press('Enter');
    await page.waitForSelector('details[open] td');
    await page.context().close();
    world.ok('the keyboard alone reaches pages, filters and events');
  }

  const picture = (page, name) => page.screenshot({path: path.join(pictures, `${name}.png`), fullPage: true});
  await everywhere({do: 'traffic', rate: 0});
  await sandbox({world, url, open, holds, pictures, picture});

  {
    const {server, cut} = detour(Number(url.port));
    server.listen(way, '127.0.0.1');
    await once(server, 'listening');
    const page = await open();
    await page.addInitScript(() => {
      window.seen = [];
      new MutationObserver(changes => {
        for (const row of changes.flatMap(change => [...change.addedNodes])) {
          if (row.matches?.('tr.new')) window.seen.push(Number(row.querySelector('a').getAttribute('href').split('/').pop()));
        }
      }).observe(document, {childList: true, subtree: true});
    });
    await page.goto(`http://127.0.0.1:${way}/events`);
    await page.waitForSelector('.live.on');
    const begin = Number(await page.getAttribute('tbody[data-live]', 'data-after'));
    await everywhere({do: 'traffic', rate: RATE});
    for (let cuts = 0; cuts < CUTS; cuts++) {
      // Each connection shows something before it is cut.
      const before = await page.evaluate(() => window.seen.length);
      await page.waitForFunction(count => window.seen.length > count, before, {timeout: PATIENCE});
      cut();
    }
    await everywhere({do: 'traffic', rate: 0});
    // Connections have events of their own: what came later than this list is not compared.
    const journal = stored(begin).map(event => event.position);
    const last = journal.at(-1);
    await world.until('the page shows the last event', () => page.evaluate(position => window.seen.at(-1) >= position, last));
    const shown = (await page.evaluate(() => window.seen)).filter(position => position <= last);
    holds(new Set(shown).size === shown.length, 'no row comes twice');
    holds(shown.length === journal.length && shown.every((one, index) => one === journal[index]), 'no row is missing', `${shown.length} of ${journal.length}`);
    await page.context().close();
    server.close();
    world.ok(`${CUTS} cuts at ${4 * RATE} events/s: ${shown.length} rows, each once and in order`);
  }

  {
    const page = await open();
    const tiles = () => page.$$eval('dl.tiles div', all => Object.fromEntries(all.map(one => [one.querySelector('dt').textContent, one.querySelector('dd').textContent])));
    const rows = heading => page.$$eval(`h2:has-text("${heading}") + div tbody tr`, all => all.map(row => [...row.cells].map(cell => cell.textContent.trim())));
    // Connections have events of their own, so that the two are read again where one came in between.
    let said;
    await world.until('the first page says what `antiphon status` says', async () => {
      // Its exit code is 1 where it has something to say.
      const status = () => JSON.parse(spawnSync(antiphon, ['status', '--output', 'json'], {cwd: folder}).stdout).daemon;
      const before = status();
      await page.goto(url.href);
      const [shown, consumers, after] = [await tiles(), await rows('Consumers'), status()];
      if (before.app.progress.stored !== after.app.progress.stored || before.app.progress.lag !== 0 || after.app.progress.lag !== 0) return false;
      said = [
        [shown['last position'], after.app.progress.stored],
        [shown['handled by nobody'], after.app.handlers.unhandled],
        [shown['calls that failed'], after.app.handlers.failures],
        [shown['behind'], after.app.progress.lag],
        [shown['lanes busy'], after.app.lanes.busy],
        [shown['version'], after.process.antiphon],
        ...after.journal.consumers.map((one, index) => [consumers[index][1], one.process ?? 'none']),
        ...after.journal.consumers.map((one, index) => [consumers[index][2], one.read]),
      ].map(both => both.map(String));
      return said.every(([page, status]) => page === status);
    });
    await page.goto(new URL('/latency', url).href);
    const lag = await page.waitForSelector('svg[aria-label="How far consumers are behind"] circle', {state: 'attached'});
    holds(await lag.isVisible(), 'the daemon\'s lag is drawn');
    await page.context().close();
    world.ok(`the first page says what \`antiphon status\` says: ${said.length} figures`);
  }

  {
    const page = await open();
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    const all = stored(0);
    const gaps = all.filter(event => event.kind === 'antiphon.gap').length;
    const tile = name => page.textContent(`dl.tiles div:has(dt:text-is("${name}")) dd`);
    await world.until('the figures of the first page are those of the journal', async () => {
      await page.goto(url.href);
      return Number(await tile('last position')) === all.at(-1).position && Number(await tile('gaps seen')) === gaps;
    });
    const kinds = await page.$$eval('h2:has-text("Kinds") ~ div:has(table) tbody tr', rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim())));
    for (const [kind, count] of kinds.filter(([kind]) => kind !== 'further kinds')) {
      const right = all.filter(event => event.kind === kind).length;
      holds(Number(count) === right, `${kind} is counted`, `${count} and ${right}`);
    }
    await page.context().close();
    world.ok(`the figures of the first page are those of the journal: ${all.length} events, ${gaps} gaps, ${kinds.length} kinds`);
  }
  await browser.close();
}

let failed;
try {
  await main();
} catch (error) {
  failed = error;
  console.error(error);
  for (const child of children) console.error((child.said ?? '').split('\n').slice(-8).join('\n'));
} finally {
  for (const child of children.reverse()) child.kill('SIGKILL');
  rmSync(folder, {recursive: true, force: true});
}
process.exit(failed ? 1 : 0);
