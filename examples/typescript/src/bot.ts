// A small bot, as it would run against Discord; `api` is another address for its requests.
import {ActionRowBuilder, ButtonBuilder, ButtonStyle, Client, Events, GatewayIntentBits} from 'discord.js';

export function makeBot(api?: string): Client {
  const client = new Client({
    intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent],
    ...(api && {rest: {api}}),
  });
  client.once(Events.ClientReady, async ready => {
    await ready.application.commands.set([{name: 'roll', description: 'Rolls a die'}]);
    client.emit('registered');
  });
  client.on(Events.MessageCreate, async message => {
    if (message.content === '!ping') await message.reply('pong');
  });
  client.on(Events.InteractionCreate, async interaction => {
    if (interaction.isChatInputCommand()) {
      const again = new ButtonBuilder().setCustomId('again').setLabel('Again').setStyle(ButtonStyle.Primary);
      const row = new ActionRowBuilder<ButtonBuilder>().addComponents(again);
      await interaction.reply({content: 'rolled a 3', components: [row]});
    } else if (interaction.isButton()) {
      await interaction.update(`${interaction.user.username} rolled a 4`);
    }
  });
  return client;
}
