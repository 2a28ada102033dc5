#!/usr/bin/env node
// The simulator's frames and answers against the platforms' published types: check.mjs PATH_OF_ANTIPHON
//
// A simulator that is tested only by our own clients agrees with their mistakes. Here everything that it sends is held
// against types that others publish:
// - Discord's dispatches and REST answers against `discord-api-types`, by `tsc --strict` (`types.mjs`). Samples are written
//   as typed literals, so that a missing field, a null, another kind of value, an unknown enum value and an unknown field
//   all fail. `results.mjs` names the type of each route's answer, `recipes.mjs` calls every route that
//   docs/simulator-routes.md has as served, `events.mjs` makes every kind of dispatch happen.
// - The same requests and answers against Discord's OpenAPI description, where the environment variable DISCORD_OPENAPI
//   names that file (`openapi.mjs`).
// - Lavalink's frames and answers against the schemas of `lavalink-protocol` (`lavalink.mjs`).
// A field that the types do not know yet stands in `allowed.mjs`, with its source.
//
// It is part of interop/run and not of `cargo test`, since it needs Node.js, its packages and a built `antiphon`. It takes
// about 15 s of one core.
//
// Prints a line that begins with "ok" for each part, or all faults and ends with 1.
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {adapt, isAllowed} from './allowed.mjs';
import {exerciseEvents, NEVER_SENT, NEWER_KINDS} from './events.mjs';
import {checkLavalink} from './lavalink.mjs';
import {checkOpenApi} from './openapi.mjs';
import {Requests} from './requests.mjs';
import {callEveryRoute, NEVER_ANSWERED} from './recipes.mjs';
import {ERROR, OTHER_TYPES, RESULTS} from './results.mjs';
import {ALL_INTENTS, Gateway, Simulator} from './simulator.mjs';
import {compile, distinct, PRELUDE} from './types.mjs';
import {GatewayDispatchEvents} from 'discord-api-types/v10';

const antiphon = process.argv[2];
if (!antiphon) {
  console.error('usage: check.mjs PATH_OF_ANTIPHON');
  process.exit(2);
}
const failures = [];

/** Prints a promise that held with its counts, or keeps its faults for the end. */
function report(promise, faults) {
  if (faults.length === 0) console.log(`ok schema: ${promise}`);
  else failures.push(...faults);
}

/** Faults in words, each once for all samples of its kind that show it. */
function show(faults) {
  const shown = new Map();
  for (const {sample, path, value, says} of faults) {
    const at = path.reduce((text, step) => text + (/^\d+$/.test(step) ? '[]' : `.${step}`), '$');
    const key = `${sample.of} at ${at}: ${shorten(says.replace(/missing in type .* but required/s, "missing but required"), 400)}`;
    shown.set(key, {value, times: (shown.get(key)?.times ?? 0) + 1});
  }
  return [...shown].map(([fault, {value, times}]) => {
    const sent = shorten(JSON.stringify(value) ?? 'nothing', 200);
    return `${fault}${times > 1 ? ` (${times} samples)` : ''}\n      sent: ${sent}`;
  });
}

function shorten(text, most) {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Routes that docs/simulator-routes.md has as served. */
function servedRoutes() {
  const page = readFileSync(fileURLToPath(new URL('../../docs/simulator-routes.md', import.meta.url)), 'utf8');
  return [...page.matchAll(/^\| `([A-Z]+ \/[^`]*)` \| yes/gm)].map(([, route]) => route);
}

/** Samples that are wrong, each in another way: a check that lets one of them pass checks nothing. */
const TYPING = {channel_id: '1', user_id: '2', timestamp: 3};
const WRONG = {
  'a missing field': ['TYPING_START', {channel_id: '1', user_id: '2'}],
  'null in place of a text': ['TYPING_START', {...TYPING, channel_id: null}],
  'a number in place of a text': ['TYPING_START', {...TYPING, user_id: 2}],
  'an unknown field': ['TYPING_START', {...TYPING, since: 4}],
  'an unknown name': ['PRESENCE_UPDATE', {user: {id: '1'}, guild_id: '2', status: 'away', activities: [], client_status: {}}],
  'an unknown number': ['STAGE_INSTANCE_CREATE', {id: '1', guild_id: '2', channel_id: '3', topic: 'x', privacy_level: 9, discoverable_disabled: true, guild_scheduled_event_id: null}],
};

/** Compiles samples against `discord-api-types`, as `adapt` lets the types see them. */
function typeFaults(samples) {
  const kept = distinct(samples).map(sample => ({...sample, value: adapt(sample)}));
  const wrong = Object.entries(WRONG).map(([of, [kind, value]]) => ({of, type: `Events['${kind}']`, value}));
  const faults = compile([...kept, ...wrong], PRELUDE + OTHER_TYPES);
  const unseen = wrong.filter(sample => !faults.some(fault => fault.sample === sample));
  return {
    kept: kept.length,
    faults: [
      ...unseen.map(({of}) => `the types do not notice ${of}`),
      ...show(faults.filter(fault => !wrong.includes(fault.sample) && !isAllowed(fault))),
    ],
  };
}

const simulator = await Simulator.start(antiphon);
try {
  const discord = simulator.addresses.discord;
  const frames = [];
  const gateways = [discord, ...discord.accounts].map(
    account => new Gateway(discord.gateway, account.token, account.username === 'lector' ? ALL_INTENTS & ~(1 << 1 | 1 << 8 | 1 << 15) : ALL_INTENTS, frames),
  );
  for (const gateway of gateways) await gateway.connect();
  const requests = new Requests(discord);
  await callEveryRoute(simulator, requests, gateways, frames);
  await exerciseEvents(simulator, gateways, frames);

  const dispatches = frames.filter(frame => frame.op === 0);
  const kinds = new Set(dispatches.map(frame => frame.t));
  const missing = Object.values(GatewayDispatchEvents).filter(kind => !kinds.has(kind) && !(kind in NEVER_SENT));
  const unknown = [...kinds].filter(kind => !Object.values(GatewayDispatchEvents).includes(kind) && !NEWER_KINDS.includes(kind));
  const events = typeFaults(dispatches.map(({t, d}) => ({of: t, type: NEWER_KINDS.includes(t) ? 'EventExceptionEvent' : `Events['${t}']`, value: t === 'RESUMED' ? undefined : d})));
  report(`${kinds.size} kinds of Discord's dispatches, ${events.kept} different of ${dispatches.length}, are as discord-api-types has them`, [
    ...missing.map(kind => `${kind}: never sent, and not in NEVER_SENT`),
    ...unknown.map(kind => `${kind}: discord-api-types knows no such dispatch`),
    ...events.faults,
  ]);

  const served = servedRoutes();
  const called = new Set(requests.log.filter(call => call.status < 300).map(call => call.route));
  const answers = typeFaults(requests.log.flatMap(({route, status, answer}) => {
    const type = status < 300 ? RESULTS[route] : ERROR;
    return type ? [{of: status < 300 ? route : `${route} (${status})`, type, value: status === 204 ? undefined : answer}] : [];
  }));
  report(`${served.length} routes' answers, ${answers.kept} different of ${requests.log.length}, are as discord-api-types has them`, [
    ...served.filter(route => !called.has(route) && !(route in NEVER_ANSWERED)).map(route => `${route}: no recipe calls it with success`),
    ...served.filter(route => !(route in RESULTS)).map(route => `${route}: results.mjs names no type`),
    ...Object.keys(RESULTS).filter(route => !served.includes(route)).map(route => `${route}: in results.mjs, and not served`),
    ...requests.surprises,
    ...answers.faults,
  ]);

  const description = process.env.DISCORD_OPENAPI;
  if (description) {
    const {routes, bodies, faults} = checkOpenApi(description, requests.log);
    report(`${bodies} bodies of ${routes} routes are as Discord's OpenAPI description has them`, show(faults));
  } else {
    console.log('skipped schema: Discord\'s OpenAPI description, since DISCORD_OPENAPI names no file');
  }

  const lavalink = await checkLavalink(simulator, gateways, frames);
  report(`${lavalink.frames} frames of ${lavalink.kinds} kinds and ${lavalink.answers} answers of ${lavalink.routes} routes are as lavalink-protocol has them`, show(lavalink.faults));
} finally {
  simulator.stop();
}
for (const failure of failures) console.log(`FAILED schema: ${failure}`);
if (failures.length > 0) {
  console.log(`FAILED schema: ${failures.length} faults`);
  process.exit(1);
}
