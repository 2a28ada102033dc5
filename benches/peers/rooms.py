"""Seeded frames of QueUp, Stack Exchange chat and Lavalink for the end-to-end bench, for a simulator's world.

`frames(PLATFORM, ADDRESSES, COUNT)` gives the texts that a server sends to an account that has joined the first room;
ADDRESSES is what `antiphon sim` prints. No two say the same.
"""

import json
import random

import nodecorpus
from corpus import WORDS


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def queup(addresses, count):
    """Chat messages and dubs as 3 : 1, in the form of docs/protocol/queup.md §3.2 and §6."""
    chance = random.Random(7)
    mine = addresses["queup"]
    who, room = mine["accounts"][0], mine["room_id"]
    user = {"_id": who["user_id"], "username": who["username"], "status": 1, "roleid": 1, "dubs": 0, "created": 1600000001000}
    entry = {
        "_id": "60aa00000000000000000002", "roomid": room, "userid": who["user_id"], "_user": who["user_id"],
        "roleid": "52d1ce33c38a06510c000001", "dubs": 12, "order": 99999, "playedCount": 4, "skippedCount": 0,
        "songsInQueue": 0, "active": True, "authorized": True, "queuePaused": None, "waitLine": 0, "updated": 1720000000000,
    }  # fmt: skip
    song = {
        "_id": "62bb00000000000000000001", "created": 1719999000000, "isActive": True, "isPlayed": False, "skipped": False,
        "order": 3, "roomid": room, "songLength": 215000, "updubs": 1, "downdubs": 0, "userid": who["user_id"],
        "songid": "63cc00000000000000000001", "_user": who["user_id"], "_song": "63cc00000000000000000001",
        "played": 1720000002000,
    }  # fmt: skip
    for number in range(count):
        if number % 4 < 3:
            name, text = "chat-message", " ".join(chance.choices(WORDS, k=chance.randint(4, 28)))
            body = {"type": name, "chatid": f"{who['user_id']}-{1720000001000 + number}", "message": text,
                    "time": 1720000001000 + number, "user": user, "queue_object": entry}  # fmt: skip
        else:
            name = "room_playlist-dub"
            body = {"type": name, "dubtype": "updub", "playlist": {**song, "updubs": number},
                    "user": user}
        message = {"name": name, "type": "json", "data": compact(body)}
        yield "4" + compact({"action": 15, "channel": f"room:{room}", "message": message})


def stackexchange(addresses, count):
    """Messages, edits and stars as 8 : 1 : 1, an event a frame, in the form of docs/protocol/stackexchange.md §5.3.

    They begin beyond every counter of a simulator, and the first frame covers all that lies between.
    """
    chance = random.Random(7)
    begin = 2 * 10**12
    room = addresses["stackexchange"]["room"]
    for number in range(1, count + 1):
        kind = chance.choices([1, 2, 6], [8, 1, 1])[0]
        text = " ".join(chance.choices(WORDS, k=chance.randint(4, 28)))
        event = {"event_type": kind, "time_stamp": 1_720_000_000, "content": text, "id": begin + number, "user_id": 101,
                 "user_name": "mira", "room_id": room, "room_name": "Sandbox", "message_id": 66_000_000 + number}  # fmt: skip
        event |= {"message_edits": 1} if kind == 2 else {"message_stars": 1, "message_edits": 0} if kind == 6 else {}
        yield compact({f"r{room}": {"e": [event], "t": begin + number, "d": 1 if number > 1 else begin}})


def lavalink(_addresses, count):
    """The frames of a node with forty players, but for those that have no handler in every library."""
    kept = ('{"op":"playerUpdate"', '{"op":"event","type":"TrackStart', '{"op":"event","type":"TrackEnd')
    made = nodecorpus.frames(count + count // 10 + 200)
    return [frame for frame in made if frame.startswith(kept)][:count]


def frames(platform, addresses, count):
    return {"queup": queup, "stackexchange": stackexchange, "lavalink": lavalink}[platform](addresses, count)
