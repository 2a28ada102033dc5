#!/usr/bin/env python3
"""pomice 2.11.1 on discord.py 2.7.1 against the simulator's nodes.

It connects, joins in voice, searches, plays, seeks, filters and queues, hears every way a track can end, and joins again after
its node restarted, with 20 s of ambient traffic around it. Every frame that the ledger has for its sockets arrives once.

What is pomice's own: it answers the loss of a node by destroying its players, comes back with a new session (it never asks
for its old one), waits a random while of up to 14 s and then tries once (a try that meets a node which is away fails in a
task of its own, and the next one is left to the bot), tells end reasons but no positions, and does not know the events of
plugins, which it answers with an error in a task of its own if the player is one of its own.
"""

import asyncio
import json
import logging
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from world import Check, World  # noqa: E402 - found beside its folder

import discord  # noqa: E402
import discord.gateway  # noqa: E402
import discord.http  # noqa: E402
import pomice  # noqa: E402
import yarl  # noqa: E402
from discord.ext import commands  # noqa: E402

PATIENCE = 60.0
LONGEST = 150.0
# Events a second of the nodes, and for how many seconds at least.
RATE, AMBIENT = 40, 20.0

check = Check("pomice")


class Frames(logging.Handler):
    """Frames as the library logs them."""

    START = "Recieved raw websocket message "

    def __init__(self):
        super().__init__()
        self.frames = []
        self.complaints = []

    def emit(self, record):
        text = record.getMessage()
        if text.startswith(self.START):
            self.frames.append(json.dumps(json.loads(text[len(self.START) :]), sort_keys=True))
        # The voice is the node's part.
        elif record.levelno >= logging.WARNING and "voice will NOT be supported" not in text:
            self.complaints.append(text)


class Bot(commands.Bot):
    def __init__(self):
        super().__init__("!", intents=discord.Intents.all())
        self.errors = []
        # Tries to connect that met a node which is away.
        self.refused = []
        self.starts, self.ends, self.others = [], [], []

    async def setup_hook(self):
        def failed(_loop, context):
            is_refused = isinstance(context.get("exception"), pomice.NodeConnectionFailure)
            (self.refused if is_refused else self.errors).append(str(context))

        asyncio.get_running_loop().set_exception_handler(failed)

    async def on_error(self, event, *_args, **_kwargs):
        self.errors.append((event, repr(sys.exc_info()[1])))

    async def on_pomice_track_start(self, player, track):
        self.starts.append(track.identifier)
        assert player.guild.id

    async def on_pomice_track_end(self, _player, track, reason):
        self.ends.append((track.identifier, reason))

    async def on_pomice_track_exception(self, _player, track, error):
        self.others.append(("exception", track.identifier, error["message"]))

    async def on_pomice_track_stuck(self, _player, track, threshold):
        self.others.append(("stuck", track.identifier, threshold))

    async def on_pomice_websocket_closed(self, payload):
        self.others.append(("closed", payload.code, payload.by_remote))


class Story:
    def __init__(self, world, log):
        self.world, self.log, self.bot = world, log, Bot()
        self.mine = world.discord
        self.guild = str(self.mine["guild_id"])

    async def do(self, **command):
        return await asyncio.to_thread(lambda: self.world.node(**command))

    async def until(self, what, condition):
        end = time.monotonic() + PATIENCE
        while True:
            if self.bot.errors:
                check.that("runs without an error", False, self.bot.errors[:5])
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return check.that(what, True)
            if time.monotonic() > end:
                check.that(what, False, f"not within {PATIENCE:.0f} s; last heard {self.log.frames[-5:]}")
            await asyncio.sleep(0.02)

    async def seen(self):
        """The player as its node sees it."""
        players = (await self.do(do="players"))["players"]
        return next((player for player in players if player["guild"] == self.guild), None)

    async def node(self, number):
        address = self.world.lavalink[number]
        url = yarl.URL(address["url"])
        node = await pomice.NodePool.create_node(
            bot=self.bot, host=url.host, port=url.port, password=address["password"], identifier=address["name"],
            logger=logging.getLogger("frames"),
        )  # fmt: skip
        # A player takes the session of its node when it is made.
        await self.until(f"is connected to {address['name']}", lambda: node._session_id)
        return node

    async def track(self, address):
        found = await self.player.get_tracks(address)
        return (found.tracks if isinstance(found, pomice.Playlist) else found)[0]

    async def begin(self, track, what, **options):
        """Plays a track, and waits until it has begun in the eyes of the library and of its node."""
        before = len(self.bot.starts)
        await self.player.play(track, **options)

        async def so():
            seen = await self.seen()
            return seen and seen["track"] == track.identifier and self.bot.starts[before:] == [track.identifier]

        await self.until(what, so)

    async def ends(self, track, reason, what, act):
        before = len(self.bot.ends)
        await act
        await self.until(what, lambda: (track.identifier, reason) in self.bot.ends[before:])

    async def hears(self, what, one):
        await self.until(what, lambda: one in self.bot.others)

    async def log_in(self):
        discord.http.Route.BASE = self.mine["rest"]
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self.mine["gateway"])
        self.running = asyncio.ensure_future(self.bot.start(self.mine["token"]))
        await self.until("its host is ready", lambda: self.running.done() or self.bot.is_ready())
        check.that("its host is logged in", str(self.bot.user.id) == self.mine["user_id"], self.running)
        self.eu = await self.node(0)

    async def join(self, what):
        channel = self.bot.get_channel(int(self.mine["voice_channel_id"]))
        self.player = await channel.connect(cls=pomice.Player)

        async def so():
            seen = await self.seen()
            return seen and seen["connected"]

        await self.until(what, so)

    async def search(self):
        player = self.player
        found = await player.get_tracks("slow tide", search_type=pomice.SearchType.ytsearch)
        check.that("searches", [track.title for track in found] == ["Slow Tide"], found)
        self.tide = found[0]
        found = await player.get_tracks("https://www.youtube.com/playlist?list=PLchoirloft")
        check.that("finds a list", (found.name, found.track_count) == ("Songs for the Loft", 12), found)
        self.list = found.tracks
        check.that("finds nothing", await player.get_tracks("xyzzy", search_type=pomice.SearchType.scsearch) is None)
        try:
            await player.get_tracks("https://error.example/suspicious")
            check.that("is told why nothing could be loaded", False, "it loaded")
        except pomice.TrackLoadError as error:
            check.that("is told why nothing could be loaded", "suspicious" in str(error), error)

    async def play(self):
        player = self.player
        # Start and end are written as texts, which Lavalink takes.
        await self.begin(self.tide, "plays", start=1000)
        await player.set_pause(True)
        await player.seek(60_000)
        await player.set_volume(35)
        seen = await self.seen()
        check.that(
            "pauses, seeks, sets the volume", (seen["paused"], seen["position"], seen["volume"]) == (True, 60_000, 35), seen
        )
        await self.until("knows where it is", lambda: player.position == 60_000)
        await player.set_pause(False)
        check.that("goes on", not (await self.seen())["paused"])
        for one in (
            pomice.Equalizer(tag="equalizer", levels=[(0, 0.2), (14, -0.2)]),
            pomice.Timescale(tag="timescale", speed=1.5, pitch=1.25),
            pomice.Karaoke(tag="karaoke", level=0.5),
            pomice.Tremolo(tag="tremolo", frequency=4.0, depth=0.5),
            pomice.Vibrato(tag="vibrato", frequency=4.0, depth=0.5),
            pomice.Rotation(tag="rotation", rotation_hertz=0.25),
            pomice.ChannelMix(tag="channel_mix", left_to_right=0.5),
            pomice.Distortion(tag="distortion", sin_offset=0.5),
            pomice.LowPass(tag="low_pass", smoothing=20.0),
        ):
            await player.add_filter(one, fast_apply=True)
        seen = (await self.seen())["filters"]
        check.that("sets every filter", len(seen) == 9 and seen["timescale"]["speed"] == 1.5, seen)
        await player.reset_filters()
        check.that("takes all filters away", not (await self.seen())["filters"])
        again = self.begin(self.list[0], "plays another")
        await self.ends(self.tide, "replaced", "hears that a track is replaced", again)
        await self.ends(self.list[0], "stopped", "stops", player.stop())

    async def queue(self):
        queue = pomice.Queue()
        for track in self.list[:3]:
            queue.put(track)
        while not queue.is_empty:
            track = queue.get()
            await self.begin(track, f"plays {track.title} from its queue")
            await self.ends(track, "finished", "hears its end", self.do(do="finish", guild=int(self.guild)))

    async def fail(self):
        guild = int(self.guild)
        broken = await self.track("https://www.youtube.com/watch?v=unavailable")
        await self.ends(broken, "loadFailed", "hears that a track cannot be loaded", self.player.play(broken))
        await self.hears("is told why", ("exception", "unavailable", "This track is unavailable"))
        await self.begin(self.tide, "plays again")
        await self.do(do="stick", guild=guild)
        await self.hears("hears that its track is stuck", ("stuck", self.tide.identifier, 10_000))
        await self.ends(self.tide, "cleanup", "hears that a track is cleaned up", self.do(do="clean_up", guild=guild))
        await self.do(do="close_voice", guild=guild, code=4006, reason="Session is no longer valid.", by_remote=True)
        await self.hears("hears that its voice was closed", ("closed", 4006, True))

    async def restart(self):
        await self.begin(self.tide, "plays before its node restarts")
        await self.settle()
        lost = self.eu._session_id
        await self.do(do="kill", node="eu-1", **{"for": "1s"})
        await self.until("loses its node", lambda: not self.eu.is_connected)
        await self.until("leaves voice for that", lambda: self.bot.get_guild(int(self.guild)).me.voice is None)

        async def is_back():
            if self.bot.refused and not self.eu.is_connected:
                self.bot.refused.clear()
                try:
                    await self.eu.connect(reconnect=True)
                except pomice.NodeConnectionFailure as failure:
                    self.bot.refused.append(str(failure))
            return self.eu.is_connected and self.eu._session_id != lost

        await self.until("is connected again, with a new session", is_back)
        await self.join("joins again")
        await self.begin(self.tide, "plays again after the restart")
        await self.ends(self.tide, "stopped", "stops again", self.player.stop())

    async def sent(self):
        rows = await asyncio.to_thread(lambda: self.world.ledger(self.mine["user_id"]))
        rows = [row for row in rows if row["kind"].startswith("lavalink.") and row["connection"]]
        return Counter(json.dumps(row["body"], sort_keys=True) for row in rows)

    async def settle(self):
        end = time.monotonic() + PATIENCE
        while await self.sent() != Counter(self.log.frames) and time.monotonic() < end:
            await asyncio.sleep(0.02)

    async def agree(self):
        await self.settle()
        sent, heard = await self.sent(), Counter(self.log.frames)
        check.that(
            f"hears every frame that the ledger has, {sent.total()} in all", sent == heard, (sent - heard, heard - sent)
        )
        own = Counter()
        for text, times in sent.items():
            body = json.loads(text)
            if body["op"] == "event" and body.get("guildId") == self.guild:
                own[body["type"]] += times
        made = {"TrackStartEvent": len(self.bot.starts), "TrackEndEvent": len(self.bot.ends)}
        check.that(
            "makes an event of each start and end of its own", all(own[name] == n for name, n in made.items()), (own, made)
        )

    async def run(self):
        await self.log_in()
        begun = time.monotonic()
        await self.do(do="traffic", rate=RATE)
        await self.join("joins a voice channel, and its node has the voice")
        await self.search()
        await self.play()
        await self.queue()
        await self.fail()
        await self.restart()
        while time.monotonic() < begun + AMBIENT:
            await asyncio.sleep(0.05)
        await self.do(do="traffic", rate=0)
        await self.agree()
        await self.player.destroy()
        check.that("its node has no player of it", await self.seen() is None)
        complaints = self.bot.errors + self.log.complaints
        check.that("no error in its hooks, log or tasks", not complaints, complaints)
        await self.eu.disconnect()
        await self.bot.close()
        await asyncio.gather(self.running, return_exceptions=True)
        notes = [line for line in self.world.notes().splitlines() if line]
        check.that("nothing about it is noted", not notes, notes[:5])


def main(antiphon):
    world = World(antiphon)
    log = Frames()
    frames = logging.getLogger("frames")
    frames.setLevel(logging.DEBUG)
    frames.propagate = False
    frames.addHandler(log)
    logging.getLogger("discord").addHandler(log)
    try:
        asyncio.run(asyncio.wait_for(Story(world, log).run(), LONGEST))
    finally:
        world.close()


if __name__ == "__main__":
    main(sys.argv[1])
