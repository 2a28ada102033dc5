#!/usr/bin/env python3
"""Breaks everything that can be broken around one daemon on all four platforms, and accounts for every event.

The simulator runs in one process with ambient traffic, and `antiphon run --print` journals all four platforms in
another. The daemon is killed, ended and frozen again and again, while sockets, requests and nodes fail in every way
that the simulator's control address has. What happens, and when, follows from the seed. At the end, for each platform:

- every event that the simulator's ledger has due to the account is stored once, or lies inside a reported gap;
- what is stored is in order: Discord and Stack Exchange by place, QueUp by place (chat for itself, as it alone comes
  from a history), Lavalink by socket;
- every stored event was handled (printed), nothing is a dead letter, nothing panicked, the daemon never ended by
  itself, and the journal is sound.

Prints a table and one line of JSON, and on stderr each lost row with the faults around it. Exits 1 if any of that does
not hold. The files, about 1 MB for each second at the usual rate, go to a temporary folder, which is kept after a
failure. Standard library only; reads memory figures on Linux.
"""

import argparse
import heapq
import itertools
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import kill9  # noqa: E402 - found beside this file, wherever it is run from
import restarts  # noqa: E402
from trial import Gaps, Trial, milliseconds  # noqa: E402

ORGAN = "organ"
SOURCES = {
    "discord": restarts.SOURCE,
    "lavalink": ORGAN,
    "queup": kill9.SOURCE,
    "stackexchange": kill9.CHAT,
}
# Rows of the ledger change for so long: an event that a node keeps back for its session is written into when it is sent.
UNSETTLED = 90_000
# So many lost rows are told one by one.
TOLD = 20
# Puts the rows of an origin that were never sent behind those that were.
NEVER_SENT = 1 << 40


def sources(world, folder):
    """An account of each platform."""
    organ = ['platform = "lavalink"', f"user = {json.dumps(world.discord['user_id'])}", f"[sources.{ORGAN}.nodes]"]
    secrets = {}
    for number, node in enumerate(world.lavalink):
        secret = f"NODE_{number}_PASSWORD"
        organ.append(f'{node["name"]} = {{ url = {json.dumps(node["url"])}, password = {{ env = "{secret}" }} }}')
        secrets[secret] = node["password"]
    return {**restarts.sources(world, folder), **kill9.sources(world, folder), ORGAN: (organ, secrets)}


# What goes wrong.


def seconds(chance, least, most):
    return f"{chance.uniform(least, most):.2f}s"


def status(chance):
    return chance.choice((429, 500, 502, 503))


def answer(chance):
    """How a request fails: with a status, without an answer, or late."""
    return chance.choice(({"status": status(chance)}, {"html": 502}, "dropped", {"slow": seconds(chance, 0.5, 4)}))


def failing(*requests):
    return lambda chance: {"requests": chance.choice(requests), "times": chance.randint(1, 4), "fault": answer(chance)}


def lasting(least, most):
    return lambda chance: {"for": seconds(chance, least, most)}


def closing(*codes):
    return lambda chance: {"code": chance.choice(codes), "reason": "as the wind blows"}


def refusing(chance):
    return {"times": chance.randint(1, 5), "status": status(chance)}


def large(chance):
    return {"bytes": int(10 ** chance.uniform(6, 8))}


def few(name):
    return lambda chance: {name: chance.randint(1, 20)}


def switched(command):
    """A fault that stays until it is switched off."""
    return command, lambda chance: {"on": True}, {"on": False}


CUTS = [("cut", lasting(0, 6)), ("reset", lasting(0, 6)), ("refuse", lasting(0.5, 8)), ("refuse_upgrades", refusing)]

FAULTS = {
    "discord": [
        *CUTS,
        ("half_open",),
        ("stall", lasting(0.5, 8)),
        ("oversized", large),
        ("duplicate", few("events")),
        ("reorder_events", few("pairs")),
        ("close", closing(1000, 1001, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009)),
        ("reconnect",),
        ("invalidate", lambda chance: {"resumable": chance.random() < 0.5}),
        ("ask_for_beats",),
        switched("withhold_acks"),
        ("delay_acks", lasting(0.5, 5), {"for": "0s"}),
        ("fail", failing("*")),
    ],
    "lavalink": [
        *CUTS,
        ("half_open",),
        ("stall", lasting(0.5, 8)),
        ("oversized", large),
        ("duplicate", few("frames")),
        ("close", closing(1000, 1001, 1011, 4000)),
        ("kill", lasting(0.5, 8)),
        ("shut_down", lasting(0.5, 8)),
        ("expire_sessions",),
        ("fail", failing("*")),
    ],
    "queup": [
        *CUTS,
        ("half_open",),
        ("stall", lasting(0.5, 8)),
        ("oversized", large),
        ("duplicate", few("events")),
        ("reorder_events", few("pairs")),
        ("close", closing(1000, 1001, 1011, 4000)),
        switched("withhold_pongs"),
        ("expire_sessions",),
        ("expire_tokens",),
        ("fail", failing("*", "GET /room/*", "GET /chat/*", "POST /auth/*")),
    ],
    "stackexchange": [
        *CUTS,
        ("half_open",),
        ("duplicate", few("frames")),
        ("close", closing(1000, 1001, 1011, 4000)),
        switched("silence"),
        ("expire_cookies",),
        ("new_keys",),
        ("replay", lambda chance: {"events": chance.choice((0, 10, 200, 5000))}),
        ("history_ids", lambda chance: {"messages": chance.random() < 0.5}),
        switched("begin_late"),
        ("fail", failing("*", "POST /chats/*/events", "POST /ws-auth", "*login*")),
    ],
}


class Plan:
    """What is done, and when, in seconds from the start."""

    def __init__(self, length, chance):
        self.length = length
        # Short runs are as eventful as long ones.
        self.hurry = min(1.0, length / 120)
        self.steps = []
        self.count = itertools.count()
        self.signals(chance)
        self.faults(chance)

    def add(self, at, what, *details):
        heapq.heappush(self.steps, (at, next(self.count), what, details))

    def signals(self, chance):
        first = chance.sample(("kill", "end", "freeze"), 3)
        at = 0.0
        for turn in itertools.count():
            at += chance.uniform(6, 18) * self.hurry
            if at > self.length:
                return
            (what,) = first[turn : turn + 1] or chance.choices(("kill", "end", "freeze"), (17, 20, 12))
            self.add(at, what, chance.uniform(0, 2 * self.hurry))
            if what == "freeze":
                at += chance.uniform(1, 1 + 19 * self.hurry)
                self.add(at, "thaw")

    def faults(self, chance):
        every = [(platform, *fault) for platform, faults in FAULTS.items() for fault in faults]
        deck = []
        at = 0.0
        while True:
            at += chance.uniform(0.5, 2.5)
            if at > self.length:
                return
            if not deck:
                deck = chance.sample(every, len(every))
            platform, name, details, undone = (*deck.pop(), None, None)[:4]
            command = {"platform": platform, "do": name, **(details(chance) if details else {})}
            if platform == "lavalink" and chance.random() < 0.75:
                command["node"] = chance.choice(("eu-1", "us-1", "asia-1"))
            self.add(at, "fault", command)
            if undone:
                self.add(min(at + chance.uniform(1, 20) * self.hurry, self.length), "undo", {**command, **undone})


class Daemon:
    """The daemon under trial, with what happened to it."""

    def __init__(self, trial):
        self.trial = trial
        self.counts = {"kill": 0, "end": 0, "freeze": 0, "fault": 0}
        self.troubles = []
        self.frozen = False
        self.printed = bytearray()
        self.peaks = {"daemon": 0.0, "simulator": 0.0}
        self.start()

    def start(self):
        self.process = self.trial.run()

    def send(self, number):
        self.process.send_signal(number)

    def watch(self):
        """Starts the daemon again if it ended by itself, which is a trouble."""
        if self.process.poll() is not None:
            words = (self.trial.folder / "stderr.txt").read_bytes()[-2000:].decode(errors="replace")
            self.troubles.append(f"it ended by itself with {self.process.returncode}: {words}")
            self.take_printed()
            self.start()
        if self.trial.world.process.poll() is not None:
            sys.exit(f"chaos: the simulator ended by itself with {self.trial.world.process.returncode}")
        for name, process in (("daemon", self.process), ("simulator", self.trial.world.process)):
            self.peaks[name] = max(self.peaks[name], megabytes(process.pid))

    def kill(self, pause):
        self.send(signal.SIGKILL)
        self.process.wait()
        self.frozen = False
        self.again(pause)

    def end(self, pause):
        self.stop()
        self.again(pause)

    def again(self, pause):
        self.take_printed()
        time.sleep(pause)
        self.start()

    def stop(self):
        self.thaw()
        self.send(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.troubles.append("it did not stop within a minute of SIGTERM")
            self.process.kill()
            self.process.wait()
            return
        if code != 0:
            self.troubles.append(f"it ended with {code} after SIGTERM")

    def freeze(self, _pause):
        self.send(signal.SIGSTOP)
        self.frozen = True

    def thaw(self):
        if self.frozen:
            self.send(signal.SIGCONT)
            self.frozen = False

    def take_printed(self):
        """Notes the positions that the daemon printed, and empties the file; only while no daemon runs."""
        if not self.trial.effects.exists():
            return
        with open(self.trial.effects, "rb") as lines:
            for line in lines:
                try:
                    position = json.loads(line)["position"]
                except ValueError:
                    continue  # cut off by a kill
                if position >= len(self.printed):
                    self.printed.extend(bytes(position + 65_536 - len(self.printed)))
                self.printed[position] = 1
        self.trial.effects.write_bytes(b"")

    def was_printed(self, position):
        return position < len(self.printed) and self.printed[position] == 1


def megabytes(process):
    """Memory that a process has now; zero where nobody says."""
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


class Books:
    """Ledger and journal side by side, in a database of their own, so that memory does not grow with the run."""

    def __init__(self, trial):
        self.trial = trial
        world = trial.world
        self.accounts = {
            "discord": world.discord["user_id"],
            "lavalink": world.discord["user_id"],
            "queup": world.queup["user_id"],
            "stackexchange": world.stackexchange["user_id"],
        }
        self.database = sqlite3.connect(trial.folder / "books.sqlite", isolation_level=None)
        self.database.row_factory = sqlite3.Row
        self.database.executescript(
            """
            pragma journal_mode = off;
            pragma synchronous = off;
            -- `fate` is 1 for a row that is stored, 2 for one inside a gap.
            create table ledger (n integer primary key, platform, kind, place, origin, is_due, at, connection, frame, fate);
            create index ledger_frame on ledger (connection, frame);
            create table journal (position integer primary key, platform, kind, place, origin, provenance, message);
            create index ledger_origin on ledger (origin);
            create index journal_origin on journal (platform, origin);
            """
        )
        self.settled = 0  # the last row that changes no more
        self.dropped = 0
        self.position = 0
        self.gaps = {platform: {} for platform in SOURCES}
        self.greeted = []  # of each socket to a node that said so: its session, its name and when it did
        self.names = {}  # of each socket to a node: the client's name, by the simulator's

    def follow(self, old):
        """Reads the ledger on; rows that may still change are read again later, and only at all if `old` is 0."""
        with self.database:
            self.database.execute("begin")
            self.database.execute("delete from ledger where n > ?", (self.settled,))
            expected = self.settled + 1
            for page in self.trial.world.pages(self.settled, dropped_too=True):
                now = time.time() * 1000
                # The numbers of all rows have no holes.
                self.dropped += page[0]["n"] - expected
                expected = page[-1]["n"] + 1
                rows = [row for row in page if row["at"] < now - old]
                self.database.executemany(
                    "insert into ledger values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)", map(self.entry, rows)
                )
                certain = [row["n"] for row in rows if row["at"] < now - UNSETTLED]
                self.settled = max([self.settled, *certain])
                if len(rows) < len(page):
                    break
            self.database.execute("commit")

    def entry(self, row):
        is_due = row["due_to"] == self.accounts[row["platform"]]
        names = (row["n"], row["platform"], row["kind"], row["place"], row["origin"])
        return (*names, is_due, row["at"], row["connection"], row["frame"])

    def read_journal(self, connection):
        platforms = {source: platform for platform, source in SOURCES.items()}
        query = """
            select position, source, kind, place, origin, provenance, received_at,
                case when kind in ('antiphon.gap', 'lavalink.ready') then body end,
                case when kind = 'stackexchange.MessagePosted' then json_extract(cast(body as text), '$.message_id') end
            from event where position > ? order by position
        """
        self.database.execute("begin")
        for position, source, kind, place, origin, provenance, received_at, body, message in connection.execute(
            query, (self.position,)
        ):
            platform = platforms[source]
            self.database.execute(
                "insert into journal values (?, ?, ?, ?, ?, ?, ?)",
                (position, platform, kind, place, origin, provenance, message),
            )
            self.position = position
            if kind == "antiphon.gap":
                self.gaps[platform].setdefault(place, []).append(json.loads(body))
            elif body is not None:
                self.greeted.append((json.loads(body)["sessionId"], origin.split("/")[0], milliseconds(received_at)))
        self.database.execute("commit")

    def name_sockets(self):
        """Gives the ledger's rows of nodes the names that the client has for them.

        A node numbers neither its sockets nor its frames; both sides count them, each under a name of its own. A
        socket's greeting was read before the session's next socket was opened, if it was read at all.
        """
        sockets = {}
        for row in self.database.execute("select connection, at from ledger where kind = 'lavalink.ready' order by n"):
            session = (row["connection"] or "").rsplit(".", 1)[0]
            sockets.setdefault(session, []).append((row["at"], row["connection"]))
        for session, socket, received_at in self.greeted:
            earlier = [name for at, name in sockets.get(session, []) if at <= received_at]
            if earlier:
                self.names[earlier[-1]] = socket
        # Also the rows that were read again since the greeting of their socket got its name.
        self.database.executemany(
            "update ledger set connection = ?2, origin = printf('%s/%08d', ?2, frame) where connection = ?1",
            self.names.items(),
        )

    def number(self, connection, frame):
        """The ledger's number of a frame, or None.

        An edge on Discord names a session and a sequence, which the origins of most rows hold. Where this row is one of
        the others, the one before it is as good: what lies between them is stored.
        """
        if connection is None or frame is None:
            return None
        query = "select n from ledger where connection = ? and frame = ?"
        found = self.database.execute(query, (connection, frame)).fetchone()
        if found is None:
            query = "select n from ledger where origin between ? and ? order by origin desc limit 1"
            found = self.database.execute(query, (f"{connection}/", f"{connection}/{frame:010}")).fetchone()
        return found and found[0]

    def judge(self):
        """Says of every row whether it is stored or inside a gap; gives how many are neither."""
        self.database.execute("begin")
        self.name_sockets()
        self.database.execute(
            """
            update ledger set fate = 1 where is_due and fate is null and exists
                (select 1 from journal where journal.platform = ledger.platform and journal.origin = ledger.origin)
            """
        )
        gaps = {platform: Gaps(found, self.number) for platform, found in self.gaps.items()}
        inside = [(row["n"],) for row in self.open_rows() if gaps[row["platform"]].hold(row)]
        self.database.executemany("update ledger set fate = 2 where n = ?", inside)
        self.database.execute("commit")
        return sum(1 for _ in self.open_rows())

    def open_rows(self):
        return self.database.execute("select * from ledger where is_due and fate is null order by n")

    def disordered(self, platform):
        """The stored rows of a platform that stand in the journal behind one that was sent later."""
        line, turn, has_order = {
            # Chat is in the order of the server's times, or in the order in which it was sent where a fault turned that
            # round; what else a history has (deletions) stands beside its message.
            "queup": (
                "place || (kind = 'queup.chat-message')",
                "iif(kind = 'queup.chat-message', cast(substr(origin, instr(origin, '-') + 1) as integer), n)",
                "(provenance != 'backfilled' or kind = 'queup.chat-message')",
            ),
            "lavalink": ("connection", "frame", "true"),
        }.get(platform, ("place", "n", "true"))
        query = f"""
            select {line} as line, {turn} as turn, min(n + iif(connection is null, {NEVER_SENT}, 0)), n, kind, place,
                origin, at, position
            from ledger join journal using (platform, origin, kind, place)
            where platform = ? and is_due and {has_order} group by position order by line, turn
        """
        reached, wrong = None, []
        for row in self.database.execute(query, (platform,)):
            if reached is None or row["line"] != reached["line"] or row["position"] > reached["position"]:
                reached = row
            elif row["n"] > reached["n"]:
                wrong.append(dict(row))
        return wrong

    def tally(self, platform, daemon, last):
        def count(query):
            return self.database.execute(query, (platform,)).fetchone()[0]

        due = "from ledger where platform = ? and is_due"
        query = "select position from journal where platform = ? and position <= ?"
        positions = self.database.execute(query, (platform, last))
        return {
            "due": count(f"select count(*) {due}"),
            "stored": count(f"select count(*) {due} and fate = 1"),
            "gapped": count(f"select count(*) {due} and fate = 2"),
            "lost": count(f"select count(*) {due} and fate is null"),
            # A message that came by a history and by a socket has one name.
            "repeats": count("select count(*) - count(distinct origin) from journal where platform = ?")
            + count("select count(message) - count(distinct message) from journal where platform = ?"),
            "disordered": len(self.disordered(platform)),
            "unhandled": sum(1 for (position,) in positions if not daemon.was_printed(position)),
            "gaps": sum(map(len, self.gaps[platform].values())),
            "sent_again": count(
                "select count(*) from journal where platform = ? and provenance in ('replayed', 'backfilled')"
            ),
        }


def play(plan, daemon, books, log):
    """Does what the plan has, each step at its time or as soon after it as the one before is over."""
    begin, looked = time.monotonic(), 0.0
    world = daemon.trial.world
    while plan.steps:
        at, _, what, details = heapq.heappop(plan.steps)
        while (now := time.monotonic() - begin) < at:
            if now - looked > 10:
                looked = now
                books.follow(UNSETTLED)
            time.sleep(max(0.0, min(0.25, at - (time.monotonic() - begin))))
            daemon.watch()
        log.append((time.time() * 1000, what, details))
        if what in daemon.counts:
            daemon.counts[what] += 1
        if what in ("fault", "undo"):
            try:
                world.do(**details[0])
            except urllib.error.HTTPError as error:
                sys.exit(f"chaos: the simulator refused {details[0]}: {error.read().decode()}")
        else:
            getattr(daemon, what)(*details)


def heal(daemon, books, patience):
    """Ends traffic and faults, and waits until everything due is stored or inside a gap; gives how long that took."""
    world = daemon.trial.world
    begin = time.monotonic()
    daemon.thaw()
    for platform in SOURCES:
        world.do(platform=platform, do="traffic", rate=0)
        # Lines that hang end here: their heartbeats need longer to notice than anybody waits.
        world.do(platform=platform, do="cut")
    while True:
        daemon.watch()
        books.follow(0)
        connection = sqlite3.connect(f"file:{daemon.trial.journal}?mode=ro", uri=True, timeout=30)
        try:
            books.read_journal(connection)
        finally:
            connection.close()
        took = time.monotonic() - begin
        if not books.judge() or took > patience:
            return took
        time.sleep(1)


def show(tallies):
    columns = ("due", "stored", "gapped", "lost", "repeats", "disordered", "unhandled", "gaps", "sent_again")
    print(f"{'':13}" + "".join(f"{column:>11}" for column in columns))
    for platform, tally in tallies.items():
        print(f"{platform:13}" + "".join(f"{tally[column]:>11}" for column in columns))


def tell_faults(row, log):
    """What was done in the half minute before a row, and shortly after it."""
    for at, what, details in log:
        if -30_000 < at - row["at"] < 5_000:
            about = json.dumps(details[0]) if what in ("fault", "undo") else what
            print(f"chaos:     {(at - row['at']) / 1000:+6.1f} s: {about}", file=sys.stderr)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("antiphon", help="path of the antiphon binary")
    arguments.add_argument("--seconds", type=float, default=720, help="how long things go wrong")
    arguments.add_argument("--seed", type=int, default=None)
    arguments.add_argument("--rate", type=int, default=200, help="events a second of each platform")
    arguments.add_argument("--heal", type=float, default=120, help="seconds that healing may take; pauses between tries reach 60")
    options = arguments.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 31)
    print(f"chaos: {options.seconds:g} s, {options.rate} events a second, seed {seed}", flush=True)

    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    # Momentary kinds are kept as well, so that their going does not look like a loss.
    keep = ['rules = [{ kind = "*", keep = "2d" }]']
    trial = Trial("chaos", options.antiphon, folder, options.rate, seed, sources, keep)
    daemon = None
    try:
        daemon, books, log = Daemon(trial), Books(trial), []
        trial.wait("the first events to be stored", lambda: trial.last() > options.rate)
        play(Plan(options.seconds, random.Random(seed)), daemon, books, log)
        took = heal(daemon, books, options.heal)
        # What is stored while it stops is handled at the next start, and there is none.
        last = books.position
        daemon.stop()
        daemon.take_printed()

        # As a user would look into it.
        journal = sqlite3.connect(trial.journal, timeout=30)
        books.read_journal(journal)
        books.judge()
        sound = journal.execute("pragma quick_check").fetchone()[0]
        dead = journal.execute("select count(*) from dead_letter").fetchone()[0]
        journal.close()
        with open(folder / "stderr.txt", "rb") as lines:
            panics = sum(b"panicked at" in line for line in lines)

        tallies = {platform: books.tally(platform, daemon, last) for platform in SOURCES}
        show(tallies)
        summary = {
            "seed": seed,
            "seconds": options.seconds,
            "healed_after": round(took, 1),
            **{f"{what}s": count for what, count in daemon.counts.items()},
            "panics": panics,
            "dead_letters": dead,
            "quick_check": sound,
            "troubles": len(daemon.troubles),
            "ledger_rows_dropped": books.dropped,
            "peak_mb": {name: round(peak) for name, peak in daemon.peaks.items()},
            **tallies,
        }
        print(json.dumps(summary), flush=True)

        for row in itertools.islice(books.open_rows(), TOLD):
            told = {name: row[name] for name in ("platform", "kind", "place", "origin", "at", "n")}
            print(f"chaos: lost: {json.dumps(told)}", file=sys.stderr)
            tell_faults(row, log)
        for row in [row for platform in SOURCES for row in books.disordered(platform)][:TOLD]:
            print(f"chaos: out of order: {json.dumps(row)}", file=sys.stderr)
            tell_faults(row, log)
        for trouble in daemon.troubles:
            print(f"chaos: the daemon: {trouble}", file=sys.stderr)
        if books.dropped:
            print(f"chaos: the simulator's ledger dropped {books.dropped} rows before they were read", file=sys.stderr)

        wanted = ("lost", "repeats", "disordered", "unhandled")
        failed = any(tally[name] for tally in tallies.values() for name in wanted)
        failed |= bool(panics or dead or daemon.troubles or books.dropped or sound != "ok")
        # A platform that brought nothing proves nothing.
        failed |= not all(tally["stored"] for tally in tallies.values())
    except BaseException:
        print(f"chaos: files kept in {folder}", file=sys.stderr)
        raise
    finally:
        if daemon is not None and daemon.process.poll() is None:
            daemon.process.kill()
        trial.world.close()
    if failed:
        print(f"chaos: FAILED with seed {seed}; files kept in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
