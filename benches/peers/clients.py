"""Python clients of the end-to-end bench: `clients.py LIBRARY ADDRESS EVENTS WORKLOAD`.

For clients of rooms and nodes ADDRESS is a file with what `antiphon sim` prints.

As the clients in Rust, each has a handler for each of the four events, counts from the first to the last handled event
and prints one line of JSON. The folder of this file must not come before discord.py's in the search path.
"""

import asyncio
import json
import logging
import os
import re
import resource
import sys
import time
from pathlib import Path

WANTED = "!ping "
LAST = WANTED + "9" * 19


class Meter:
    """Counts handled events, and measures the process from the first to the last."""

    def __init__(self, events, is_filtered):
        self.events, self.is_filtered, self.handled, self.begun = events, is_filtered, 0, None
        self.done = asyncio.Event()

    @staticmethod
    def usage():
        used = resource.getrusage(resource.RUSAGE_SELF)
        return time.monotonic(), used.ru_utime, used.ru_stime

    def count(self):
        if self.is_filtered:
            return
        self.handled += 1
        if self.handled == 1:
            self.begun = self.usage()
        if self.handled == self.events:
            self.end()

    def message(self, content):
        if not self.is_filtered:
            self.count()
        elif content.startswith(WANTED):
            self.handled += 1
            self.begun = self.begun or self.usage()
            if content.startswith(LAST):
                self.end()

    def end(self):
        clock, user, system = (after - before for after, before in zip(self.usage(), self.begun))
        # That of `getrusage` counts what the parent had when it forked.
        rss = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text()).group(1)) * 1024
        print(json.dumps({"seconds": clock, "user": user, "system": system, "rss": rss,
                          "events": self.events - 1, "handled": self.handled}), flush=True)  # fmt: skip
        self.done.set()


async def discord_py(address, meter):
    import discord
    import yarl

    class Client(discord.Client):
        async def on_message(self, message):
            meter.message(message.content)

        async def on_raw_presence_update(self, _):
            meter.count()

        async def on_raw_typing(self, _):
            meter.count()

        async def on_voice_state_update(self, *_):
            meter.count()

    discord.http.Route.BASE = f"http://{address}/api/v10"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{address}")
    client = Client(
        intents=discord.Intents.all(), chunk_guilds_at_startup=False, max_messages=None, enable_raw_presences=True,
        member_cache_flags=discord.MemberCacheFlags.none(),
    )  # fmt: skip
    running = asyncio.create_task(client.start("token"))
    return running


async def disagreement(address, meter):
    import disagreement.http
    from disagreement import Client
    from disagreement.enums import GatewayIntent

    disagreement.http.API_BASE_URL = f"http://{address}/api/v10"
    client = Client(token="token", intents=GatewayIntent.all())

    async def message(event):
        meter.message(event.content)

    async def other(_):
        meter.count()

    client.add_listener("MESSAGE_CREATE", message)
    for name in ("PRESENCE_UPDATE", "TYPING_START", "VOICE_STATE_UPDATE"):
        client.add_listener(name, other)
    return asyncio.create_task(client.run())


async def backtracked(address, meter):
    import collections
    import collections.abc

    collections.Iterable = collections.abc.Iterable  # where the library expects it
    import backtracked
    from backtracked.client import constants

    mine = json.loads(Path(address).read_text())["queup"]
    # By name: the library's cookie jar keeps nothing for hosts that are numbers.
    rest, socket = (mine[key].replace("127.0.0.1", "localhost") for key in ("rest", "socket"))
    constants.base_url = rest
    constants.ws_url = lambda token: f"{socket}?connect=1&access_token={token}&EIO=3&transport=websocket"
    client = backtracked.Client(recent_conversations=False)

    async def on_ready():
        await client.join_room(mine["room"])

    async def on_chat(_):
        meter.count()

    async def on_dub(*_):
        meter.count()

    for handler in (on_ready, on_chat, on_dub):
        client.event(handler)
    await client.login(mine["email"], mine["password"])
    return asyncio.create_task(client.connect())


async def sechat(address, meter):
    mine = json.loads(Path(address).read_text())["stackexchange"]
    sys.path.append(str(Path(__file__).resolve().parents[2] / "interop/stackexchange"))
    import redirect

    redirect.install(mine["address"])
    import sechat
    from sechat.events import Events

    loop = asyncio.get_running_loop()

    def count(_):
        meter.count()
        if meter.handled == meter.events:
            loop.call_soon_threadsafe(meter.done.set)

    def join():
        bot = sechat.Bot(useCookies=False)
        bot.login(mine["email"], mine["password"], host="meta.stackexchange.com")
        room = bot.joinRoom(mine["room"])
        for event in (Events.MESSAGE, Events.EDIT, Events.MESSAGE_STARRED):
            room.on(event, count)
        # It handles events in a thread of its own.
        time.sleep(3600)

    return asyncio.ensure_future(asyncio.to_thread(join))


async def revvlink(address, meter):
    from types import SimpleNamespace

    import discord
    import revvlink

    node = json.loads(Path(address).read_text())["lavalink"][0]

    class Bot(discord.Client):
        """A bot that is not logged in, with handlers as users write them."""

        user = SimpleNamespace(id=80351110224678912)

        def __init__(self):
            super().__init__(intents=discord.Intents.none())
            self.loop = asyncio.get_running_loop()

        async def on_revvlink_player_update(self, _):
            meter.count()

        on_revvlink_track_start = on_revvlink_track_end = on_revvlink_player_update

    bot = Bot()
    made = revvlink.Node(identifier=node["name"], uri=node["url"], password=node["password"], inactive_player_timeout=None)
    await revvlink.Pool.connect(nodes=[made], client=bot)
    # Players of the guilds of the corpus, as if they had joined.
    channel = SimpleNamespace(members=[SimpleNamespace(bot=False)])
    for guild in range(900_100_200_300_400_000, 900_100_200_300_400_040):
        player = revvlink.Player(bot, channel, nodes=[made])
        player._guild = SimpleNamespace(id=guild)
        made._players[guild] = player
    return asyncio.create_task(asyncio.sleep(3600))


LIBRARIES = {
    "discord.py": discord_py, "disagreement": disagreement, "backtracked": backtracked, "sechat": sechat,
    "revvlink": revvlink,
}  # fmt: skip


async def main(library, address, events, workload):
    logging.disable(logging.CRITICAL)
    # Streams of the Gateway have a message more at each end.
    more = 2 if workload in ("typed", "wanted") else 0
    meter = Meter(int(events) + more, workload == "wanted")
    running = await LIBRARIES[library](address, meter)
    done = asyncio.create_task(meter.done.wait())
    await asyncio.wait([running, done], return_when=asyncio.FIRST_COMPLETED)
    if not done.done():
        sys.exit(f"{library} ended: {running.exception()!r}")
    # What it would do to close its session is not measured.
    sys.stdout.flush()
    os._exit(0)


# This folder's modules would be taken for the libraries'.
sys.path.pop(0)
asyncio.run(main(*sys.argv[1:]))
