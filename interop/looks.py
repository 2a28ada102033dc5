#!/usr/bin/env python3
"""Looks into the journal of a running daemon as anybody may, kills the daemon, and counts what became of every event.

The simulator and `antiphon run --print` run as in `kill9.py`. In each round, under load, the journal is opened to read
and write and closed again, backed up, and written to by another program, into a table of its own; then the daemon is
killed with SIGKILL and started again. At the end:

- every event that the simulator's ledger has due is stored once, or lies inside a reported gap;
- every backup is sound, and its events are the first of the journal's;
- the other program's rows are all there.

Standard library only; the program `sqlite3` is used as well where there is one. Exits 1 if any of that does not hold.
"""

import argparse
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from kill9 import CHAT, SOURCE, sources  # noqa: E402 - found beside this file, wherever it is run from
from trial import Trial, account  # noqa: E402

EVENTS = "select position, source, origin from event order by position"


def look(trial, number, program):
    """Reads, backs up and writes beside the daemon; the path of the backup."""
    copy = trial.folder / f"backup-{number}.sqlite"
    if program and number % 2:
        subprocess.run([program, trial.journal, "select count(*) from event"], check=True, capture_output=True)
        subprocess.run([program, "-cmd", ".timeout 30000", trial.journal, f".backup '{copy}'"], check=True)
    else:
        trial.rows("select count(*) from event")
        source, target = sqlite3.connect(trial.journal, timeout=30), sqlite3.connect(copy)
        source.backup(target)
        source.close()
        target.close()
    other = sqlite3.connect(trial.journal, timeout=30)
    with other:
        other.execute("create table if not exists looks_visit (number integer)")
        other.execute("insert into looks_visit values (?)", (number,))
    other.close()
    return copy


def is_prefix(copy, journal):
    """Whether a backup is sound, and has the journal's first events."""
    connection = sqlite3.connect(copy)
    try:
        sound = connection.execute("pragma quick_check").fetchall() == [("ok",)]
        rows = connection.execute(EVENTS).fetchall()
    finally:
        connection.close()
    return sound and rows == journal[: len(rows)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("antiphon", help="path of the antiphon binary")
    arguments.add_argument("--times", type=int, default=100)
    arguments.add_argument("--rate", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=None)
    options = arguments.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 31)
    program = shutil.which("sqlite3")
    print(f"looks: {options.times} rounds, {options.rate} events a second, seed {seed}", flush=True)
    if not program:
        print("looks: skipped: there is no program `sqlite3`; Python's module looks alone", flush=True)

    with tempfile.TemporaryDirectory(prefix="looks-") as folder:
        trial = Trial("looks", options.antiphon, folder, options.rate, seed, sources)
        # The other program's rows and the backups are compared with everything that was stored.
        text = trial.config.read_text()
        trial.config.write_text(text.replace("[journal]", '[journal]\nrules = [{ kind = "*", keep = "2d" }]', 1))
        try:
            copies = []
            daemon = trial.run()
            for number in range(options.times):
                before = trial.last()
                trial.wait("the daemon to store events", lambda: trial.last() > before + options.rate // 4)
                copies.append(look(trial, number, program))
                before = trial.last()
                trial.wait("events after the look", lambda: trial.last() > before + options.rate // 4)
                trial.is_running(daemon)
                daemon.send_signal(signal.SIGKILL)
                daemon.wait()
                daemon = trial.run()

            before = trial.last()
            trial.wait("the last run to store events", lambda: trial.last() > before + options.rate)
            trial.world.do(do="traffic", rate=0)
            trial.world.chat(do="traffic", rate=0)
            trial.settle()
            ledgers = {
                SOURCE: trial.world.ledger(trial.world.queup["user_id"]),
                CHAT: trial.world.ledger(trial.world.stackexchange["user_id"]),
            }
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(timeout=30)

            lost, repeats, due = [], 0, 0
            for source, ledger in ledgers.items():
                stored = trial.stored(source)
                due += len(ledger)
                lost += account(ledger, stored, trial.gaps(source))[2]
                repeats += sum(count - 1 for count in stored.values())
            journal = trial.rows(EVENTS)
            broken = [copy.name for copy in copies if not is_prefix(copy, journal)]
            visits = sorted(number for (number,) in trial.rows("select number from looks_visit"))
            handled = set(trial.handled())
            unhandled = [origin for _, _, origin in journal if origin not in handled]
            summary = {
                "looks": options.times,
                "seed": seed,
                "due": due,
                "stored": len(journal),
                "lost": len(lost),
                "repeats": repeats,
                "unhandled": len(unhandled),
                "backups": len(copies),
                "backups_broken": len(broken),
                "other_rows": len(visits),
            }
            print(json.dumps(summary), flush=True)
            for row in lost[:5]:
                print(f"looks: lost: {json.dumps(row)}", file=sys.stderr)
            failed = lost or repeats or unhandled or broken or visits != list(range(options.times))
            failed = failed or trial.rows("pragma quick_check") != [("ok",)]
            if failed:
                keep = tempfile.mkdtemp(prefix="looks-failed-")
                subprocess.run(["cp", "-r", folder, keep], check=False)
                print(f"looks: FAILED; files kept in {keep}", file=sys.stderr)
            sys.exit(1 if failed else 0)
        finally:
            trial.world.close()


if __name__ == "__main__":
    main()
