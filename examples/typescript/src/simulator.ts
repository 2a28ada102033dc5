// `antiphon sim`: ANTIPHON names the program, which otherwise is found by its name.
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {setTimeout as pause} from 'node:timers/promises';

export interface Response {
  type: number;
  message?: {id: string; content: string};
}

export class Simulator {
  private constructor(private process: ChildProcess, private control: string, readonly discord: {rest: string; token: string}) {}

  static async start(): Promise<Simulator> {
    const process_ = spawn(process.env.ANTIPHON ?? 'antiphon', ['sim'], {stdio: ['ignore', 'pipe', 'ignore']});
    const [line] = await once(createInterface({input: process_.stdout!}), 'line');
    const {control, discord} = JSON.parse(line);
    return new Simulator(process_, control, discord);
  }

  // Sends a command to the control address; returns its result.
  async do(command: string, fields: object = {}): Promise<any> {
    const body = JSON.stringify({platform: 'discord', do: command, ...fields});
    const answer = await fetch(`${this.control}/do`, {method: 'POST', headers: {'content-type': 'application/json'}, body});
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text.trim() ? JSON.parse(text) : undefined;
  }

  // What the bot answered to an interaction, once it did.
  async response(interaction: string): Promise<Response> {
    for (let left = 1000; left > 0; left--) {
      const {response} = await this.do('response', {interaction});
      if (response) return response;
      await pause(20);
    }
    throw new Error('the bot does not answer');
  }

  stop(): void {
    this.process.kill();
  }
}
