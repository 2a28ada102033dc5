#!/usr/bin/env python3
"""antiphon beside sechat 1.1.2 on the same frames of Stack Exchange chat, from the frame's text, in one run.

Run by hand: `cargo build --release --manifest-path benches/peers/Cargo.toml`, then
`interop/stackexchange/.venv/bin/python benches/peers/stackexchange.py PATH_OF_THE_BUILT_PROGRAM`
(`interop/run` makes that environment). sechat has a handler for every type it knows; what it would send to the server
for a mention is left out.
"""

import json
import logging
import random
import subprocess
import sys
import tempfile
import time

from sechat import Room
from sechat.events import Events

LENGTH = 3.0
SEED = 7
ROOM = 4242
LINES = [
    "good evening everyone", "this one&#39;s a <b>classic</b>", "back again", "is the queue locked?",
    "<div class='full'>one <br> two &amp; three</div>", "see <a href=\"https://a.example/\" rel=\"nofollow\">here</a>",
]  # fmt: skip


def corpus(frames=2000):
    """Mixed frames: mostly messages, some edits, stars, comings and goings, mentions, and rarer types."""
    chance = random.Random(SEED)
    counter = 165_000_000
    for _ in range(frames):
        events = []
        for _ in range(chance.choice([1, 1, 1, 2])):
            counter += 1
            number = chance.choices(
                [1, 2, 3, 4, 6, 8, 10, 15, 18, 17, 5], [60, 8, 5, 4, 8, 4, 4, 2, 3, 1, 1]
            )[0]
            event = {
                "event_type": number, "time_stamp": 1_720_000_000, "id": counter, "user_id": 77,
                "user_name": "mira", "room_id": ROOM, "room_name": "Sandbox",
            }  # fmt: skip
            if number in (1, 2, 6, 8, 10, 18):
                event["message_id"] = 66_000_000 + counter
            if number in (1, 2, 6, 8, 18):
                event["content"] = chance.choice(LINES)
            if number in (3, 4, 8, 15, 17, 18):
                event["target_user_id"] = 99
            if number == 18:
                event |= {"parent_id": 65_999_990, "show_parent": True}
            if number == 15:
                event["content"] = "Access now read-write"
            if number in (5, 17):
                event["content"] = "Sandbox / a place to try things"
            events.append(event)
        yield json.dumps({f"r{ROOM}": {"e": events, "t": counter, "d": len(events)}})


def sechat_events(frames):
    """How many events a second sechat takes, from the frame's text to a handler for each type."""
    room = object.__new__(Room)
    room.roomID, room.running, room.internalHandlers = ROOM, False, {}
    room.logger = logging.getLogger("bench")
    room.logger.setLevel(logging.CRITICAL)
    taken = []
    room.handlers = {event.value: {lambda data: taken.append(None)} for event in Events}
    begin, events = time.perf_counter(), 0
    while time.perf_counter() - begin < LENGTH:
        for frame in frames:
            room.process(json.loads(frame))
        events += len(taken)
        taken.clear()
    return events / (time.perf_counter() - begin)


def main(program):
    frames = list(corpus())
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        file.write("\n".join(frames))
        file.flush()
        rounds = []
        for _ in range(3):
            theirs = sechat_events(frames)
            ours = subprocess.run([program, file.name], capture_output=True, check=True, text=True)
            rounds.append((theirs, *map(float, ours.stdout.split())))
    theirs, raw, view, typed = (sorted(column)[1] for column in zip(*rounds))
    print(f"{'':<28}{'events/s':>12}{'ratio':>8}")
    rows = [("sechat 1.1.2, process", theirs), ("antiphon, raw", raw), ("antiphon, by view", view),
            ("antiphon, typed", typed)]  # fmt: skip
    for name, rate in rows:
        print(f"{name:<28}{rate:>12,.0f}{rate / theirs:>8.1f}")


main(sys.argv[1])
