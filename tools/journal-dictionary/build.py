"""Makes the dictionary with which the journal compresses bodies.

    pip install zstandard==0.25.0
    python3 tools/journal-dictionary/build.py crates/antiphon-journal/src/sqlite/bodies/1.dict

A dictionary stands in every file in the clear, so that it must not hold what anybody wrote.
It is therefore trained on bodies in which every text, id, number and time is made up by a seeded generator, in the form
of the original. What stays are keys, `true`, `false`, `null`, 0, 1, empty values, and the fixed values of `FIXED`.
The shapes are those of `fixtures` and `shapes.py`.

A dictionary that was released is never changed: a better one gets the next number.
"""

import json
import random
import re
import sys
from pathlib import Path

import zstandard

from shapes import SHAPES

ROOT = Path(__file__).resolve().parents[2]
SIZE = 16 << 10
SEED = 1
# How often each shape of the fixtures is a sample.
EACH = 6
# How often all samples are drawn anew.
ROUNDS = 12

# Values that a platform has few of, and that stand for themselves.
FIXED = {
    "online", "idle", "dnd", "offline", "desktop", "mobile", "web", "0", "rich", "image/png", "image/jpeg", "en-US", "custom",
    "Custom Status", "Spotify", "https://", "https://cdn.discordapp.com/attachments/", "COMMUNITY", "NEWS",
    "https://media.discordapp.net/attachments/", "chat-message", "delete-chat-message", "room_playlist-dub", "updub",
    "downdub", "room_playlist-update", "room_playlist-queue-update", "room_playlist-queue-update-dub", "youtube",
    "soundcloud", "user-join", "user-leave", "user-update", "room_playlist-queue-update-grabs", "chat-skip", "room",
    "playerUpdate", "stats", "event", "TrackStartEvent", "TrackEndEvent", "TrackExceptionEvent", "TrackStuckEvent",
    "WebSocketClosedEvent", "finished", "loadFailed", "stopped", "replaced", "cleanup", "upload", "image",
}  # fmt: skip
WORD = re.compile(r"[A-Za-z]+|[^A-Za-z]+")
# Letters by their frequency in English, from https://en.wikipedia.org/wiki/Letter_frequency.
LETTERS = dict(
    zip("etaoinshrdlcumwfgypbvkjxqz", [127, 91, 82, 75, 70, 67, 63, 61, 60, 43, 40, 28, 28, 24, 24, 22, 20, 20, 19, 15, 10, 8, 2, 2, 1, 1])
)


def word(chance, length):
    return "".join(chance.choices(list(LETTERS), list(LETTERS.values()), k=length))


def digits(chance, length):
    return chance.choice("123456789") + "".join(chance.choices("0123456789", k=length - 1)) if length else ""


def text(chance, value):
    """A made-up text of the same form."""
    if value in FIXED or not value:
        return value
    if re.fullmatch(r"\d+", value):
        return digits(chance, chance.choice((17, 18, 18, 19, 19, 19)) if len(value) > 14 else len(value))
    if re.fullmatch(r"[0-9a-f]{8,}", value):
        return "".join(chance.choices("0123456789abcdef", k=len(value)))
    if re.match(r"\d{4}-\d\d-\d\dT", value):
        number = iter(f"20{chance.randint(15, 29)}{chance.randint(101, 1231):04}{chance.randint(0, 10**12 - 1):012}")
        return re.sub(r"\d", lambda _: next(number, "0"), value[:26]) + value[26:]
    if " " in value:
        return " ".join(word(chance, chance.randint(1, 9)) for _ in range(chance.randint(2, 20)))
    return "".join(word(chance, len(run)) if run.isalpha() else run for run in WORD.findall(value))


def number(chance, value):
    if isinstance(value, float):
        return round(chance.random() * 10, 2)
    if value in (0, 1) or abs(value) < 10:
        return value
    return int(digits(chance, len(str(abs(value)))))


def made_up(chance, value):
    if isinstance(value, dict):
        return {key if not key.isdigit() or len(key) < 6 else text(chance, key): made_up(chance, of) for key, of in value.items()}
    if isinstance(value, list):
        return [made_up(chance, of) for of in value]
    if isinstance(value, str):
        return text(chance, value)
    if value is None or isinstance(value, bool):
        return value
    return number(chance, value)


def lines(path):
    return [json.loads(line) for line in (ROOT / "fixtures" / path).read_text().splitlines()]


def fixtures():
    """The bodies of the documented frames."""
    for frame in lines("discord/frames.ndjson"):
        yield frame["body"]
    for frame in json.loads((ROOT / "fixtures/queup/frames.json").read_text()):
        try:
            yield json.loads(json.loads(frame["frame"][1:])["message"]["data"])
        except (ValueError, KeyError, TypeError):
            continue  # Not a frame with a body.
    for frame in json.loads((ROOT / "fixtures/queup/recorded.json").read_text()):
        yield frame["body"]
    for frame in json.loads((ROOT / "fixtures/stackexchange/frames.json").read_text()):
        try:
            rooms = json.loads(frame["frame"])
        except (ValueError, KeyError, TypeError):
            continue
        for room in rooms.values() if isinstance(rooms, dict) else ():
            yield from room.get("e") or () if isinstance(room, dict) else ()
    for frame in json.loads((ROOT / "fixtures/lavalink/frames.json").read_text()):
        try:
            yield json.loads(frame["frame"])
        except (ValueError, KeyError, TypeError):
            continue


def samples(seed):
    chance = random.Random(seed)
    shapes = [*SHAPES, *((body, EACH) for body in fixtures() if isinstance(body, dict) and body)]
    for _ in range(ROUNDS):
        for shape, often in shapes:
            for _ in range(often):
                yield json.dumps(made_up(chance, shape), separators=(",", ":"), ensure_ascii=False).encode()


def main(path):
    trained = zstandard.train_dictionary(SIZE, list(samples(SEED)), dict_id=1, k=200, d=8)
    Path(path).write_bytes(trained.as_bytes())
    print(f"{path}: {len(trained.as_bytes())} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
