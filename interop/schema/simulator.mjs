// A simulator that was started for the check: its control address, and Gateway clients that keep every frame.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import WebSocket from 'ws';

/** How long a condition is waited for before the check fails, in milliseconds. */
const PATIENCE = 20_000;
/** Every intent of Discord's documentation. */
export const ALL_INTENTS = (1 << 17) - 1 | 3 << 20 | 3 << 24;

export class Simulator {
  /** Starts `antiphon sim` and reads its addresses. */
  static async start(antiphon) {
    const simulator = new Simulator();
    simulator.process = spawn(antiphon, ['sim'], {stdio: ['ignore', 'pipe', 'pipe']});
    // Notes of refusals are asked for by the recipes; what is said before the addresses is the reason of an end.
    let errors = '';
    simulator.process.stderr.on('data', text => (errors += text));
    const ended = once(simulator.process, 'exit').then(() => {
      throw new Error(`the simulator does not start: ${errors}`);
    });
    ended.catch(() => {});
    const [first] = await Promise.race([once(createInterface({input: simulator.process.stdout}), 'line'), ended]);
    simulator.addresses = JSON.parse(first);
    return simulator;
  }

  /** Carries out a command of the control address; a refused one is an error. */
  async do(platform, name, fields = {}) {
    const answer = await fetch(`${this.addresses.control}/do`, {
      method: 'POST',
      body: JSON.stringify({platform, do: name, ...fields}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the command ${platform} ${name} ${JSON.stringify(fields)} is refused: ${text}`);
    return JSON.parse(text);
  }

  stop() {
    this.process.kill();
  }
}

/** Waits until a condition holds; `describe` says what is missing if it never does. */
export async function until(condition, describe) {
  const end = Date.now() + PATIENCE;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE / 1000} s: ${describe()}`);
    await new Promise(resume => setTimeout(resume, 10));
  }
}

/** A Gateway connection over JSON without compression. */
export class Gateway {
  /** `frames` takes every frame of every connection. */
  constructor(url, token, intents, frames) {
    Object.assign(this, {url, token, intents, frames, sequence: null, session: null});
  }

  /** Connects, identifies or resumes, and returns after READY or RESUMED. */
  async connect() {
    const socket = new WebSocket(`${this.url}/?v=10&encoding=json`);
    this.socket = socket;
    let welcomed = false;
    socket.on('error', () => {});
    socket.on('message', data => {
      const frame = JSON.parse(data);
      this.frames.push(frame);
      this.sequence = frame.s ?? this.sequence;
      if (frame.op === 10) {
        this.send(1, this.sequence);
        this.send(...(this.session ? [6, {token: this.token, session_id: this.session, seq: this.sequence}] : [2, this.identify()]));
      }
      if (frame.t === 'READY') this.session = frame.d.session_id;
      welcomed ||= frame.t === 'READY' || frame.t === 'RESUMED';
    });
    await until(() => welcomed, () => 'READY or RESUMED');
  }

  identify() {
    const properties = {os: 'linux', browser: 'antiphon-interop', device: 'antiphon-interop'};
    return {token: this.token, intents: this.intents, properties, large_threshold: 50};
  }

  send(op, d) {
    this.socket.send(JSON.stringify({op, d}));
  }

  /** Drops the connection without a close frame, and waits until it is gone. */
  async drop() {
    const closed = once(this.socket, 'close');
    this.socket.terminate();
    await closed;
  }
}
