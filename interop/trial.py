"""A daemon under trial: `antiphon run --print` on one journal, started and ended again and again beside a simulator.

Standard library only.
"""

import calendar
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from world import World

PLATFORMS = {"discord", "lavalink", "queup", "stackexchange"}


def milliseconds(text):
    """An ISO 8601 UTC time with any number of decimals, as Unix milliseconds (a float)."""
    match = re.fullmatch(r"(\d+-\d+-\d+)[T ](\d+:\d+:\d+)(\.\d+)?Z", text)
    seconds = calendar.timegm(time.strptime(f"{match[1]} {match[2]}", "%Y-%m-%d %H:%M:%S"))
    return (seconds + float(match[3] or 0)) * 1000


class Trial:
    """The simulator, the daemon's configuration, and what the daemon leaves behind.

    `sources` makes the sources from the simulator's addresses: a table of TOML lines and the secrets' environment, by
    the source's name. `journal` has more lines for the table of the journal.
    """

    def __init__(self, name, antiphon, folder, rate, seed, sources, journal=()):
        self.name = name
        self.antiphon = antiphon
        self.folder = Path(folder)
        self.journal = self.folder / "journal.sqlite"
        self.effects = self.folder / "effects.ndjson"
        self.errors = open(self.folder / "stderr.txt", "ab")
        self.world = World(antiphon, "--rate", str(rate), "--seed", str(seed))
        self.config = self.folder / "antiphon.toml"
        self.environment = dict(os.environ)
        lines = ["[journal]", f"path = {json.dumps(str(self.journal))}", *journal]
        tables = sources(self.world, self.folder)
        used = {line.split('"')[1] for table, _ in tables.values() for line in table if line.startswith("platform")}
        for platform in PLATFORMS - used:
            # Traffic that nobody hears would only push rows out of the bounded ledger.
            self.world.do(platform=platform, do="traffic", rate=0)
        for source, (table, secrets) in tables.items():
            lines += ["", f"[sources.{source}]", *table]
            self.environment |= secrets
        self.config.write_text("\n".join(lines) + "\n")

    def run(self):
        # The effects go to the file by the daemon's own descriptor: what it wrote before the kill stays written.
        return subprocess.Popen(
            [self.antiphon, "run", "--config", str(self.config), "--print", "--output", "json"],
            stdout=open(self.effects, "ab"),
            stderr=self.errors,
            env=self.environment,
        )

    def is_running(self, daemon):
        """Ends the trial if the daemon ended by itself."""
        if daemon.poll() is not None:
            sys.stderr.write((self.folder / "stderr.txt").read_text()[-4000:])
            sys.exit(f"{self.name}: the daemon ended by itself with {daemon.returncode}")

    def rows(self, query, *parameters):
        # To read and write, as any tool opens it: that must not harm the daemon.
        connection = sqlite3.connect(f"file:{self.journal}?mode=rw", uri=True, timeout=30)
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

    def handled(self):
        """The origins that the daemon printed, in order; a line cut off by a kill is none."""
        for line in self.effects.read_bytes().split(b"\n"):
            try:
                yield json.loads(line)["origin"]
            except ValueError:
                continue

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
                sys.exit(f"{self.name}: gave up waiting: {what}; see {self.folder}")
            time.sleep(0.05)

    def settle(self):
        """Waits until nothing has been stored for two seconds."""
        quiet = [self.last(), time.monotonic()]

        def still():
            now = self.last()
            if now != quiet[0]:
                quiet[:] = [now, time.monotonic()]
            return time.monotonic() - quiet[1] > 2.0

        self.wait("the traffic to end", still)


class Stretch:
    """What a gap covers: the ledger's rows after its first edge and not after its last.

    An edge that names a frame is found in the ledger, whose order is the order in which things happened; a clock
    alone would misplace what was sent while a frame was still on its way. `number` gives the ledger's number of a
    frame, or None.
    """

    def __init__(self, gap, number):
        def edge(name):
            edge = gap[name]
            return number(edge.get("connection"), edge.get("frame")), milliseconds(edge["at"])

        (self.after, self.since), (self.to, self.until) = edge("from"), edge("to")

    def holds(self, row):
        after = row["n"] > self.after if self.after is not None else self.since <= row["at"] + 1
        return after and (row["n"] <= self.to if self.to is not None else row["at"] - 1 <= self.until)


class Gaps:
    """The gaps of a source, by the places that they cover."""

    def __init__(self, gaps, number):
        self.stretches = {place: [Stretch(gap, number) for gap in found] for place, found in gaps.items()}
        self.covering = {}

    def hold(self, row):
        place = row["place"]
        if place not in self.covering:
            self.covering[place] = [
                stretch for other, found in self.stretches.items() if covers(other, place) for stretch in found
            ]
        return any(stretch.holds(row) for stretch in self.covering[place])


def account(ledger, stored, gaps):
    """How many rows are stored, how many lie in a gap, and those of which neither is true."""
    numbers = {(row["connection"], row["frame"]): row["n"] for row in ledger if row.get("connection")}
    gaps = Gaps(gaps, lambda connection, frame: numbers.get((connection, frame)))
    journaled = gapped = 0
    lost = []
    for row in ledger:
        if row["origin"] in stored:
            journaled += 1
        elif gaps.hold(row):
            gapped += 1
        else:
            lost.append(row)
    return journaled, gapped, lost


def covers(place, other):
    """Whether a place is another, or contains it; the empty place contains all."""
    return other == place or not place or other.startswith(place + "/")
