"""Seeded Gateway frames as Discord sends them: compact, with `t`, `s` and `op` before `d`."""

import json
import random

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
        "content": ("!ping " if number % 100 == 0 else "") + text, "components": [],
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
    """Frames in the proportion 4 : 5 : 2 : 1 of messages, presences, typing and voice states."""
    chance = random.Random(seed)
    kinds = [message] * 4 + [presence] * 5 + [typing] * 2 + [voice]
    messages = 0
    for sequence in range(1, count + 1):
        kind = chance.choice(kinds)
        name, body = kind(chance, messages)
        messages += kind is message
        yield json.dumps({"t": name, "s": sequence, "op": 0, "d": body}, separators=(",", ":"))
