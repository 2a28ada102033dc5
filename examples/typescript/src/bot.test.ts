// Scenes with a bot, played against the simulator.
import assert from 'node:assert';
import {once} from 'node:events';
import {after, before, test} from 'node:test';
import type {Client, Message} from 'discord.js';
import {makeBot} from './bot.js';
import {Simulator} from './simulator.js';

let simulator: Simulator;
let bot: Client;

before(async () => {
  simulator = await Simulator.start();
  bot = makeBot(simulator.discord.rest.replace(/\/v10$/, ''));
  const registered = once(bot, 'registered');
  await bot.login(simulator.discord.token);
  await registered;
});

after(async () => {
  await bot.destroy();
  simulator.stop();
});

// The next message that the bot sends.
async function said(): Promise<Message> {
  for (;;) {
    const [message] = await once(bot, 'messageCreate') as [Message];
    if (message.author.id === bot.user?.id) return message;
  }
}

test('it replies to a ping', async () => {
  const reply = said();
  const {message} = await simulator.do('say', {by: 'mira', text: '!ping'});
  assert.strictEqual((await reply).content, 'pong');
  assert.strictEqual((await reply).reference?.messageId, message);
});

test('it rolls, and rolls again', async () => {
  const rolled = await simulator.do('command', {by: 'mira', name: 'roll'});
  assert.strictEqual((await simulator.response(rolled.interaction)).message?.content, 'rolled a 3');
  const pressed = await simulator.do('press', {by: 'teo', custom_id: 'again'});
  const response = await simulator.response(pressed.interaction);
  assert.strictEqual(response.type, 7);
  assert.strictEqual(response.message?.content, 'teo rolled a 4');
});

test('it goes on after a cut', async () => {
  const resumed = once(bot, 'shardResume');
  await simulator.do('cut');
  await resumed;
  const reply = said();
  await simulator.do('say', {by: 'mira', text: '!ping'});
  assert.strictEqual((await reply).content, 'pong');
});
