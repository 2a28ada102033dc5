"""Seeded Gateway frames as Discord sends them: compact, with `t`, `s` and `op` before `d`.

`frames` repeats few users, channels and words, and is what the speeds are measured with. `varied` has random ids, many
users, guilds and channels, spread times and English text, and is what sizes on disk are measured with.
In `frames` the content of each message begins with 19 digits, in which a server can send a time; after `!ping ` where
the message is for the bot, which one in a hundred is.
"""

import datetime
import json
import random
import re
import sys
from pathlib import Path

WORDS = (
    "the quick choir sings again tonight about rooms and rain so bring a lamp and your best voice maybe "
    "someone knows which key we are in or has the second page of that old tune from the loft"
).split()
NAMES = ["mira", "teo", "ines", "bo", "ola", "yan", "kit", "sol", "rune", "ada"]
GUILD = 81384788765712384


def user(chance):
    name = chance.choice(NAMES)
    return {
        "username": name, "public_flags": 0, "primary_guild": None, "id": str(80351110224678912 + NAMES.index(name)),
        "global_name": name.title(), "display_name_styles": None, "discriminator": "0", "collectibles": None,
        "clan": None, "avatar_decoration_data": None, "avatar": "8342729096ea3675442027381ff50dfe",
    }  # fmt: skip


def member(chance):
    return {
        "roles": [str(GUILD + n) for n in chance.sample(range(1, 40), 4)], "premium_since": None, "pending": False,
        "nick": None, "mute": False, "joined_at": "2021-05-27T17:10:11.093000+00:00", "flags": 0, "deaf": False,
        "communication_disabled_until": None, "banner": None, "avatar": None,
    }  # fmt: skip


def message(chance, number):
    text = " ".join(chance.choices(WORDS, k=chance.randint(4, 28)))
    return "MESSAGE_CREATE", {
        "type": 0, "tts": False, "timestamp": "2026-01-05T20:10:11.093000+00:00", "pinned": False,
        "nonce": str(10**18 + number), "mentions": [], "mention_roles": [], "mention_everyone": False,
        "member": member(chance), "id": str(1_290_000_000_000_000_000 + number), "flags": 0, "embeds": [],
        "edited_timestamp": None,
        # One in a hundred is for the bot.
        "content": ("!ping " if number % 100 == 0 else "") + f"{0:019} " + text, "components": [],
        "channel_type": 0, "channel_id": str(GUILD + chance.randint(100, 120)), "author": user(chance),
        "attachments": [], "guild_id": str(GUILD),
    }  # fmt: skip


def presence(chance, _):
    status = chance.choice(["online", "idle", "dnd"])
    activities = []
    if chance.random() < 0.5:
        activities.append(
            {
                "type": 0, "timestamps": {"start": 1767643811093}, "session_id": "c6e2ff8d2e5a4d6f8c0b1a3e5d7f9b1c",
                "name": "Evensong", "id": "8f2c4b1d7a9e0c3f", "created_at": 1767643812000,
                "application_id": "700136079562375258", "state": "in the loft", "details": "second voice",
            }
        )  # fmt: skip
    return "PRESENCE_UPDATE", {
        "user": {"id": user(chance)["id"]}, "status": status, "processed_at_timestamp": 1767643812000,
        "guild_id": str(GUILD), "client_status": {"desktop": status}, "broadcast": None, "activities": activities,
    }  # fmt: skip


def typing(chance, _):
    who = user(chance)
    return "TYPING_START", {
        "user_id": who["id"], "timestamp": 1767643812, "member": {"user": who, **member(chance)},
        "channel_id": str(GUILD + chance.randint(100, 120)), "guild_id": str(GUILD),
    }  # fmt: skip


def voice(chance, _):
    who = user(chance)
    return "VOICE_STATE_UPDATE", {
        "member": {"user": who, **member(chance)}, "user_id": who["id"], "suppress": False,
        "session_id": "30f32c5d54ae86130fc4a215c7474263", "self_video": False, "self_mute": chance.random() < 0.5,
        "self_deaf": False, "request_to_speak_timestamp": None, "mute": False, "guild_id": str(GUILD), "deaf": False,
        "channel_id": str(GUILD + 200),
    }  # fmt: skip


def frames(count=6000, seed=7):
    """Frames in the proportion 7 : 3 : 2 : 1 of messages, presences, typing and voice states."""
    chance = random.Random(seed)
    kinds = [message] * 7 + [presence] * 3 + [typing] * 2 + [voice]
    messages = 0
    for sequence in range(1, count + 1):
        kind = chance.choice(kinds)
        name, body = kind(chance, messages)
        messages += kind is message
        yield text(name, sequence, body)


def text(name, sequence, body):
    return json.dumps({"t": name, "s": sequence, "op": 0, "d": body}, separators=(",", ":"), ensure_ascii=False)


class World:
    """The users, guilds and channels of the varied corpus, and what people write in them."""

    def __init__(self, chance, users=3000, guilds=20, channels=30):
        self.chance = chance
        self.now = datetime.datetime(2026, 1, 5, 20, 10, 11, tzinfo=datetime.UTC)
        docs = Path(__file__).parents[2] / "docs"
        pages = " ".join(path.read_text() for path in sorted((docs / "protocol").glob("*.md")))
        self.words = re.findall(r"[A-Za-z][A-Za-z'-]*[,.]?", pages)
        self.users = [self.user() for _ in range(users)]
        self.guilds = [(self.id(), [self.id() for _ in range(channels)], [self.id() for _ in range(40)])
                       for _ in range(guilds)]  # fmt: skip

    def id(self):
        return str(self.chance.randrange(10**17, 13 * 10**17))

    def digits(self, length):
        return f"{self.chance.getrandbits(4 * length):0{length}x}"

    def prose(self, longest):
        begin = self.chance.randrange(len(self.words) - longest)
        return " ".join(self.words[begin : begin + self.chance.randint(3, longest)])

    def time(self, within=0):
        then = self.now - datetime.timedelta(seconds=self.chance.random() * within)
        return then.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")

    def user(self):
        name = self.chance.choice(self.words).lower().strip(",.") + self.chance.choice(["", "_", "."]) + self.digits(3)
        return {
            "username": name, "public_flags": self.chance.choice([0, 0, 64, 256]), "primary_guild": None, "id": self.id(),
            "global_name": self.prose(4) if self.chance.random() < 0.8 else None, "display_name_styles": None,
            "discriminator": "0", "collectibles": None, "clan": None, "avatar_decoration_data": None,
            "avatar": self.digits(32),
        }  # fmt: skip

    def member(self, roles):
        return {
            "roles": self.chance.sample(roles, self.chance.randint(0, 6)), "premium_since": None, "pending": False,
            "nick": self.prose(3) if self.chance.random() < 0.3 else None, "mute": False,
            "joined_at": self.time(10**8), "flags": 0, "deaf": False, "communication_disabled_until": None,
            "banner": None, "avatar": None,
        }  # fmt: skip

    def message(self, number):
        guild, channels, roles = self.chance.choice(self.guilds)
        return "MESSAGE_CREATE", {
            "type": 0, "tts": False, "timestamp": self.time(), "pinned": False, "nonce": self.id(), "mentions": [],
            "mention_roles": [], "mention_everyone": False, "member": self.member(roles),
            "id": str(1_290_000_000_000_000_000 + number), "flags": 0, "embeds": [], "edited_timestamp": None,
            "content": self.prose(40), "components": [], "channel_type": 0, "channel_id": self.chance.choice(channels),
            "author": self.chance.choice(self.users), "attachments": [], "guild_id": guild,
        }  # fmt: skip

    def presence(self, _):
        status = self.chance.choice(["online", "idle", "dnd"])
        activity = {
            "type": 0, "timestamps": {"start": int(self.now.timestamp() * 1000)}, "session_id": self.digits(32),
            "name": self.prose(4), "id": self.digits(16), "created_at": int(self.now.timestamp() * 1000),
            "application_id": self.id(), "state": self.prose(6), "details": self.prose(6),
        }  # fmt: skip
        return "PRESENCE_UPDATE", {
            "user": {"id": self.chance.choice(self.users)["id"]}, "status": status,
            "processed_at_timestamp": int(self.now.timestamp() * 1000), "guild_id": self.chance.choice(self.guilds)[0],
            "client_status": {self.chance.choice(["desktop", "mobile", "web"]): status}, "broadcast": None,
            "activities": [activity] * (self.chance.random() < 0.5),
        }  # fmt: skip

    def typing(self, _):
        who = self.chance.choice(self.users)
        guild, channels, roles = self.chance.choice(self.guilds)
        return "TYPING_START", {
            "user_id": who["id"], "timestamp": int(self.now.timestamp()), "member": {"user": who, **self.member(roles)},
            "channel_id": self.chance.choice(channels), "guild_id": guild,
        }  # fmt: skip

    def voice(self, _):
        who = self.chance.choice(self.users)
        guild, channels, roles = self.chance.choice(self.guilds)
        return "VOICE_STATE_UPDATE", {
            "member": {"user": who, **self.member(roles)}, "user_id": who["id"], "suppress": False,
            "session_id": self.digits(32), "self_video": False, "self_mute": self.chance.random() < 0.5,
            "self_deaf": False, "request_to_speak_timestamp": None, "mute": False, "guild_id": guild, "deaf": False,
            "channel_id": self.chance.choice(channels),
        }  # fmt: skip


def varied(count=40_000, seed=7):
    """Frames in the same proportion, of which no two say the same."""
    world = World(random.Random(seed))
    kinds = [world.message] * 7 + [world.presence] * 3 + [world.typing] * 2 + [world.voice]
    for sequence in range(1, count + 1):
        world.now += datetime.timedelta(milliseconds=world.chance.randint(1, 900))
        name, body = world.chance.choice(kinds)(sequence)
        yield text(name, sequence, body)


if __name__ == "__main__":
    # `corpus.py frames|varied [COUNT]`
    kind, *count = sys.argv[1:]
    for frame in {"frames": frames, "varied": varied}[kind](*map(int, count)):
        print(frame)
