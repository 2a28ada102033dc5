#!/usr/bin/env python3
"""backtracked 0.1.1 against the simulator.

It logs in, joins in `on_ready`, attaches its own user channel, opens a conversation, gets all ten of its events,
sends chat, sets a role; cut, it joins again. The frames it counts are the ledger's for each connection, and what it
dispatches is what its documented rules make of them.
"""

import asyncio
import collections
import collections.abc
import sys
from pathlib import Path
from collections import Counter

collections.Iterable = collections.abc.Iterable  # where the library expects it

import backtracked
from backtracked.client import constants
from backtracked.client.constants import Actions
sys.path.insert(0, str(Path(__file__).parent.parent))
from world import Check, World, kind_of  # noqa: E402 - found beside its folder

EVENTS = [
    "on_ready", "on_joined_room", "on_member_presence", "on_chat", "on_chat_delete", "on_dub",
    "on_playlist_song_add", "on_member_join", "on_member_update", "on_private_message",
]  # fmt: skip
PATIENCE = 30.0

check = Check("backtracked")


async def until(what, condition):
    async def poll():
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return
            await asyncio.sleep(0.02)

    try:
        await asyncio.wait_for(poll(), PATIENCE)
    except asyncio.TimeoutError:
        check.that(what, False, f"not within {PATIENCE:.0f} s")


class Watch:
    """What the client was sent and what it dispatched, per connection."""

    def __init__(self, client):
        self.connections = []
        self.frames = {}
        self.dispatched = {}
        self.users_before = {}
        handle, dispatch = client._handle_payload, client._dispatch

        def watched_handle(payload):
            if payload.action == Actions.connected:
                self.connections.append(payload.connectionId)
                self.frames[payload.connectionId] = []
                self.dispatched[payload.connectionId] = []
            current = self.connections[-1]
            self.frames[current].append(kind_of(payload.action.value, payload.message))
            # Whom it knows is filled by requests of its own too, so it is read where the rule reads it.
            self.users_before[current, len(self.frames[current])] = set(client.users)
            handle(payload)

        def watched_dispatch(name, *payload):
            self.dispatched[self.connections[-1]].append(name)
            dispatch(name, *payload)

        client._handle_payload = watched_handle
        client._dispatch = watched_dispatch


def by_the_rules(rows, users_before, own_id, room_id, messages):
    """What the library's reference says it dispatches for these frames, in order."""
    expected = []
    for number, row in enumerate(rows, start=1):
        kind, body, place = row["kind"].removeprefix("queup."), row["body"], row["place"]
        in_room = place == f"room/{room_id}"
        if kind == "connected":
            expected.append("on_ready")
        elif kind == "joined_room" and in_room:
            expected.append("on_joined_room")
        elif kind == "presence_change":
            if body["presence"].get("clientId") in users_before[number]:
                expected.append("on_member_presence")
        elif kind == "chat-message":
            messages.add(body["chatid"])
            expected.append("on_chat")
        elif kind == "delete-chat-message" and body["chatid"] in messages:
            expected.append("on_chat_delete")
        elif kind == "room_playlist-dub":
            expected.append("on_dub")
        elif kind == "room_playlist-update" and body.get("songInfo"):
            expected.append("on_playlist_song_add")
        elif kind == "user-join":
            expected.append("on_member_join")
        elif kind == "user_update":
            expected.append("on_member_update")
        elif kind == "new-message" and body["userid"] != own_id:
            expected.append("on_private_message")
    return expected


async def main(antiphon):
    world = World(antiphon)
    try:
        await story(world)
        check.that("the simulator knew every request", not world.notes().strip(), world.notes())
    finally:
        world.close()


async def story(world):
    loop = asyncio.get_running_loop()

    def away(function, *arguments):
        return loop.run_in_executor(None, lambda: function(*arguments))

    # By name: the library's cookie jar keeps nothing for hosts that are numbers.
    rest, socket = (world.queup[key].replace("127.0.0.1", "localhost") for key in ("rest", "socket"))
    constants.base_url = rest
    constants.ws_url = lambda token: (
        f"{socket}?connect=1&access_token={token}&EIO=3&transport=websocket"
    )
    client = backtracked.Client()
    watch = Watch(client)
    joined = []

    @client.event
    async def on_ready():
        room = await client.join_room(world.queup["room"])
        await client.socket.send(action=Actions.join_room, channel=f"user:{client.user.id}")
        joined.append(room)

    wrong = backtracked.Client(recent_conversations=False)
    try:
        await wrong.login(world.queup["email"], "not the password")
        check.that("a wrong password is refused", False, "it was let in")
    except Exception as error:
        check.that("a wrong password is refused", type(error).__name__ == "AuthorizationError", error)
    await wrong.http.session.close()

    await client.login(world.queup["email"], world.queup["password"])
    check.that("logs in", client.logged_in and client.user.id == world.queup["user_id"])
    connection = asyncio.ensure_future(client.connect())
    await until("joins in on_ready", lambda: joined)
    room = joined[0]
    check.that("joins in on_ready", room.slug == world.queup["room"])

    mira, teo = await away(world.person, 0), await away(world.person, 1)
    base = f"/room/{room.id}"
    seen = lambda: Counter(watch.dispatched[watch.connections[0]])

    await away(mira.call, "POST", f"{base}/users")
    await until("on_member_join", lambda: seen()["on_member_join"])
    await until("the members are fetched", lambda: mira.id in client.users and len(room.members) > 1)

    said = await away(mira.call, "POST", f"/chat/{room.id}", {"message": "hello", "type": "chat-message"})
    await until("on_chat", lambda: seen()["on_chat"])
    await away(world.bot().call, "DELETE", f"/chat/{room.id}/{said['chatid']}")
    await until("on_chat_delete", lambda: seen()["on_chat_delete"])
    check.that("a deleted message stays cached", client.messages[said["chatid"]].deleted)

    await away(mira.call, "POST", f"{base}/playlist", {"songType": "youtube", "songId": "abcdEFGH123"})
    await until("on_playlist_song_add", lambda: seen()["on_playlist_song_add"])
    active = await away(mira.call, "GET", f"{base}/playlist/active")
    await away(mira.call, "POST", f"{base}/playlist/{active['song']['_id']}/dubs", {"type": "updub"})
    await until("on_dub", lambda: seen()["on_dub"])

    await room.change_presence(backtracked.Presence.enter)
    await until("on_member_presence", lambda: seen()["on_member_presence"])

    sent = await room.send_message("backtracked was here & <left>")
    check.that("sends chat", bool(sent.id) and sent.content.startswith("backtracked was here"))
    await until("its own chat comes back", lambda: sent.id in client.messages)

    member = client.users[mira.id].member_of(room)
    before = seen()["on_member_update"]
    await member.set_role(backtracked.Role.vip)
    await until("on_member_update", lambda: seen()["on_member_update"] > before)
    after = await away(mira.call, "GET", f"{base}/users/{mira.id}")
    check.that("sets a role", after["roleid"]["type"] == "vip", after)

    conversation = await client.users[mira.id].open_conversation()
    check.that("opens a conversation", mira.id in [user.id for user in conversation.recipients])
    await conversation.send_message("a word in private")
    await away(mira.call, "POST", f"/message/{conversation.id}", {"message": "yes?", "time": 0})
    await until("on_private_message", lambda: seen()["on_private_message"])
    ids = await conversation.fetch()
    check.that("reads a conversation, newest first", len(ids) == 2 and conversation.latest_message_str == "yes?")
    await conversation.mark_as_read()
    check.that("marks it as read", conversation.has_read(client.user))
    check.that("gets all ten events", all(seen()[name] for name in EVENTS), seen())

    await away(lambda: world.do(do="cut", platform="queup"))
    await until("joins again after a cut", lambda: len(joined) == 2)
    await away(teo.call, "POST", f"{base}/users")
    await away(teo.call, "POST", f"/chat/{room.id}", {"message": "back again?", "type": "chat-message"})
    last = lambda: Counter(watch.dispatched[watch.connections[-1]])
    await until("hears chat after a cut", lambda: last()["on_chat"])
    check.that("cut, it joins again and hears chat", len(watch.connections) == 2, watch.connections)

    def agrees(rows):
        return all(
            Counter(watch.frames[one]) == Counter(row["kind"] for row in rows if row.get("connection") == one)
            for one in watch.connections
        )

    async def counted():
        return agrees(await away(world.ledger, client.user.id))

    await until("frames equal the ledger's, per kind and connection", counted)
    rows = await away(world.ledger, client.user.id)
    check.that("frames equal the ledger's, per kind and connection", agrees(rows))
    messages = set()
    for one in watch.connections:
        own = sorted((row for row in rows if row.get("connection") == one), key=lambda row: row["frame"])
        users = {number: known for (where, number), known in watch.users_before.items() if where == one}
        expected = by_the_rules(own, users, client.user.id, room.id, messages)
        check.that(
            f"dispatches what its rules say ({len(expected)} events)",
            watch.dispatched[one] == expected,
            f"{watch.dispatched[one]} instead of {expected}",
        )
    client.socket.should_reconnect = False
    connection.cancel()
    await asyncio.gather(connection, return_exceptions=True)
    await client.http.session.close()


asyncio.run(main(sys.argv[1]))
