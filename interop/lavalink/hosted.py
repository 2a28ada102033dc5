"""What both clients share: discord.py as their host, one story that each can play, and the ledger to hold them to.

wavelink and its descendant revvlink have the same words for nearly everything; what only one of them does is in its own
check. Both hand each frame of a node to the host's listeners by the same rules, with a player or without.
"""

import asyncio
import contextlib
import io
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
import yarl  # noqa: E402

PATIENCE = 30.0
LONGEST = 90.0

# What is read of each event that a node's frame becomes.
READ = {
    "node_ready": lambda event: (event.session_id, event.resumed),
    "player_update": lambda event: (event.time, event.position, event.connected, event.ping),
    "stats_update": lambda event: (event.players, event.playing, event.uptime, event.memory.used, event.cpu.cores),
    "track_start": lambda event: (event.track.encoded, event.track.identifier),
    "track_end": lambda event: (event.track.encoded, event.track.identifier, event.reason),
    "track_exception": lambda event: (event.track.identifier, event.exception["severity"], event.exception["message"]),
    "track_stuck": lambda event: (event.track.identifier, event.threshold),
    "websocket_closed": lambda event: (event.code.value, event.reason, event.by_remote),
    "extra_event": lambda event: json.dumps(event.data, sort_keys=True),
}  # fmt: skip
# Those that no frame becomes.
OTHERS = ("node_disconnected", "node_closed", "inactive_player")


def due(row):
    """The event that the clients' documents make of a frame, with what is to be read of it; none of an unknown op."""
    body = row["body"]
    track = body.get("track", {})
    info = track.get("info", {})
    if body["op"] == "ready":
        return "node_ready", (body["sessionId"], body["resumed"])
    if body["op"] == "playerUpdate":
        state = body["state"]
        return "player_update", (state["time"], state["position"], state["connected"], state["ping"])
    if body["op"] == "stats":
        used, cores = body["memory"]["used"], body["cpu"]["cores"]
        return "stats_update", (body["players"], body["playingPlayers"], body["uptime"], used, cores)
    if body["op"] != "event":
        return None
    if body["type"] == "TrackStartEvent":
        return "track_start", (track["encoded"], info["identifier"])
    if body["type"] == "TrackEndEvent":
        return "track_end", (track["encoded"], info["identifier"], body["reason"])
    if body["type"] == "TrackExceptionEvent":
        return "track_exception", (info["identifier"], body["exception"]["severity"], body["exception"]["message"])
    if body["type"] == "TrackStuckEvent":
        return "track_stuck", (info["identifier"], body["thresholdMs"])
    if body["type"] == "WebSocketClosedEvent":
        return "websocket_closed", (body["code"], body["reason"], body["byRemote"])
    return "extra_event", json.dumps(body, sort_keys=True)


class Host(discord.Client):
    """A bot that listens to every event of the library, in the way that its documents ask for."""

    def __init__(self, prefix):
        super().__init__(intents=discord.Intents.all())
        self.heard = []
        self.payloads = []
        for name in (*READ, *OTHERS):
            setattr(self, f"on_{prefix}_{name}", self.listener(name))

    def listener(self, name):
        async def heard_it(*event):
            self.heard.append((name, READ[name](*event) if name in READ else None))
            self.payloads.append((name, event))

        return heard_it

    def count(self, name):
        return sum(1 for heard, _ in self.heard if heard == name)

    def last(self, name):
        return next((what for heard, what in reversed(self.heard) if heard == name), None)

    def last_event(self, name):
        """What a listener was handed."""
        return next((event for heard, event in reversed(self.payloads) if heard == name), None)

    def last_payload(self, name):
        return self.last_event(name)[0]


class Story:
    """A library's day at the simulator."""

    def __init__(self, library, name, world):
        self.library, self.world = library, world
        self.check = Check(name)
        self.host = Host(name)
        self.nodes = {}
        self.player = None

    async def do(self, **command):
        """Has the nodes do something."""
        return await asyncio.to_thread(lambda: self.world.node(**command))

    async def discord(self, **command):
        return await asyncio.to_thread(lambda: self.world.gateway(**command))

    async def until(self, what, condition):
        """Waits until something holds, and says that it does."""
        end = time.monotonic() + PATIENCE
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return self.check.that(what, True)
            if time.monotonic() > end:
                self.check.that(what, False, f"not within {PATIENCE:.0f} s; last heard {self.host.heard[-8:]}")
            await asyncio.sleep(0.02)

    async def seen(self):
        """The player as its node sees it."""
        guild = str(self.world.discord["guild_id"])
        players = (await self.do(do="players"))["players"]
        return next((player for player in players if player["guild"] == guild), None)

    async def ends(self, identifier, reason, what, act):
        """Something ends a track, for a reason."""
        before = self.host.count("track_end")
        await act

        def heard():
            ends = [what[1:] for name, what in self.host.heard if name == "track_end"]
            return (identifier, reason) in ends[before:]

        await self.until(what, heard)

    async def begin(self, track, **options):
        """Plays a track; one that ended before the library read of its beginning would confuse it."""
        await self.player.play(track, **options)
        await self.plays(track.identifier, f"plays {track.title}")

    async def plays(self, identifier, what):
        """A track plays, in the eyes of the library and of its node."""

        async def so():
            seen = await self.seen()
            begun, current = self.host.last("track_start"), self.player.current
            return (
                seen
                and seen["track"] == identifier
                and (begun and begun[1] == identifier)
                and (current and current.identifier == identifier)
            )

        await self.until(what, so)

    # ------------------------------------------------------------------------------------------------------------------
    # Beginning.

    async def log_in(self):
        mine = self.world.discord
        discord.http.Route.BASE = mine["rest"]
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(mine["gateway"])
        self.running = asyncio.ensure_future(self.host.start(mine["token"]))
        await self.until("its host is ready", lambda: self.running.done() or self.host.is_ready())
        self.check.that("its host is logged in", str(self.host.user.id) == mine["user_id"], self.running)

    async def connect_node(self, number, **options):
        address = self.world.lavalink[number]
        name = address["name"]
        node = self.library.Node(
            **{"identifier": name, "uri": address["url"], "password": address["password"], "heartbeat": 1.0, **options}
        )
        # One of them prints what it connected to.
        with contextlib.redirect_stdout(io.StringIO()):
            await self.library.Pool.connect(nodes=[node], client=self.host)
        self.nodes[node.identifier] = node
        return node

    async def connect(self):
        await self.connect_node(0, identifier="wrong", password="not the password", retries=0)
        self.check.that("a wrong password is refused", "wrong" not in self.library.Pool.nodes)
        self.wrong = self.nodes.pop("wrong")
        node = await self.connect_node(0)
        await self.until("is connected", lambda: self.host.count("node_ready") == 1)
        self.check.that("its session is new", self.host.last("node_ready") == (node.session_id, False), self.host.heard)
        await self.until("hears the node's stats", lambda: self.host.count("stats_update") == 1)
        sessions = (await self.do(do="sessions"))["sessions"]
        self.check.that(
            "asks to be resumed",
            [(one["id"], one["resuming"]) for one in sessions] == [(node.session_id, True)],
            sessions,
        )
        return node

    async def ask(self, node):
        info = await node.fetch_info()
        self.check.that(
            "reads what the node is", info.version.major == 4 and "youtube" in info.source_managers, vars(info)
        )
        version = await node.fetch_version()
        self.check.that("reads its version", version == info.version.semver, version)
        stats = await node.fetch_stats()
        self.check.that("reads its stats", stats.uptime > 0 and stats.frames is None, vars(stats))

    async def join(self):
        # Somebody listens, or the library would take the player for inactive.
        await self.discord(do="join_voice", by="mira")
        channel = self.host.get_channel(int(self.world.discord["voice_channel_id"]))
        await self.until("somebody is there", lambda: len(channel.members) == 1)
        self.player = await channel.connect(cls=self.library.Player)
        seen = await self.seen()
        self.check.that("joins a voice channel, and its node has the voice", seen and seen["connected"], seen)
        await self.until("hears that its player is connected", lambda: (self.host.last("player_update") or [0] * 3)[2])
        self.check.that("the event is about its player", self.host.last_payload("player_update").player is self.player)
        return channel

    async def search(self):
        library = self.library
        found = await library.Playable.search("slow tide", source=library.TrackSource.YouTube)
        self.check.that("searches", [track.title for track in found] == ["Slow Tide"], found)
        self.tide = found[0]
        found = await library.Playable.search("https://www.youtube.com/playlist?list=PLchoirloft")
        self.check.that(
            "finds a list",
            isinstance(found, library.Playlist) and (found.name, len(found)) == ("Songs for the Loft", 12),
        )
        self.list = found
        (self.second,) = await library.Playable.search("https://www.youtube.com/watch?v=second_____")
        self.check.that("finds a track by its address", self.second.length == 1000, self.second)
        (stream,) = await library.Playable.search("https://radio.example/choir.mp3")
        self.check.that("finds a stream", stream.is_stream and stream.length == 2**63 - 1, stream)
        self.check.that("finds nothing", not await library.Playable.search("xyzzy", source="scsearch"))
        try:
            await library.Playable.search("https://error.example/suspicious")
            self.check.that("is told why nothing could be loaded", False, "it loaded")
        except library.LavalinkLoadException as error:
            self.check.that("is told why nothing could be loaded", error.severity == "suspicious", vars(error))

    # ------------------------------------------------------------------------------------------------------------------
    # Playing.

    async def play(self):
        player, tide = self.player, self.tide
        tide.extras = {"asked_by": "mira"}
        await player.play(tide, start=1000, volume=60)
        await self.until("its track begins", lambda: self.host.count("track_start") == 1)
        begun = self.host.last_payload("track_start")
        self.check.that(
            "the event brings back what it gave with the track",
            (begun.track.identifier, dict(begun.track.extras)) == (tide.identifier, {"asked_by": "mira"}),
            begun.track.raw_data,
        )
        self.check.that("the event has the track that was asked for", begun.original is tide)
        seen = await self.seen()
        self.check.that(
            "its node plays it", (seen["track"], seen["volume"]) == (tide.identifier, 60) and seen["position"] >= 1000
        )
        await self.until("its position goes on", lambda: 1000 < player.position < 20_000)

        await player.pause(True)
        seen = await self.seen()
        self.check.that("pauses", player.paused and seen["paused"], seen)
        await player.seek(60_000)
        await self.until("seeks", lambda: self.host.last("player_update")[1] == 60_000)
        self.check.that("its node goes there", (await self.seen())["position"] == 60_000)
        await player.pause(False)
        seen = await self.seen()
        self.check.that("goes on", not player.paused and not seen["paused"], seen)
        await player.set_volume(35)
        self.check.that("sets the volume", (await self.seen())["volume"] == player.volume == 35)
        await self.filter()

        # What plays is not replaced, which they ask for in Python's spelling of true.
        await player.play(self.second, replace=False, add_history=False)
        self.check.that("does not replace what plays", (await self.seen())["track"] == tide.identifier)
        info = await player.node.fetch_player_info(player.guild.id)
        self.check.that(
            "reads its player",
            (info.guild_id, info.track.identifier, info.volume) == (player.guild.id, tide.identifier, 35)
            and info.state.connected,
            vars(info),
        )
        players = await player.node.fetch_players()
        self.check.that("reads all players", [one.guild_id for one in players] == [player.guild.id])

    async def filter(self):
        filters = self.library.Filters()
        filters.volume = 0.75
        filters.equalizer.set(bands=[{"band": 0, "gain": 0.25}, {"band": 14, "gain": -0.25}])
        filters.karaoke.set(level=0.5, mono_level=0.5, filter_band=200.0, filter_width=80.0)
        filters.timescale.set(speed=1.5, pitch=1.25, rate=1.0)
        filters.tremolo.set(frequency=4.0, depth=0.5)
        filters.vibrato.set(frequency=4.0, depth=0.5)
        filters.rotation.set(rotation_hz=0.25)
        filters.distortion.set(
            sin_offset=0.5, sin_scale=1.0, cos_offset=0.5, cos_scale=1.0,
            tan_offset=0.5, tan_scale=1.0, offset=0.5, scale=1.0,
        )  # fmt: skip
        filters.channel_mix.set(left_to_left=0.5, left_to_right=0.5, right_to_left=0.5, right_to_right=0.5)
        filters.low_pass.set(smoothing=20.0)
        await self.player.set_filters(filters)
        wanted, seen = filters(), (await self.seen())["filters"]
        self.check.that("sets every filter", len(wanted) == 10 and seen == wanted, f"{seen} instead of {wanted}")
        await self.player.set_filters()
        # None of its filters is a flat equalizer.
        wanted, seen = self.library.Filters()(), (await self.seen())["filters"]
        self.check.that("takes all filters away", list(seen) == ["equalizer"] and seen == wanted, seen)

    async def queue(self):
        player, library = self.player, self.library
        player.autoplay = library.AutoPlayMode.partial
        first, following, last = self.list[0], self.list[1], self.list[2]
        await player.queue.put_wait([first, following, last])
        await self.ends(self.tide.identifier, "replaced", "hears that a track is replaced", player.play(self.second))
        await self.ends(self.second.identifier, "finished", "hears its end a second later", asyncio.sleep(0))
        await self.plays(first.identifier, "the queue goes on by itself")
        # Here `stop` is another word for `skip`: the queue goes on after both (protocol §20).
        await self.ends(first.identifier, "stopped", "skips", player.skip())
        await self.plays(following.identifier, "the queue goes on after a skip")
        player.queue.mode = library.QueueMode.loop
        starts = self.host.count("track_start")
        await self.ends(following.identifier, "finished", "hears the end of a track", self.finish())
        await self.until("repeats it", lambda: self.host.count("track_start") > starts)
        await self.plays(following.identifier, "the same track plays again")
        player.queue.mode = library.QueueMode.normal
        await self.ends(
            self.tide.identifier,
            "finished",
            "ends a track before its end",
            player.play(self.tide, start=2000, end=2300),
        )
        await self.plays(last.identifier, "the queue goes on after that")
        self.check.that("its queue is empty", player.queue.is_empty, player.queue)
        played = [track.identifier for track in player.queue.history]
        wanted = [self.tide, self.second, first, following, self.tide, last]
        self.check.that("its history is what played", played == [track.identifier for track in wanted], played)

    async def finish(self):
        await self.do(do="finish", guild=self.player.guild.id)

    async def fail(self):
        player, guild = self.player, self.player.guild.id
        (broken,) = await self.library.Playable.search("https://www.youtube.com/watch?v=unavailable")
        await self.ends("unavailable", "loadFailed", "hears that a track cannot be loaded", player.play(broken))
        self.check.that(
            "is told why",
            self.host.last("track_exception") == ("unavailable", "common", "This track is unavailable"),
            self.host.heard[-3:],
        )
        await self.begin(self.tide, start=5000)
        await self.ends(
            self.tide.identifier,
            "finished",
            "hears that a track breaks off",
            self.do(do="break_off", guild=guild, message="a string broke"),
        )
        self.check.that(
            "is told what broke",
            self.host.last("track_exception") == (self.tide.identifier, "suspicious", "a string broke"),
        )
        await self.begin(self.tide)
        await self.ends(
            self.tide.identifier, "cleanup", "hears that a track is cleaned up", self.do(do="clean_up", guild=guild)
        )
        self.check.that("nothing plays", player.current is None and (await self.seen())["track"] is None)

    async def other_events(self):
        guild = self.player.guild.id
        await self.do(do="plugin_event", guild=guild, name="SegmentSkipped", fields={"segment": {"start": 1000}})
        await self.until("hears an event that it does not know", lambda: self.host.count("extra_event") == 1)
        extra = self.host.last_payload("extra_event")
        self.check.that(
            "has all of it", (extra.data["type"], extra.data["segment"]) == ("SegmentSkipped", {"start": 1000})
        )
        self.check.that("it is about its player", extra.player is self.player)
        # An op that it does not know is passed over; an event without a guild would end its reader (protocol §20).
        await self.do(do="frame", text='{"op":"weather","sky":"clear"}')
        await self.do(do="plugin_event", guild=12, name="SegmentSkipped", fields={})
        await self.until("hears of a player that it does not have", lambda: self.host.count("extra_event") == 2)
        self.check.that("without a player", self.host.last_payload("extra_event").player is None)
        await self.do(do="stats")
        await self.until("hears stats again", lambda: self.host.count("stats_update") >= 2)
        # Codes outside the library's own table would end its reader (protocol §20); these are in both.
        await self.lose_voice(4006, "Session is no longer valid.", True)
        await self.lose_voice(1000, "", False)

    async def lose_voice(self, code, reason, by_remote):
        closed = self.host.count("websocket_closed")
        guild = self.player.guild.id
        await self.do(do="close_voice", guild=guild, code=code, reason=reason, by_remote=by_remote)
        await self.until(
            f"hears that its voice was closed with {code}", lambda: self.host.count("websocket_closed") > closed
        )
        self.check.that("is told why", self.host.last("websocket_closed") == (code, reason, by_remote))
        await self.until("hears that it is not connected", lambda: not self.host.last("player_update")[2])

    async def move(self, channel):
        other = (await self.discord(do="add_channel", by="mira", name="gallery", kind=2))["channel"]
        await self.until("there is another channel", lambda: self.host.get_channel(int(other)))
        await self.player.play(self.tide)
        await self.move_to(self.host.get_channel(int(other)))
        # Now the voice is open, and closes with 4014 by the move itself. Both take a 4014 that they read after the move
        # for the loss of the new voice (protocol §20), so that the answer, which ends the move, is held back.
        await self.do(
            do="fail",
            requests="PATCH /v4/sessions/*/players/*",
            fault={"slow": "400ms"},
            node=self.player.node.identifier,
        )
        await self.move_to(channel)
        await self.plays(self.tide.identifier, "plays on after the moves")
        await self.until("its player is connected", lambda: self.player.connected)

    async def move_to(self, channel):
        await self.player.move_to(channel)
        seen = await self.seen()
        self.check.that(
            f"moves to {channel.name}",
            self.player.channel == channel and seen["connected"],
            (self.player.channel, seen),
        )

    async def recommend(self):
        self.player.autoplay = self.library.AutoPlayMode.enabled
        starts = self.host.count("track_start")
        await self.ends(self.tide.identifier, "finished", "the last track ends", self.finish())
        await self.until("plays what goes with it", lambda: self.host.count("track_start") > starts)
        original = self.host.last_payload("track_start").original
        self.check.that("it was recommended", original.recommended, original)
        self.player.autoplay = self.library.AutoPlayMode.disabled

    # ------------------------------------------------------------------------------------------------------------------
    # Trouble.

    async def stick_and_resume(self, node):
        """A track gets stuck, and while that takes its time, the socket is lost and the session goes on."""
        guild, session = self.player.guild.id, node.session_id
        await self.begin(self.list[3])
        await self.do(do="stick", guild=guild)
        lost = self.host.count("node_disconnected")
        await self.settle()
        # By reset: a close frame would end a reader for good, since its payload is read as JSON.
        await self.do(do="reset", node="eu-1", **{"for": "100ms"})
        await self.until("its session waits", self.waits)
        await self.do(do="plugin_event", node="eu-1", guild=guild, name="WhileAway", fields={"n": 1})
        await self.until("hears that its node is gone", lambda: self.host.count("node_disconnected") == lost + 1)
        await self.until("is resumed", lambda: self.host.last("node_ready") == (session, True))
        await self.until("hears what it missed", lambda: self.heard_while_away() == 1)
        await self.until("hears that its track is stuck", lambda: self.host.count("track_stuck") == 1)
        self.check.that("is told for how long", self.host.last("track_stuck")[1] == 10_000)
        await self.plays(self.list[3].identifier, "its track is still there")

    async def waits(self):
        sessions = (await self.do(do="sessions", node="eu-1"))["sessions"]
        return [one["connection"] for one in sessions] == [None]

    def heard_while_away(self):
        return sum(1 for name, what in self.host.heard if name == "extra_event" and '"WhileAway"' in what)

    async def sent(self):
        """What the ledger has for the host's sockets, as the events that it makes, in order."""
        rows = await asyncio.to_thread(lambda: self.world.ledger(self.world.discord["user_id"]))
        sent = [row for row in rows if row["kind"].startswith("lavalink.") and row.get("connection")]
        sent.sort(key=lambda row: (row["connection"], row["frame"]))
        return [event for event in map(due, sent) if event]

    def told(self):
        return [heard for heard in self.host.heard if heard[0] in READ]

    async def settle(self):
        """Waits until all that was sent is heard, so that what happens next loses nothing; gives both."""
        end = time.monotonic() + PATIENCE
        while True:
            sent, told = await self.sent(), self.told()
            if Counter(sent) == Counter(told) or time.monotonic() > end:
                return sent, told
            await asyncio.sleep(0.02)

    async def agrees(self, what, in_order=False):
        """What the host heard is what the ledger has for its sockets: as many of each kind, with the same in them."""
        sent, told = await self.settle()
        for name in READ:
            wanted = Counter(event for event in sent if event[0] == name)
            heard = Counter(event for event in told if event[0] == name)
            self.check.that(
                f"{what}: hears every {name} that the ledger has, {wanted.total()} in all",
                wanted and wanted == heard,
                f"missing {wanted - heard}, not in the ledger {heard - wanted}",
            )
        if in_order:
            self.check.that(f"{what}: in order", told == sent, f"{told} instead of {sent}")

    async def lose_node(self, move, down):
        """A node dies for a while, and its player plays on with another."""
        await self.connect_node(1)
        await self.until("is connected to another node", lambda: self.host.count("node_ready") == 3)
        filters = self.library.Filters()
        filters.rotation.set(rotation_hz=0.25)
        await self.player.play(self.tide, start=30_000, volume=45, filters=filters)
        await self.until("its position is known", lambda: self.player.position >= 30_000)
        lost = self.host.count("node_disconnected")
        await self.settle()
        await self.do(do="kill", node="eu-1", **{"for": down})
        await self.until("hears that its node died", lambda: self.host.count("node_disconnected") == lost + 1)
        await move(self.nodes["us-1"])
        await self.plays(self.tide.identifier, "plays on")
        seen = await self.seen()
        self.check.that(
            "plays on with the other node, as it was",
            (seen["node"], seen["volume"], seen["filters"]["rotation"]) == ("us-1", 45, {"rotationHz": 0.25})
            and 30_000 <= seen["position"] < 60_000
            and self.player.node is self.nodes["us-1"],
            seen,
        )
        await self.until("the node is back", lambda: self.host.count("node_ready") == 4)
        self.check.that("with a new session", not self.host.last("node_ready")[1], self.host.last("node_ready"))

    # ------------------------------------------------------------------------------------------------------------------
    # Ending.

    async def idle(self):
        player = self.player
        player.inactive_channel_tokens = 1
        await self.discord(do="leave_voice", by="mira")
        await self.until("nobody listens", lambda: all(member.bot for member in player.channel.members))
        await self.ends(
            player.current.identifier, "finished", "hears the end of a track that nobody heard", self.finish()
        )
        await self.until("hears that its player is inactive", lambda: self.host.count("inactive_player") == 1)
        self.check.that("it is its player", self.host.last_payload("inactive_player") is player)

    async def join_again(self, channel):
        self.player = await channel.connect(cls=self.library.Player)
        self.check.that("joins again", (await self.seen())["connected"])

    async def close_node(self, name):
        """Closes one node while the other stays; gives the players that were disconnected for it."""
        node = self.nodes.pop(name)
        await self.settle()
        lost, closed = self.host.count("node_disconnected"), self.host.count("node_closed")
        await node.close(eject=True)
        await self.until("closes a node", lambda: self.host.count("node_closed") == closed + 1)
        await self.until("hears that it is gone", lambda: self.host.count("node_disconnected") == lost + 1)
        closed, disconnected = self.host.last_event("node_closed")
        self.check.that("it is that node", closed is node and name not in self.library.Pool.nodes, closed)
        await node._session.close()
        return disconnected

    async def leave(self, channel):
        await self.begin(self.tide)
        await self.ends(self.tide.identifier, "stopped", "disconnects", self.player.disconnect())
        self.check.that("its node has no player of it", await self.seen() is None)
        await self.until("is in no channel", lambda: self.player.guild.me.voice is None)

        await self.join_again(channel)
        await self.begin(self.tide)
        out = self.discord(do="leave_voice", by=self.world.discord["user_id"])
        await self.ends(self.tide.identifier, "stopped", "is thrown out of its channel", out)
        await self.until("its player is gone", self.is_gone)

    async def is_gone(self):
        return await self.seen() is None

    async def close(self):
        await self.library.Pool.close()
        await self.until("closes its last node", lambda: self.host.count("node_closed") == 2)

        async def gone():
            return all(one["connection"] is None for one in (await self.do(do="sessions"))["sessions"])

        await self.until("no socket is left", gone)
        for node in (*self.nodes.values(), self.wrong):
            await node._session.close()
        await self.host.close()
        await asyncio.gather(self.running, return_exceptions=True)


def run(main):
    """Plays a story against a simulator of its own."""
    logging.disable(logging.CRITICAL)
    world = World(sys.argv[1])
    try:
        asyncio.run(asyncio.wait_for(main(world), LONGEST))
        # discord.py asks for compressed payloads on a compressed transport, which is noted as it should be.
        notes = [line for line in world.notes().splitlines() if "compressed payloads" not in line]
        Check(Path(sys.argv[0]).stem.removeprefix("check_")).that("nothing else about it is noted", not notes, notes)
    finally:
        world.close()
