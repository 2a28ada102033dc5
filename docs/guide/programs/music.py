# ANCHOR: program
import os

import discord
import wavelink
from discord import app_commands


class Bot(discord.Client):
    def __init__(self):
        super().__init__(intents=discord.Intents(guilds=True, voice_states=True))
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        node = wavelink.Node(uri=os.environ["LAVALINK_URL"], password=os.environ["LAVALINK_PASSWORD"])
        await wavelink.Pool.connect(nodes=[node], client=self)
        await self.tree.sync()

    # ANCHOR: announce
    async def on_wavelink_track_start(self, payload):
        track = payload.track
        await payload.player.channel.send(f"♪ {track.title} by {track.author}")

    # ANCHOR_END: announce


bot = Bot()


# ANCHOR: play
@bot.tree.command(description="Plays a song, or lines it up")
@app_commands.guild_only()
async def play(interaction, song: str):
    await interaction.response.defer()
    if not interaction.user.voice:
        return await interaction.followup.send("Enter a voice channel first.")
    found = await wavelink.Playable.search(song)
    if not found:
        return await interaction.followup.send("Nothing is called that.")
    player = interaction.guild.voice_client
    if player is None:
        player = await interaction.user.voice.channel.connect(cls=wavelink.Player)
        player.autoplay = wavelink.AutoPlayMode.partial
    track = found[0]
    if player.current:
        await player.queue.put_wait(track)
        await interaction.followup.send(f"{track.title} is in the queue.")
    else:
        await player.play(track)
        await interaction.followup.send(f"Here comes {track.title}.")


# ANCHOR_END: play


# ANCHOR: control
@bot.tree.command(description="Goes on to the next song")
@app_commands.guild_only()
async def skip(interaction):
    player = interaction.guild.voice_client
    if player is None:
        return await interaction.response.send_message("Nothing plays here.")
    await interaction.response.defer()
    skipped = await player.skip()
    await interaction.followup.send(f"{skipped.title} is skipped." if skipped else "Nothing plays.")


@bot.tree.command(description="Leaves the channel")
@app_commands.guild_only()
async def leave(interaction):
    player = interaction.guild.voice_client
    if player is None:
        return await interaction.response.send_message("Nothing plays here.")
    await player.disconnect()
    await interaction.response.send_message("Good night.")


# ANCHOR_END: control


if __name__ == "__main__":
    bot.run(os.environ["DISCORD_TOKEN"])
# ANCHOR_END: program
