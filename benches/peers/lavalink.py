#!/usr/bin/env python3
"""antiphon beside lavalink-rs and revvlink on the same frames of a Lavalink node, from the frame's text, in one run.

Run by hand: `cargo build --release --manifest-path benches/peers/Cargo.toml`, then
`interop/lavalink/.venv/bin/python benches/peers/lavalink.py benches/peers/target/release/lavalink`
(`interop/run` makes that environment). revvlink's own reader takes the frames from a socket that has them already, with
a player for every guild and a handler for every event: once by way of discord.py, as in a bot, and once called at once,
which is its websocket's part alone. It takes its turn between two runs of the Rust libraries.
"""

import asyncio
import json
import logging
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace

import aiohttp
import nodecorpus

# What lies beside this file would be taken for discord.py.
sys.path.pop(0)
import discord  # noqa: E402
import revvlink  # noqa: E402
from revvlink.websocket import Websocket  # noqa: E402

LENGTH = 3.0
EVENTS = [
    "node_ready", "node_disconnected", "track_start", "track_end", "track_exception", "track_stuck", "websocket_closed",
    "player_update", "stats_update", "extra_event",
]  # fmt: skip


class AtOnce:
    """What revvlink wants of a discord.py client, without discord.py."""

    user = SimpleNamespace(id=1)

    def __init__(self):
        self.taken = []
        self.handlers = {f"revvlink_{event}": self.taken.append for event in EVENTS}

    def dispatch(self, event, payload):
        self.handlers[event](payload)


class Bot(discord.Client):
    """A bot that is not logged in, with handlers as users write them."""

    user = SimpleNamespace(id=1)

    def __init__(self):
        super().__init__(intents=discord.Intents.none())
        self.loop = asyncio.get_running_loop()
        self.taken = []

        async def handler(payload):
            self.taken.append(payload)

        for event in EVENTS:
            setattr(self, f"on_revvlink_{event}", handler)


class Socket:
    """Gives every frame and then ends; lets other tasks run as often as a socket that brings a few frames at a time."""

    closed = False

    def __init__(self, frames):
        self.frames = iter(frames)
        self.given = 0

    async def receive(self):
        self.given += 1
        if self.given % 16 == 0:
            await asyncio.sleep(0)
        frame = next(self.frames, None)
        if frame is None:
            return aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None)
        return aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, frame, None)


class Reader(Websocket):
    """The websocket without what it does when its connection ends."""

    def _trigger_failover_and_reconnect(self):
        pass


async def revvlink_events(frames, make_client):
    """How many events a second revvlink takes, from the frame's text to a handler."""
    logging.disable(logging.CRITICAL)
    client = make_client()
    async with aiohttp.ClientSession() as session:
        # Their timers would only pile up while an hour of frames passes in a second.
        node = revvlink.Node(
            identifier="eu-1", uri="http://127.0.0.1:2333", password="x", session=session, client=client,
            inactive_player_timeout=None,
        )  # fmt: skip
        node._status = revvlink.NodeStatus.CONNECTED
        channel = SimpleNamespace(members=[SimpleNamespace(bot=False)])
        guilds = {int(frame["guildId"]) for frame in map(json.loads, frames) if "guildId" in frame}
        for guild in guilds:
            player = revvlink.Player(client, channel, nodes=[node])
            player._guild = SimpleNamespace(id=guild)
            node._players[guild] = player
        reader = Reader(node=node)
        begin, events = time.perf_counter(), 0
        while time.perf_counter() - begin < LENGTH:
            reader.socket = Socket(frames)
            await reader.keep_alive()
            for _ in range(100):
                if len(client.taken) == len(frames) and not reader._tasks:
                    break
                await asyncio.sleep(0)
            if len(client.taken) != len(frames):
                sys.exit(f"revvlink took {len(client.taken)} of {len(frames)} events")
            events += len(frames)
            client.taken.clear()
        return events / (time.perf_counter() - begin)


def rust_events(program, path):
    """Of each set of frames, how many events a second each library takes."""
    lines = subprocess.run([program, path], capture_output=True, check=True, text=True).stdout
    sets = {}
    for name, library, rate in (line.split("\t") for line in lines.splitlines()):
        sets.setdefault(name, {})[library] = float(rate)
    return sets


def main(program):
    frames = nodecorpus.frames()
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        file.write("\n".join(frames))
        file.flush()
        before = rust_events(program, file.name)
        theirs = {
            "revvlink, in a bot": asyncio.run(revvlink_events(frames, Bot)),
            "revvlink, at once": asyncio.run(revvlink_events(frames, AtOnce)),
        }
        after = rust_events(program, file.name)
    sets = {
        name: {library: (rate + after[name][library]) / 2 for library, rate in rates.items()}
        for name, rates in before.items()
    }
    peers = ["lavalink-rs, reader", "lavalink-rs, model", *theirs]
    sets["all"] |= theirs
    for name, rates in sets.items():
        print(f"\n{name:<22}{'events/s':>12}" + "".join(f"{'/ ' + peer:>24}" for peer in peers if peer in rates))
        for library, rate in rates.items():
            ratios = "".join(f"{rate / rates[peer]:>24.2f}" for peer in peers if peer in rates)
            print(f"{library:<22}{rate:>12,.0f}{ratios}")


main(sys.argv[1])
