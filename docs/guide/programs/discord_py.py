# ANCHOR: program
import asyncio
import os
import random

import discord
from discord import app_commands


class Bot(discord.Client):
    def __init__(self):
        intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
        super().__init__(intents=intents)
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        self.add_dynamic_items(Again)
        await self.tree.sync()

    # ANCHOR: message
    async def on_message(self, message):
        if message.content == "!ping":
            await message.reply("pong")

    # ANCHOR_END: message


bot = Bot()


# ANCHOR: command
@bot.tree.command(description="Rolls a die")
@app_commands.describe(sides="How many sides it has")
@app_commands.checks.cooldown(5, 60)
async def roll(interaction, sides: app_commands.Range[int, 2, 100] = 6):
    text = rolled(interaction.user.name, sides)
    await interaction.response.send_message(text, view=again_button(sides))


def rolled(who, sides):
    return f"{who} rolls {random.randint(1, sides)} of {sides}."


# ANCHOR_END: command


# ANCHOR: button
class Again(discord.ui.DynamicItem[discord.ui.Button], template=r"again:(?P<sides>[0-9]+)"):
    def __init__(self, sides):
        button = discord.ui.Button(label="Again", style=discord.ButtonStyle.primary, custom_id=f"again:{sides}")
        super().__init__(button)
        self.sides = sides

    @classmethod
    async def from_custom_id(cls, interaction, item, match):
        return cls(int(match["sides"]))

    async def callback(self, interaction):
        text = rolled(interaction.user.name, self.sides)
        await interaction.response.send_message(text, view=again_button(self.sides))


def again_button(sides):
    view = discord.ui.View(timeout=None)
    view.add_item(Again(sides))
    return view


# ANCHOR_END: button


# ANCHOR: wait
@bot.tree.command(description="Asks for a number")
async def guess(interaction):
    def is_answer(message):
        return message.author == interaction.user and message.channel == interaction.channel

    await interaction.response.send_message("How many strings has a violin?")
    try:
        answer = await bot.wait_for("message", check=is_answer, timeout=30)
        text = "Right!" if answer.content.strip() == "4" else "No: four."
    except asyncio.TimeoutError:
        text = "Too late: four."
    await interaction.followup.send(text)


# ANCHOR_END: wait


# ANCHOR: error
@bot.tree.error
async def refused(interaction, error):
    if isinstance(error, app_commands.CommandOnCooldown):
        await interaction.response.send_message(f"Wait {error.retry_after:.0f} s.", ephemeral=True)
    else:
        raise error


# ANCHOR_END: error


if __name__ == "__main__":
    bot.run(os.environ["DISCORD_TOKEN"])
# ANCHOR_END: program
