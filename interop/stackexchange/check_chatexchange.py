#!/usr/bin/env python3
"""ChatExchange 0.0.4 against the simulator.

It logs in, joins a room, watches it by socket and by poll, sends, replies, edits, deletes, stars, pins and leaves, and
hears every type of event; cut, it joins again. What it hears is the ledger's for each connection, and it makes an event
of each.
"""

import sys
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from world import Check, World  # noqa: E402 - found beside its folder

import redirect  # noqa: E402

warnings.simplefilter("ignore")
PATIENCE = 60.0
ROOM = 4242

check = Check("chatexchange")


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            check.that(what, False, f"not within {PATIENCE:.0f} s")
        time.sleep(0.02)


def story(world):
    opened = redirect.install(world.stackexchange["address"])
    import chatexchange
    from chatexchange import browser

    # It waits 5 s after each message, whatever the server says; that much patience is not the subject here.
    chatexchange.client.Client._BACKOFF_ADDER = 0
    try:
        chatexchange.Client("stackexchange.com", world.stackexchange["email"], "not the password")
        check.that("a wrong password is refused", False, "it was let in")
    except browser.LoginError:
        check.that("a wrong password is refused", True)
    client = chatexchange.Client(
        "stackexchange.com", world.stackexchange["email"], world.stackexchange["password"]
    )
    # It sends none, and edits without one are refused (protocol §2).
    client._br.session.headers["Referer"] = f"https://chat.stackexchange.com/rooms/{ROOM}"
    check.that("logs in", str(client.get_me().id) == world.stackexchange["user_id"])
    sent = []
    client.on_message_sent = lambda message, room: sent.append(message)

    by_socket, by_poll = {}, []
    room = client.get_room(ROOM)
    room.join()
    check.that("joins", "eventtime" in client._br.rooms[str(ROOM)])

    def heard(event, _client):
        by_socket.setdefault(opened[-1][0], []).append(event.data["event_type"])

    room.watch_socket(heard)
    first = opened[0][0]
    before = [by_socket.setdefault(first, [])]
    watcher = room.watch_polling(lambda event, _client: by_poll.append(event), 0.3)

    room.send_message("hello from chatexchange")
    until("sends", lambda: sent and 1 in before[0])
    check.that("sends", True)
    mine = client.get_message(sent[0])
    mine.edit("hello again from chatexchange")
    until("edits", lambda: 2 in before[0])
    check.that("edits", True)
    theirs = client.get_message(world.chat(do="say", by="teo", text="star me")["message"])
    theirs.reply("gladly")
    until("replies", lambda: len(sent) == 2)
    check.that("replies", True)
    client._br.toggle_starring(theirs.id)
    client._br.toggle_pinning(theirs.id)
    client._br.cancel_stars(theirs.id)
    until("stars, pins and clears stars", lambda: before[0].count(6) == 3)
    check.that("stars, pins and clears stars", True)
    mine.delete()
    until("deletes", lambda: 10 in before[0])
    check.that("deletes", True)
    check.that("reads who can be pinged", len(room.get_pingable_user_ids()) > 1)

    world.chat(do="say", by="teo", text="@antiphon hello")
    world.chat(do="say", by="teo", text=f":{sent[1]} yes")
    world.chat(do="enter", by="teo")
    world.chat(do="leave", by="teo")
    world.chat(do="access", by="mira", user="teo", level="read-write")
    other = world.chat(do="say", by="mira", text="move me")["message"]
    world.chat(do="move", to=17, messages=[other])
    world.chat(do="move", room=17, to=ROOM, messages=[other])
    for kind in (5, 7, 9, 11, 12, 13, 14, 16, 17, 21, 22, 29, 30, 34, 35):
        world.chat(do="event", number=kind, fields={"content": "x", "message_id": other})
    last = world.chat(do="say", by="mira", text="that was all")["message"]
    until("polls", lambda: any(getattr(event, "_message_id", 0) == last for event in by_poll))
    watcher.close()
    polled = {event.data["event_type"] for event in by_poll}
    wanted = set(range(1, 23)) | {29, 30, 34, 35}
    check.that("every type of event arrives by poll", wanted <= polled, sorted(wanted - polled))
    until("hears", lambda: len(before[0]) >= len(world.sent_on(first)))
    check.that(
        "every type of event arrives by socket",
        wanted <= set(before[0]),
        sorted(wanted - set(before[0])),
    )
    names = {type(event).__name__ for event in by_poll}
    check.that("makes events of them", "UserSuspended" in names and "MessageReply" in names, names)

    rows = [row["body"]["event_type"] for row in world.sent_on(first)]
    check.that(
        "hears on its first socket what the ledger has for it",
        before[0] == rows,
        f"{Counter(before[0])} and {Counter(rows)}",
    )
    world.chat(do="cut")
    until("joins again after a cut", lambda: len(opened) == 2)
    second = opened[1][0]
    world.chat(do="say", by="teo", text="heard again")
    until("hears again after a cut", lambda: 1 in by_socket.get(second, []))
    check.that("joins again after a cut", True)
    rows = [row["body"]["event_type"] for row in world.sent_on(second)]
    check.that("hears on its second socket what the ledger has for it", by_socket[second] == rows)
    client._br.on_websocket_closed = lambda room: None
    for watched in client._br.sockets.values():
        watched.on_websocket_closed = lambda room: None
    room.leave()
    client.logout()
    check.that("leaves", not client._br.rooms)


def main(antiphon):
    world = World(antiphon)
    try:
        story(world)
    finally:
        world.close()


main(sys.argv[1])
