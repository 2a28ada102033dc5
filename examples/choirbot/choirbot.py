"""The Discord part of the choir's bot in discord.py 2: `discord.rs` beside it does the same.

DISCORD_TOKEN is the bot's token and CHOIR_ROLE the id of the role that /join gives. DISCORD_REST and
DISCORD_GATEWAY lead to a simulator, in place of Discord.
"""

import datetime
import io
import os

import discord
import yarl
from discord import app_commands

SONGS = ["Miserere", "Slow Tide", "Slate", "Lacrimosa", "Lux Aeterna"]
ROLE = discord.Object(int(os.environ["CHOIR_ROLE"]))


class Bot(discord.Client):
    def __init__(self):
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents)
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        self.add_view(Panel())
        await self.tree.sync()


class Request(discord.ui.Modal, title="Ask for a song"):
    song = discord.ui.TextInput(label="Song", max_length=100)
    note = discord.ui.TextInput(label="Note", style=discord.TextStyle.paragraph)

    async def on_submit(self, interaction):
        text = f"{self.song} is on the list: {self.note}"
        await interaction.response.send_message(text, ephemeral=True)


class Panel(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="Encore", custom_id="encore", style=discord.ButtonStyle.primary)
    async def encore(self, interaction, _):
        content = f"{interaction.user.mention} wants an encore"
        await interaction.response.edit_message(content=content)

    @discord.ui.button(label="Request", custom_id="request")
    async def request(self, interaction, _):
        await interaction.response.send_modal(Request())


class History(discord.ui.View):
    def __init__(self, lines, author):
        super().__init__(timeout=900)
        self.lines, self.author, self.page = lines, author, 0
        self.mark()

    def content(self):
        return "\n".join(self.lines[self.page * 5 : self.page * 5 + 5])

    def mark(self):
        self.newer.disabled = self.page == 0
        self.older.disabled = (self.page + 1) * 5 >= len(self.lines)

    async def interaction_check(self, interaction):
        if interaction.user == self.author:
            return True
        await interaction.response.send_message(
            "These buttons are somebody else's.", ephemeral=True
        )
        return False

    async def turn(self, interaction, page):
        self.page = page
        self.mark()
        await interaction.response.edit_message(content=self.content(), view=self)

    @discord.ui.button(label="‹")
    async def newer(self, interaction, _):
        await self.turn(interaction, self.page - 1)

    @discord.ui.button(label="›")
    async def older(self, interaction, _):
        await self.turn(interaction, self.page + 1)


bot = Bot()


async def songs(_, typed: str):
    fitting = [song for song in SONGS if typed.lower() in song.lower()]
    return [app_commands.Choice(name=song, value=song) for song in fitting]


@bot.tree.command(description="Sings a song")
@app_commands.describe(song="What to sing", volume="How loud", singer="Who sings")
@app_commands.autocomplete(song=songs)
async def sing(
    interaction: discord.Interaction,
    song: str,
    volume: app_commands.Range[int, 1, 11] = 5,
    singer: discord.User | None = None,
):
    singer = singer or interaction.user
    embed = discord.Embed(title=song, description=f"sung by {singer.mention}")
    embed.add_field(name="Volume", value=str(volume))
    await interaction.response.send_message(embed=embed, view=Panel())


@bot.tree.command(description="Shows the score of a song")
@app_commands.describe(song="Which song")
async def score(interaction: discord.Interaction, song: str):
    file = discord.File(io.BytesIO(f"{song}\n".encode()), filename="score.txt")
    await interaction.response.send_message("here it is", file=file)


@bot.tree.command(description="Shows what was said here")
async def history(interaction: discord.Interaction):
    messages = [message async for message in interaction.channel.history(limit=50)]
    view = History([f"{said.author.name}: {said.content}" for said in messages], interaction.user)
    await interaction.response.send_message(view.content(), view=view)


@bot.tree.command(description="Joins the choir")
@app_commands.guild_only()
@app_commands.checks.cooldown(1, 60)
async def join(interaction: discord.Interaction):
    await interaction.response.defer(ephemeral=True)
    await interaction.user.add_roles(ROLE, reason="joined by command")
    await interaction.edit_original_response(content="welcome")


@join.error
async def rest(interaction: discord.Interaction, error):
    if not isinstance(error, app_commands.CommandOnCooldown):
        raise error
    end = discord.utils.utcnow() + datetime.timedelta(seconds=error.retry_after)
    text = f"You used this command too often. It works again {discord.utils.format_dt(end, 'R')}."
    await interaction.response.send_message(text, ephemeral=True)


@bot.tree.command(description="Asks everybody for a reaction")
@app_commands.describe(question="What is asked")
async def vote(interaction: discord.Interaction, question: str):
    await interaction.response.send_message(question)
    message = await interaction.original_response()
    try:
        reaction = await bot.wait_for(
            "raw_reaction_add", check=lambda event: event.message_id == message.id, timeout=60
        )
        answer = f"<@{reaction.user_id}> says {reaction.emoji}"
    except TimeoutError:
        answer = "nobody answered"
    await interaction.edit_original_response(content=f"{question}\n{answer}")


discord.http.Route.BASE = os.environ.get("DISCORD_REST", discord.http.Route.BASE)
gateway = os.environ.get("DISCORD_GATEWAY", discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY)
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
bot.run(os.environ["DISCORD_TOKEN"])
