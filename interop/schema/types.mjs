// Samples as typed literals, which `tsc --strict` holds against published types.
//
// Each sample becomes `const s0: Plain<Type> = {...};`, one value a line, so that an error's line leads back to the sample
// and to the JSON path. Being literals, samples also fail for fields that the type does not know.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
/** Bit fields are enums in the package, which take a literal only if it is one of their members. */
const BIT_FIELD = /^(flags|public_flags|system_channel_flags|sku_flags)$/;
/** Names of fields that decide which other fields an object has. */
const DISCRIMINATOR = /^(type|component_type|style|entity_type|trigger_type|event_type|op|action_type|premium_type|status)$/;

/**
 * Keeps samples that show something new: a set of fields, a kind of value or a discriminator at a JSON path.
 *
 * Samples are `{of, type, value, ...}`; those of one `of` are compared with each other.
 */
export function distinct(samples) {
  const seen = new Set();
  return samples.filter(({of, value}) => {
    const before = seen.size;
    describe(value, of, seen);
    return seen.size > before;
  });
}

function describe(value, path, seen) {
  if (Array.isArray(value)) {
    seen.add(`${path}[${value.length > 0}]`);
    for (const item of value) describe(item, `${path}[]`, seen);
  } else if (value && typeof value === 'object') {
    const keys = Object.keys(value).sort();
    const which = keys.filter(key => DISCRIMINATOR.test(key)).map(key => `${key}=${value[key]}`);
    const form = keys.map(key => `${key}:${value[key] === null ? 'null' : typeof value[key]}`);
    seen.add(`${path}{${which}|${form}}`);
    for (const key of keys) describe(value[key], `${path}.${/^\d+$/.test(key) ? '*' : key}`, seen);
  } else {
    const isName = typeof value === 'number' ? value < 1000 : typeof value === 'string' && /^[a-z_-]{1,24}$|^[A-Z_]{1,40}$/.test(value);
    const isText = /\.(content|name|title|description|topic|username|nick|label|text|custom_id)$/.test(path);
    seen.add(`${path}=${isName && !isText ? value : typeof value}`);
  }
}

/**
 * Compiles samples; returns a fault `{sample, path, value, says}` for each error.
 *
 * `prelude` imports what the types name.
 */
export function compile(samples, prelude) {
  const lines = prelude.split('\n');
  const places = [];
  const write = (text, place) => {
    lines.push(text);
    places[lines.length] = place;
  };
  samples.forEach((sample, number) => {
    const put = (before, value, path, after) => {
      const place = {sample, path, value};
      if (value === undefined) return write(`${before}undefined${after}`, place);
      if (value === null || typeof value !== 'object') {
        const isBits = BIT_FIELD.test(path.at(-1)) && typeof value === 'number';
        return write(`${before}${JSON.stringify(value)}${isBits ? ' as number' : ''}${after}`, place);
      }
      const [open, close] = Array.isArray(value) ? '[]' : '{}';
      write(before + open, place);
      for (const [key, item] of Object.entries(value)) {
        const name = Array.isArray(value) ? '' : `${JSON.stringify(key)}: `;
        put(name, item, [...path, key], ',');
      }
      return write(close + after, place);
    };
    put(`export const s${number}: Plain<${sample.type}> = `, sample.value, [], ';');
  });
  // Inside this folder, so that imports find its packages.
  const folder = mkdtempSync(join(HERE, 'node_modules', '.samples-'));
  try {
    writeFileSync(join(folder, 'samples.ts'), lines.join('\n'));
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--moduleResolution', 'nodenext', '--target', 'es2022', '--pretty', 'false', '--skipLibCheck', '--types', ''];
    const tsc = spawnSync(process.execPath, [join(HERE, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, 'samples.ts'], {cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28});
    return read(tsc, places);
  } finally {
    if (process.env.KEEP_SAMPLES) console.log(`samples kept: ${folder}`);
    else rmSync(folder, {recursive: true});
  }
}

function read({status, stdout, stderr}, places) {
  const faults = [];
  for (const line of stdout.split('\n')) {
    const error = /^samples\.ts\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line);
    if (error) {
      const place = places[error[1]];
      if (!place) throw new Error(`the types cannot be compiled: ${line}`);
      faults.push({...place, says: error[3]});
    } else if (/^\s+\S/.test(line) && faults.length > 0) {
      faults.at(-1).says += `\n      ${line.trim()}`;
    } else if (line.trim()) {
      throw new Error(`tsc says: ${line}`);
    }
  }
  if (status !== 0 && faults.length === 0) throw new Error(`tsc fails: ${stderr}`);
  return faults;
}

/** What every file of samples begins with; `Plain` takes the texts of a text enum in place of its members. */
export const PRELUDE = `
import type * as D from 'discord-api-types/v10';
type Plain<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : T extends readonly unknown[] ? {[K in keyof T]: Plain<T[K]>}
  : T extends object ? {[K in keyof T]: Plain<T[K]>} : T;
type Events = {[E in D.GatewayDispatchPayload as \`\${E['t']}\`]: E['d']};
`.trim();
