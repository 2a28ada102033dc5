"""A small bot, as it would run against Discord."""

import discord
from discord import app_commands


class Again(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", custom_id="again")
    async def again(self, interaction, _):
        await interaction.response.edit_message(content=f"{interaction.user.name} rolled a 4")


class Bot(discord.Client):
    def __init__(self):
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents)
        self.tree = app_commands.CommandTree(self)

        @self.tree.command(description="Rolls a die")
        async def roll(interaction: discord.Interaction):
            await interaction.response.send_message("rolled a 3", view=Again())

    async def setup_hook(self):
        self.add_view(Again())
        await self.tree.sync()

    async def on_message(self, message):
        if message.content == "!ping":
            await message.reply("pong")
