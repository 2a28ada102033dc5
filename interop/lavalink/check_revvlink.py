#!/usr/bin/env python3
"""revvlink 1.0.5 on discord.py against the simulator's nodes.

It connects and is resumed, joins and moves in voice, plays from its queue and what is recommended, hears every event of
its documents as often as the ledger has it, and moves its player by itself when its node is lost or closed.
"""

import json

import revvlink
from hosted import Story, run


async def ask(story, node):
    """What it asks a node for beside what its ancestor does."""
    await story.ask(node)
    story.check.that("keeps what its node is", node.info.has_source("YouTube") and node.info.filters, node.info)
    story.check.that("is told that no addresses rotate", await node.get_routeplanner_status() is None)
    await story.do(do="route_planner", node="eu-1", failing=["1.0.0.1", "1.0.0.2"])
    await node.unmark_failed_address("1.0.0.1")
    status = await node.get_routeplanner_status()
    failing = [one["failingAddress"].lstrip("/") for one in status["details"]["failingAddresses"]]
    story.check.that("frees one address", failing == ["1.0.0.2"], status)
    await node.unmark_all_failed_addresses()
    status = await node.get_routeplanner_status()
    story.check.that("frees all addresses", status["details"]["failingAddresses"] == [], status)


async def decode(story, node):
    track = await node.decode_track(story.tide.encoded)
    story.check.that("has a track decoded", track.raw_data["info"] == story.tide.raw_data["info"], track.raw_data)
    encoded = [track.encoded for track in story.list]
    tracks = await node.decode_tracks(encoded)
    story.check.that("has a list decoded", [track.encoded for track in tracks] == encoded, tracks)


async def moved(story):
    """It moves players by itself, and says so where they are at home."""
    await story.until("moves its player by itself", lambda: story.player.node.identifier == "us-1")

    def notice():
        rows = story.world.ledger(story.world.discord["user_id"])
        said = [json.dumps(row["body"]) for row in rows if row["kind"] == "discord.MESSAGE_CREATE"]
        return [text for text in said if "Lavalink Node went down" in text]

    await story.until("says so in its channel", lambda: len(notice()) == 1)


async def main(world):
    story = Story(revvlink, "revvlink", world)
    await story.log_in()
    node = await story.connect()
    await ask(story, node)
    channel = await story.join()
    story.player.home = story.host.get_channel(int(world.discord["channel_id"]))
    await story.search()
    await decode(story, node)
    await story.play()
    await story.queue()
    await story.fail()
    await story.other_events()
    await story.move(channel)
    await story.recommend()
    # Its player stays where it is, for there is no other node yet; with one, it would be moved and resumed as well
    # (protocol §20).
    await story.stick_and_resume(node)
    await story.agrees("one node", in_order=True)
    await story.lose_node(lambda _: moved(story), down="1s")
    await story.idle()
    await story.player.play(story.tide, start=30_000)
    disconnected = await story.close_node("us-1")
    story.check.that("its player was moved before", disconnected == [] and story.player.node is node, disconnected)
    await story.plays(story.tide.identifier, "plays on")
    await story.leave(channel)
    await story.join_again(channel)
    await story.lose_voice(4014, "Disconnected.", True)
    await story.until("takes that for the end of its player", story.is_gone)
    await story.agrees("all nodes")
    await story.close()


if __name__ == "__main__":
    run(main)
