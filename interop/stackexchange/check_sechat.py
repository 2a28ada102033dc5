#!/usr/bin/env python3
"""sechat 1.1.2 against the simulator.

It logs in, joins a room, sends, edits, deletes, stars, pins, bookmarks and moves, and hears every type of event it
knows; cut, it connects again. What it hears is the ledger's for each connection, and what it dispatches is what its
own table of numbers makes of them: 29, 30, 34 and unknown numbers are dropped, and its resume by Unix time means that
the time of the cut is lost to it.
"""

import atexit
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from world import Check, World  # noqa: E402 - found beside its folder

import redirect  # noqa: E402

PATIENCE = 30.0
ROOM = 4242

check = Check("sechat")


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            check.that(what, False, f"not within {PATIENCE:.0f} s")
        time.sleep(0.02)


def number(row):
    return row["body"]["event_type"]


def story(world):
    opened = redirect.install(world.stackexchange["address"])
    import sechat
    from sechat.events import Events

    bot = sechat.Bot(useCookies=False)
    try:
        wrong = sechat.Bot(useCookies=False)
        wrong.login(world.stackexchange["email"], "not the password", host="meta.stackexchange.com")
        check.that("a wrong password is refused", False, "it was let in")
    except sechat.errors.LoginError:
        check.that("a wrong password is refused", True)
    bot.login(
        world.stackexchange["email"],
        world.stackexchange["password"],
        host="meta.stackexchange.com",
    )
    check.that("logs in", str(bot.userID) == world.stackexchange["user_id"], bot.userID)

    heard = {}
    dispatched = {}

    class Watched(sechat.Room):
        def process(self, data):
            connection = opened[-1][0]
            for event in data.get(f"r{self.roomID}", {}).get("e", []):
                heard.setdefault(connection, []).append(event["event_type"])
            super().process(data)

    sechat.Room = Watched
    room = bot.joinRoom(ROOM)
    for event in Events:
        if event.value > 0:
            room.on(
                event,
                lambda data: dispatched.setdefault(opened[-1][0], []).append(data.event_type),
            )
    first = opened[0][0]
    check.that("joins", len(opened) == 1)

    mine = room.send("hello from sechat")
    until("sends", lambda: 1 in dispatched.get(first, []))
    check.that("sends", isinstance(mine, int))
    room.edit(mine, "hello again from sechat")
    until("edits", lambda: 2 in dispatched[first])
    check.that("edits", True)
    theirs = world.chat(do="say", by="teo", text="star me")["message"]
    room.star(theirs)
    room.pin(theirs)
    until("stars and pins", lambda: dispatched[first].count(6) == 2)
    check.that("stars and pins", True)
    room.unpin(theirs)
    room.clearStars(theirs)
    until("unpins and clears stars", lambda: dispatched[first].count(6) == 4)
    check.that("unpins and clears stars", True)
    room.delete(mine)
    until("deletes", lambda: 10 in dispatched[first])
    check.that("deletes", True)
    other = world.chat(do="say", by="mira", text="and me")["message"]
    room.bookmark(theirs, other, "a talk")
    room.clearBookmark("a-talk")
    room.move([theirs], 17)
    until("moves", lambda: 19 in dispatched[first])
    check.that("bookmarks and moves", True)

    world.chat(do="say", by="teo", text="@antiphon hello")
    reply_to = room.send("answer me")
    world.chat(do="say", by="teo", text=f":{reply_to} yes")
    world.chat(do="enter", by="teo")
    world.chat(do="leave", by="teo")
    world.chat(do="access", by="mira", user="teo", level="read-write")
    back = world.chat(do="say", room=17, by="teo", text="over there")["message"]
    world.chat(do="move", room=17, to=ROOM, messages=[back])
    for kind in (5, 7, 9, 11, 12, 13, 14, 16, 17, 21, 22, 29, 30, 34, 35, 99):
        world.chat(do="event", number=kind, fields={"content": "x", "message_id": other})
    until("hears everything", lambda: 99 in heard[first])
    numbers = set(heard[first])
    wanted = set(range(1, 23)) | {29, 30, 34, 35, 99}
    check.that("every type of event arrives", wanted <= numbers, sorted(wanted - numbers))

    # A cut ends its thread if the last thing it read was an event, since it reads that once more; an empty frame is
    # the only thing it forgets.
    world.chat(do="frame", text="")
    until("reads an empty frame", lambda: opened[0][1].texts[-1] == "")
    world.chat(do="cut")
    world.chat(do="say", by="teo", text="lost to sechat")
    until("connects again after a cut", lambda: len(opened) == 2)
    second = opened[1][0]
    world.chat(do="say", by="teo", text="heard again")
    # The socket may begin with what was said before: only the last message tells that all of it was read.
    said = [number(row) for row in world.sent_on(second)].count(1)
    until("hears again after a cut", lambda: dispatched.get(second, []).count(1) == said)
    check.that("connects again after a cut", True)
    room.halt()
    check.that("leaves", not room.running)

    for name, connection in (("first", first), ("second", second)):
        rows = [number(row) for row in world.sent_on(connection)]
        check.that(
            f"hears on its {name} socket what the ledger has for it",
            heard[connection] == rows,
            f"{Counter(heard[connection])} and {Counter(rows)}",
        )
        known = [kind for kind in rows if kind <= 25]
        check.that(
            f"dispatches on its {name} socket what its table knows",
            dispatched[connection] == known,
            f"{Counter(dispatched[connection])} and {Counter(known)}",
        )


def main(antiphon):
    world = World(antiphon)
    try:
        story(world)
    finally:
        atexit._clear()  # the client's farewell, for which there is nobody any more
        world.close()


main(sys.argv[1])
