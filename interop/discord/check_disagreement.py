#!/usr/bin/env python3
"""disagreement 0.8.1 against the simulator, over zlib-stream.

It identifies, hears the events its documents name and hands each to its listeners as often as the ledger has it, sends a
message, beats and is acknowledged, and closes. It never fires CONNECT, DISCONNECT and SHARD_RESUME, and does not come back
after a loss, so none of that is asked of it here.
"""

import asyncio
import logging
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from world import Check, World  # noqa: E402 - found beside its folder

import disagreement.http  # noqa: E402
from disagreement import Client  # noqa: E402
from disagreement.enums import GatewayIntent  # noqa: E402

PATIENCE = 30.0
# The events of its documents that the Gateway sends, the last of them raw.
EVENTS = (
    "PRESENCE_UPDATE",
    "TYPING_START",
    "GUILD_MEMBER_ADD",
    "GUILD_MEMBER_REMOVE",
    "GUILD_BAN_ADD",
    "GUILD_BAN_REMOVE",
    "CHANNEL_UPDATE",
    "GUILD_ROLE_UPDATE",
    "VOICE_STATE_UPDATE",
    "RAW_MESSAGE_DELETE",
)

check = Check("disagreement")


async def until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            check.that(what, False, f"not within {PATIENCE:.0f} s")
        await asyncio.sleep(0.02)


def happen(world, role):
    """Each event more than once, so that counts tell."""
    for _ in range(2):
        world.gateway(do="appear", by="mira", status="dnd", plays="Slow Tide")
        world.gateway(do="type", by="teo")
        world.gateway(do="join", by="vinyl_vic")
        world.gateway(do="leave", by="vinyl_vic")
        world.gateway(do="ban", by="mira", user="echo7")
        world.gateway(do="unban", by="mira", user="echo7")
        world.gateway(do="topic", by="mira", text="evensong at six")
        world.gateway(do="rename_role", by="mira", role=role, name="altos")
        world.gateway(do="join_voice", by="mira")
        world.gateway(do="leave_voice", by="mira")
        said = world.gateway(do="say", by="teo", text="soon gone")["message"]
        world.gateway(do="delete", message=said)


async def story(world):
    mine = world.discord
    disagreement.http.API_BASE_URL = mine["rest"]
    client = Client(token=mine["token"], intents=GatewayIntent.all())
    heard = Counter()

    def listen(name):
        async def heard_it(_):
            heard[name] += 1

        client.add_listener(name, heard_it)

    for name in (*EVENTS, "SHARD_CONNECT", "SHARD_DISCONNECT", "RAW_READY", "RAW_GUILD_CREATE", "MESSAGE_CREATE"):
        listen(name)

    await client.connect()
    await client.wait_until_ready()
    check.that("identifies", str(client.user.id) == mine["user_id"], client.user)
    check.that("hears that its shard is connected", heard["SHARD_CONNECT"] == 1, heard)
    await until("is told its guild", lambda: heard["RAW_GUILD_CREATE"] == 1)
    guild = client.get_guild(mine["guild_id"])
    check.that("knows its guild", guild is not None and guild.name == "choir", guild)

    role = world.gateway(do="add_role", by="mira", name="basses")["role"]
    await asyncio.to_thread(happen, world, role)
    await until("hears everything", lambda: heard["RAW_MESSAGE_DELETE"] == 2)
    due = Counter(row["kind"].removeprefix("discord.") for row in world.ledger(mine["user_id"]))
    for name in EVENTS:
        wanted = due[name.removeprefix("RAW_")]
        check.that(
            f"hears every {name} that the ledger has", heard[name] == wanted > 0, f"{heard[name]} of {wanted}"
        )

    sent = await client.send_message(mine["channel_id"], "hello from disagreement")
    await until("hears its own message", lambda: heard["MESSAGE_CREATE"] == 3)
    rows = [row["body"] for row in world.ledger(mine["user_id"]) if row["kind"] == "discord.MESSAGE_CREATE"]
    check.that(
        "sends a message that the simulator has",
        (rows[-1]["id"], rows[-1]["content"]) == (str(sent.id), "hello from disagreement"),
        rows[-1],
    )

    gateway = client._gateway
    await gateway._heartbeat()
    await until("is acknowledged", lambda: gateway.latency is not None and gateway.latency >= 0)
    check.that("its heartbeats are acknowledged", True)

    await client.close()
    await until("hears that its shard is gone", lambda: heard["SHARD_DISCONNECT"] == 1)
    check.that("hears that its shard is disconnected", True)
    before = len(world.ledger(mine["user_id"]))
    world.gateway(do="say", by="teo", text="nobody there")
    check.that("has left for good", len(world.ledger(mine["user_id"])) == before)
    # It spells its properties as they were spelt long ago, which is noted, as it should be.
    known = ("without properties",)
    notes = [line for line in world.notes().splitlines() if not any(text in line for text in known)]
    check.that("nothing else about it is noted", not notes, notes)


def main(antiphon):
    logging.disable(logging.WARNING)
    world = World(antiphon)
    try:
        asyncio.run(asyncio.wait_for(story(world), 4 * PATIENCE))
    finally:
        world.close()


if __name__ == "__main__":
    main(sys.argv[1])
