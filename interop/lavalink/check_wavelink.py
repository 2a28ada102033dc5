#!/usr/bin/env python3
"""wavelink 3.5.2 on discord.py against the simulator's nodes.

It connects and is resumed, joins and moves in voice, plays from its queue and what is recommended, hears every event of
its documents as often as the ledger has it, and its player goes on with another node when it is told to.
"""

import wavelink
from hosted import Story, run


async def main(world):
    story = Story(wavelink, "wavelink", world)
    await story.log_in()
    node = await story.connect()
    await story.ask(node)
    channel = await story.join()
    await story.search()
    await story.play()
    await story.queue()
    await story.fail()
    await story.other_events()
    # It would leave after a second, but does not (its wait ends the other way).
    await story.lose_voice(4014, "Disconnected.", True)
    await story.move(channel)
    await story.recommend()
    await story.stick_and_resume(node)
    await story.agrees("one node", in_order=True)
    # It moves no players by itself; and the node is back at once, for its pauses grow quickly.
    await story.lose_node(story.player.switch_node, down="0s")
    await story.idle()
    player = story.player
    disconnected = await story.close_node("us-1")
    story.check.that("its player was disconnected for that", disconnected == [player], disconnected)
    story.check.that("its node has no player of it", await story.seen() is None)
    await story.until("is in no channel", lambda: player.guild.me.voice is None)
    await story.join_again(channel)
    await story.leave(channel)
    await story.agrees("all nodes")
    await story.close()


if __name__ == "__main__":
    run(main)
