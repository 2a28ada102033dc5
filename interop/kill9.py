#!/usr/bin/env python3
"""Kills the daemon at random moments and counts what became of every event it was due.

The simulator runs in one process with ambient traffic; `antiphon run --print` journals in another, is killed with
SIGKILL again and again, and is started on the same file each time. At the end:

- every event that the simulator's ledger has due to the account is stored once, or lies inside a reported gap;
- every chat message still on the room's history page is stored;
- the handler's effects (a printed line per event, keyed by origin) are complete for all that is stored.

Standard library only. Exits 1 if anything was lost.
"""

import argparse
import calendar
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from world import World  # noqa: E402 - found beside this file, wherever it is run from

SOURCE, CHAT = "choir", "tea"


def milliseconds(text):
    """An ISO 8601 UTC time with any number of decimals, as Unix milliseconds (a float)."""
    match = re.fullmatch(r"(\d+-\d+-\d+)[T ](\d+:\d+:\d+)(\.\d+)?Z", text)
    seconds = calendar.timegm(time.strptime(f"{match[1]} {match[2]}", "%Y-%m-%d %H:%M:%S"))
    return (seconds + float(match[3] or 0)) * 1000


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


class Trial:
    def __init__(self, antiphon, folder, rate, seed):
        self.antiphon = antiphon
        self.folder = Path(folder)
        self.journal = self.folder / "journal.sqlite"
        self.effects = self.folder / "effects.ndjson"
        self.errors = open(self.folder / "stderr.txt", "ab")
        self.world = World(antiphon, "--rate", str(rate), "--seed", str(seed))
        queup, chat = self.world.queup, self.world.stackexchange
        self.config = self.folder / "antiphon.toml"
        self.config.write_text(
            f"""
[journal]
path = {json.dumps(str(self.journal))}

[sources.{SOURCE}]
platform = "queup"
email = {json.dumps(queup["email"])}
password = {{ env = "CHOIR_PASSWORD" }}
rooms = [{json.dumps(queup["room"])}]
rest = {json.dumps(queup["rest"])}
socket = {json.dumps(queup["socket"])}

[sources.{CHAT}]
platform = "stackexchange"
email = {json.dumps(chat["email"])}
password = {{ env = "TEA_PASSWORD" }}
rooms = [{chat["room"]}]
cookie_file = {json.dumps(str(self.folder / "cookies.json"))}
address = {json.dumps(chat["address"])}
"""
        )
        self.environment = dict(
            os.environ, CHOIR_PASSWORD=queup["password"], TEA_PASSWORD=chat["password"]
        )

    def run(self):
        # The effects go to the file by the daemon's own descriptor: what it wrote before the kill stays written.
        return subprocess.Popen(
            [self.antiphon, "run", "--config", str(self.config), "--print", "--output", "json"],
            stdout=open(self.effects, "ab"),
            stderr=self.errors,
            env=self.environment,
        )

    def rows(self, query, *parameters):
        connection = sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(query, parameters).fetchall()
        finally:
            connection.close()

    def stored(self, source):
        """How often each origin of a source is stored."""
        query = "select origin, count(*) from event where source = ? group by origin"
        return dict(self.rows(query, source))

    def gaps(self, source):
        gaps = {}
        query = "select place, body from event where source = ? and kind = 'antiphon.gap'"
        for place, body in self.rows(query, source):
            gaps.setdefault(place, []).append(json.loads(body))
        return gaps

    def last(self):
        if not self.journal.exists():
            return 0
        try:
            return self.rows("select coalesce(max(position), 0) from event")[0][0]
        except sqlite3.OperationalError:
            return 0  # not yet created

    def wait(self, what, condition, limit=60.0):
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() > end:
                sys.exit(f"kill9: gave up waiting: {what}; see {self.folder}")
            time.sleep(0.05)


def inside(row, gap, numbers):
    """Whether a ledger row lies in a gap: after its first edge and not after its last.

    An edge that names a frame is found in the ledger, whose order is the order in which things happened; a clock
    alone would misplace what was sent while a frame was still on its way.
    """

    def edge(name):
        edge = gap[name]
        return numbers.get((edge.get("connection"), edge.get("frame")))

    start, end = edge("from"), edge("to")
    if start is not None:
        after_start = row["n"] > start
    else:
        after_start = milliseconds(gap["from"]["at"]) <= row["at"] + 1
    if end is not None:
        before_end = row["n"] <= end
    else:
        before_end = row["at"] - 1 <= milliseconds(gap["to"]["at"])
    return after_start and before_end


def account(ledger, stored, gaps):
    """How many rows are stored, how many lie in a gap, and those of which neither is true."""
    numbers = {(row["connection"], row["frame"]): row["n"] for row in ledger if row.get("connection")}
    journaled = gapped = 0
    lost = []
    for row in ledger:
        here = [gap for place, found in gaps.items() if covers(place, row["place"]) for gap in found]
        if row["origin"] in stored:
            journaled += 1
        elif any(inside(row, gap, numbers) for gap in here):
            gapped += 1
        else:
            lost.append(row)
    return journaled, gapped, lost


def covers(place, other):
    """Whether a place is another, or contains it."""
    return other == place or other.startswith(place + "/")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("antiphon", help="path of the antiphon binary")
    arguments.add_argument("--times", type=int, default=50)
    arguments.add_argument("--rate", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=None)
    arguments.add_argument("--longest", type=float, default=3.0, help="seconds a run lives at most")
    options = arguments.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 31)
    chance = random.Random(seed)
    print(f"kill9: {options.times} kills, {options.rate} events a second, seed {seed}", flush=True)

    with tempfile.TemporaryDirectory(prefix="kill9-") as folder:
        trial = Trial(options.antiphon, folder, options.rate, seed)
        try:
            lives = []
            for _ in range(options.times):
                daemon = trial.run()
                life = chance.uniform(0.0, options.longest)
                time.sleep(life)
                if daemon.poll() is not None:
                    sys.stderr.write((trial.folder / "stderr.txt").read_text()[-4000:])
                    sys.exit(f"kill9: the daemon ended by itself with {daemon.returncode}")
                daemon.send_signal(signal.SIGKILL)
                daemon.wait()
                lives.append((life, trial.last()))

            # One last life, ended in order: it closes the gap, backfills and hands over what is left.
            daemon = trial.run()
            before = trial.last()
            trial.wait("the last run to store events", lambda: trial.last() > before + options.rate)
            trial.world.do(do="traffic", rate=0)
            trial.world.chat(do="traffic", rate=0)
            quiet = [trial.last(), time.monotonic()]

            def still():
                now = trial.last()
                if now != quiet[0]:
                    quiet[:] = [now, time.monotonic()]
                return time.monotonic() - quiet[1] > 2.0

            trial.wait("the traffic to end", still)
            # Taken before the stop: what is due to an account that is away is told at its next start.
            ledger = trial.world.ledger(trial.world.queup["user_id"])
            chat_ledger = trial.world.ledger(trial.world.stackexchange["user_id"])
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(timeout=30)

            stored, gaps = trial.stored(SOURCE), trial.gaps(SOURCE)
            journaled, gapped, lost = account(ledger, stored, gaps)
            repeats = sum(count - 1 for count in stored.values())
            chat_stored, chat_gaps = trial.stored(CHAT), trial.gaps(CHAT)
            chat_journaled, chat_gapped, chat_lost = account(chat_ledger, chat_stored, chat_gaps)
            chat_repeats = sum(count - 1 for count in chat_stored.values())
            [(again,)] = trial.rows(
                "select count(*) from event where source = ? and provenance in ('replayed', 'backfilled')",
                CHAT,
            )

            # Chat still on the history page, by the simulator's own answer to anyone.
            rest = trial.world.queup["rest"]
            room = json.loads(get(f"{rest}/room/{trial.world.queup['room']}"))["data"]["_id"]
            joined = min((row["at"] for row in ledger if row["place"] == f"room/{room}"), default=0)
            page = json.loads(get(f"{rest}/chat/{room}"))["data"]
            history = [
                item["chatid"]
                for item in page
                if item.get("type") == "chat-message" and float(item["time"]) >= joined
            ]
            missing_chat = [chat for chat in history if f"chat/{chat}" not in stored]

            # The handler's effects, keyed by origin; a line cut off by a kill is no effect.
            effects = {}
            for line in trial.effects.read_bytes().split(b"\n"):
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                effects[event["origin"]] = effects.get(event["origin"], 0) + 1
            without_effect = [origin for origin in stored | chat_stored if origin not in effects]
            repeated = sum(count - 1 for count in effects.values())

            dead = trial.rows("select count(*) from dead_letter")[0][0]
            print(
                json.dumps(
                    {
                        "kills": options.times,
                        "seed": seed,
                        "due": len(ledger),
                        "journaled": journaled,
                        "gapped": gapped,
                        "lost": len(lost),
                        "repeats": repeats,
                        "stored": len(stored),
                        "gaps": sum(map(len, gaps.values())),
                        "history": len(history),
                        "history_missing": len(missing_chat),
                        "effects_missing": len(without_effect),
                        "handled_again_after_a_kill": repeated,
                        "dead_letters": dead,
                        "stackexchange": {
                            "due": len(chat_ledger),
                            "journaled": chat_journaled,
                            "gapped": chat_gapped,
                            "lost": len(chat_lost),
                            "repeats": chat_repeats,
                            "sent_again": again,
                        },
                    }
                ),
                flush=True,
            )
            for row in (lost + chat_lost)[:5]:
                print(f"kill9: lost: {json.dumps(row)}", file=sys.stderr)
            failed = bool(lost or repeats or missing_chat or without_effect or dead or not gapped)
            # The chat server sends again what was missed, so that nothing is lost to a gap either.
            failed |= bool(chat_lost or chat_repeats or not again)
            if failed:
                keep = tempfile.mkdtemp(prefix="kill9-failed-")
                subprocess.run(["cp", "-r", folder, keep], check=False)
                print(f"kill9: FAILED; files kept in {keep}", file=sys.stderr)
            sys.exit(1 if failed else 0)
        finally:
            trial.world.close()


if __name__ == "__main__":
    main()
