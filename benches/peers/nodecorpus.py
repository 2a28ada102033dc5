"""Seeded frames as a Lavalink v4.2 node sends them for forty players that play one track after another.

A node tells every five seconds how each player stands, so that `playerUpdate` is nearly all there is: a track of three
minutes brings 37 of them, one start and one end.
"""

import base64
import json
import random
import struct

WORDS = (
    "evening choir lamp river loft second voice old tune rain harbour winter lantern stairs window garden "
    "northern slow bright paper"
).split()
NAMES = ["Mira Oland", "Teo and the Lamps", "Ines Varga", "Bo", "Ola Strand Quartet", "Rune & Ada", "Kit Sol"]
PLAYERS = 40
GUILD = 900_100_200_300_400_000
BEGIN = 1_767_643_800_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def word(chance, length):
    return "".join(chance.choices(LETTERS, k=length))


def encoded(info):
    """A track in the node's own form, version 3 of its layout."""

    def text(value):
        raw = value.encode()
        return struct.pack(">H", len(raw)) + raw

    def maybe(value):
        return b"\0" if value is None else b"\1" + text(value)

    body = b"\3" + text(info["title"]) + text(info["author"]) + struct.pack(">q", info["length"])
    body += text(info["identifier"]) + bytes([info["isStream"]]) + maybe(info["uri"]) + maybe(info["artworkUrl"])
    body += maybe(info["isrc"]) + text(info["sourceName"]) + struct.pack(">q", 0)
    return base64.b64encode(struct.pack(">I", len(body) | 1 << 30) + body).decode()


def track(chance):
    """Half from a source of the node's own, half from a plugin that tells more."""
    title = " ".join(chance.choices(WORDS, k=chance.randint(3, 8))).capitalize()
    info = {
        "identifier": word(chance, 11), "isSeekable": True, "author": chance.choice(NAMES),
        "length": chance.randint(120, 300) * 1000, "isStream": False, "position": 0, "title": f"{title} (Official Video)",
    }  # fmt: skip
    plugin = {}
    if chance.random() < 0.5:
        info["uri"] = f"https://www.youtube.com/watch?v={info['identifier']}"
        info["artworkUrl"] = f"https://i.ytimg.com/vi/{info['identifier']}/maxresdefault.jpg"
        info["isrc"], info["sourceName"] = None, "youtube"
    else:
        info["identifier"] = word(chance, 22)
        info["uri"] = f"https://open.spotify.com/track/{info['identifier']}"
        info["artworkUrl"] = f"https://i.scdn.co/image/{word(chance, 40).lower()}"
        info["isrc"], info["sourceName"] = f"SE{chance.randint(10**9, 10**10 - 1)}", "spotify"
        plugin = {
            "albumName": title, "albumUrl": f"https://open.spotify.com/album/{word(chance, 22)}",
            "artistUrl": f"https://open.spotify.com/artist/{word(chance, 22)}",
            "artistArtworkUrl": f"https://i.scdn.co/image/{word(chance, 40).lower()}",
            "previewUrl": f"https://p.scdn.co/mp3-preview/{word(chance, 40).lower()}", "isPreview": False,
        }  # fmt: skip
    user = {"requester": str(80_351_110_224_678_912 + chance.randint(0, 99)), "channel": str(GUILD + 77)}
    return {"encoded": encoded(info), "info": info, "pluginInfo": plugin, "userData": user}


def stats(chance, now):
    return {
        "op": "stats", "frameStats": {"sent": chance.randint(2990, 3001), "nulled": chance.randint(0, 9), "deficit": chance.randint(-3, 9)},
        "players": PLAYERS, "playingPlayers": PLAYERS - 2, "uptime": now - BEGIN + 86_400_000,
        "memory": {"free": chance.randint(10**8, 10**9), "used": chance.randint(10**8, 10**9), "allocated": 1_073_741_824, "reservable": 4_294_967_296},
        "cpu": {"cores": 4, "systemLoad": chance.random() / 2, "lavalinkLoad": chance.random() / 10},
    }  # fmt: skip


class Player:
    """One player of the node, always with a track."""

    def __init__(self, chance, number):
        self.chance = chance
        self.guild = str(GUILD + number)
        self.track = track(chance)
        self.position = chance.randint(0, self.track["info"]["length"])

    def event(self, name, **fields):
        return {"op": "event", "type": name, "guildId": self.guild, **fields}

    def update(self, now):
        state = {"time": now, "position": self.position, "connected": True, "ping": self.chance.randint(8, 60)}
        return {"op": "playerUpdate", "guildId": self.guild, "state": state}

    def ended(self, reason):
        info = {**self.track["info"], "position": self.position}
        return self.event("TrackEndEvent", track={**self.track, "info": info}, reason=reason)

    def tick(self, now):
        """Five seconds have passed."""
        self.position += 5000
        chance = self.chance.random()
        if self.position < self.track["info"]["length"] and chance > 0.002:
            # Codes that every library here survives.
            if chance > 0.999:
                code, reason = self.chance.choice([(4006, "Session is no longer valid."), (1000, ""), (4015, "")])
                yield self.event("WebSocketClosedEvent", code=code, reason=reason, byRemote=True)
            yield self.update(now)
            return
        if chance < 0.001:
            yield self.event("TrackStuckEvent", track=self.track, thresholdMs=10_000)
        elif chance < 0.002:
            cause = "com.sedmelluq.discord.lavaplayer.tools.FriendlyException: the format is not available"
            exception = {
                "message": "Something broke when playing the track.", "severity": "suspicious", "cause": cause,
                "causeStackTrace": "\n".join([cause, *["\tat com.sedmelluq.discord.lavaplayer.Play.run(Play.java:17)"] * 8]),
            }  # fmt: skip
            yield self.event("TrackExceptionEvent", track=self.track, exception=exception)
        yield self.ended("replaced" if chance < 0.001 else "finished")
        self.track, self.position = track(self.chance), 0
        yield self.event("TrackStartEvent", track=self.track)
        yield self.update(now)


def frames(count=6000, seed=7):
    """The frames of somewhat more than twelve minutes."""
    chance = random.Random(seed)
    players = [Player(chance, number) for number in range(PLAYERS)]
    made = []
    for tick in range(10**6):
        now = BEGIN + tick * 5000
        if tick % 12 == 0:
            made.append(stats(chance, now))
        for player in players:
            made.extend(player.tick(now))
        if len(made) >= count:
            return [json.dumps(frame, separators=(",", ":")) for frame in made[:count]]
