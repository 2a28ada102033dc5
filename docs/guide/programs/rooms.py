# ANCHOR: program
import asyncio
import os

import backtracked


async def main():
    client = backtracked.Client()
    # What plays is remembered here: the library tells a song once, and votes with the song alone.
    now = None

    @client.event
    async def on_ready():
        await client.join_room(os.environ["QUEUP_ROOM"])

    # ANCHOR: greet
    @client.event
    async def on_member_join(member):
        if member.user.id != client.user.id:
            await member.room.send_message(f"Welcome to {member.room.name}, {member.user.username}!")

    # ANCHOR_END: greet

    # ANCHOR: song
    @client.event
    async def on_playlist_song_add(song):
        nonlocal now
        if now is None or now.id != song.id:
            await song.room.send_message(f"♪ {song.song_info.name}")
        now = song

    # ANCHOR_END: song

    # ANCHOR: votes
    @client.event
    async def on_dub(song, user, dubtype):
        nonlocal now
        now = song

    @client.event
    async def on_chat(message):
        if message.content.strip() == "!votes":
            text = f"{now.up_dubs} up, {now.down_dubs} down" if now else "Nothing plays."
            await message.room.send_message(text)

    # ANCHOR_END: votes

    await client.login(os.environ["QUEUP_EMAIL"], os.environ["QUEUP_PASSWORD"])
    await client.connect()


if __name__ == "__main__":
    asyncio.run(main())
# ANCHOR_END: program
