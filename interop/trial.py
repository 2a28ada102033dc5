"""A daemon on trial: `antiphon run --print` on one journal, started and ended again and again beside a simulator.

The simulator judges the journal: see `World.audit`. Standard library only.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from world import World

# Kinds whose bodies an audit reads.
READ = ("antiphon.gap", "lavalink.ready", "stackexchange.MessagePosted")
# Lines for the table of the journal that keep every event, whatever its kind.
KEEP_ALL = ['rules = [{ kind = "*", keep = "2d" }]']


def options(name, doc, times, longest=None):
    """Reads the command line, draws a seed if none is given, and prints both."""
    arguments = argparse.ArgumentParser(description=doc.splitlines()[0])
    arguments.add_argument("antiphon", help="path of the antiphon binary")
    arguments.add_argument("--times", type=int, default=times)
    arguments.add_argument("--rate", type=int, default=200, help="events a second and platform")
    arguments.add_argument("--seed", type=int, default=None)
    if longest:
        arguments.add_argument("--longest", type=float, default=longest, help="seconds a run lives at most")
    chosen = arguments.parse_args()
    if chosen.seed is None:
        chosen.seed = random.randrange(1 << 31)
    print(f"{name}: {chosen.times} times, {chosen.rate} events a second, seed {chosen.seed}", flush=True)
    return chosen


class Trial:
    """The simulator, the daemon with its configuration, and what the daemon leaves behind.

    `sources` makes the sources from the simulator's addresses: a table of TOML lines and the secrets' environment, by
    the source's name. `journal` has more lines for the table of the journal.

    At the end the simulator and the daemon are ended, and the files are removed unless the trial failed.
    """

    def __init__(self, name, antiphon, rate, seed, sources, journal=(), sim=()):
        self.name = name
        self.antiphon = antiphon
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self.journal = self.folder / "journal.sqlite"
        self.effects = self.folder / "effects.ndjson"
        self.errors = open(self.folder / "stderr.txt", "ab")
        self.world = World(antiphon, "--rate", str(rate), "--seed", str(seed), *sim)
        self.rate = rate
        self.config = self.folder / "antiphon.toml"
        self.environment = dict(os.environ)
        self.daemon = None
        # The last row of the ledger that counts.
        self.until = None
        lines = ["[journal]", f"path = {json.dumps(str(self.journal))}", *journal]
        tables = sources(self.world, self.folder)
        self.platforms = {source: platform(table) for source, (table, _) in tables.items()}
        for unused in set(self.world.accounts) - set(self.platforms.values()):
            # Rows of a platform without a source would only fill the ledger.
            self.world.do(platform=unused, do="traffic", rate=0)
        for source, (table, secrets) in tables.items():
            lines += ["", f"[sources.{source}]", *table]
            self.environment |= secrets
        self.config.write_text("\n".join(lines) + "\n")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        self.world.close()
        self.errors.close()
        if kind is None or kind is SystemExit and error.code == 0:
            shutil.rmtree(self.folder)
        else:
            print(f"{self.name}: FAILED; files kept in {self.folder}", file=sys.stderr)

    def run(self):
        """Starts the daemon."""
        # The daemon writes to the file by a descriptor of its own, so lines written before a kill stay.
        with open(self.effects, "ab") as effects:
            self.daemon = subprocess.Popen(
                [self.antiphon, "run", "--config", str(self.config), "--print", "--output", "json"],
                stdout=effects,
                stderr=self.errors,
                env=self.environment,
            )
        return self.daemon

    def end(self, number=signal.SIGKILL):
        """Ends the daemon by a signal, or the trial if the daemon ended by itself."""
        if self.daemon.poll() is not None:
            sys.stderr.write((self.folder / "stderr.txt").read_text()[-4000:])
            sys.exit(f"{self.name}: the daemon ended by itself with {self.daemon.returncode}")
        self.daemon.send_signal(number)
        self.daemon.wait(timeout=30)

    def finish(self):
        """Waits until the running daemon stores events, ends the traffic, and ends the daemon once it has caught up."""
        self.wait_for_events(self.rate)
        for used in self.platforms.values():
            self.world.do(platform=used, do="traffic", rate=0)
        self.settle()
        # Events due after this are missed by the stopped daemon, whose next run would report them.
        self.until = self.world.last()
        self.end(signal.SIGTERM)

    def report(self, summary, failed, *audits):
        """Prints the summary and the first lost rows, and ends the program."""
        print(json.dumps(summary), flush=True)
        for audit in audits:
            for row in audit["first_lost"][:5]:
                print(f"{self.name}: lost: {json.dumps(row)}", file=sys.stderr)
            for row in audit["first_disordered"][:5]:
                print(f"{self.name}: out of order: {json.dumps(row)}", file=sys.stderr)
        sys.exit(1 if failed else 0)

    def audit(self, source, handled=None):
        """The simulator's audit of the stored events of a source.

        `handled(position, origin)` returns how often an event was handled, or None if that is not known.
        """
        return self.judge(source, self.events(source, handled))

    def judge(self, source, events):
        used = self.platforms[source]
        return self.world.audit(used, self.world.accounts[used], events, self.until)

    def events(self, source, handled=None):
        """The stored events of a source, as `World.audit` takes them."""
        columns = ("position", "kind", "place", "origin", "provenance", "received_at")
        read = ", ".join(f"'{kind}'" for kind in READ)
        query = f"""
            select {", ".join(columns)}, case when kind in ({read}) then cast(body as text) end
            from event where source = ? order by position
        """
        for *row, body in self.rows(query, source):
            event = dict(zip(columns, row))
            if body is not None:
                event["body"] = json.loads(body)
            if handled is not None:
                event["handled"] = handled(event["position"], event["origin"])
            yield event

    def rows(self, query, *parameters):
        # Opened for reading and writing, as any tool would; that must not harm the daemon.
        connection = sqlite3.connect(f"file:{self.journal}?mode=rw", uri=True, timeout=30)
        try:
            return connection.execute(query, parameters).fetchall()
        finally:
            connection.close()

    def printed(self):
        """The events that the daemon printed, in order, without lines that a kill cut off."""
        with open(self.effects, "rb") as lines:
            for line in lines:
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                yield event

    def last_printed(self):
        """The position of the last event that the daemon printed."""
        return max((event["position"] for event in self.printed()), default=0)

    def last(self):
        """The position of the last stored event."""
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
                sys.exit(f"{self.name}: gave up waiting: {what}")
            time.sleep(0.05)

    def wait_for_events(self, count):
        """Waits until more than `count` events have been stored from now on."""
        before = self.last()
        self.wait("the daemon to store events", lambda: self.last() > before + count)

    def settle(self):
        """Waits until nothing has been stored for two seconds."""
        quiet = [self.last(), time.monotonic()]

        def still():
            now = self.last()
            if now != quiet[0]:
                quiet[:] = [now, time.monotonic()]
            return time.monotonic() - quiet[1] > 2.0

        self.wait("the traffic to end", still)


def platform(table):
    """The platform of a source's table."""
    return next(line.split('"')[1] for line in table if line.startswith("platform"))
