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

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from kill9 import CHAT, SOURCE, sources  # noqa: E402 - found beside this file, wherever it is run from
from trial import KEEP_ALL, Trial, options  # noqa: E402

EVENTS = "select position, source, origin from event order by position"


def look(trial, number, program):
    """Reads, backs up and writes the journal beside the daemon; returns the path of the backup."""
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
    """Whether a backup is sound and has the journal's first events."""
    connection = sqlite3.connect(copy)
    try:
        sound = connection.execute("pragma quick_check").fetchall() == [("ok",)]
        rows = connection.execute(EVENTS).fetchall()
    finally:
        connection.close()
    return sound and rows == journal[: len(rows)]


def main():
    chosen = options("looks", __doc__, times=100)
    program = shutil.which("sqlite3")
    if not program:
        print("looks: skipped: there is no program `sqlite3`; Python's module looks alone", flush=True)

    # Backups are compared with the whole journal, so every event is kept.
    with Trial("looks", chosen.antiphon, chosen.rate, chosen.seed, sources, KEEP_ALL) as trial:
        copies = []
        trial.run()
        for number in range(chosen.times):
            trial.wait_for_events(chosen.rate // 4)
            copies.append(look(trial, number, program))
            trial.wait_for_events(chosen.rate // 4)
            trial.end()
            trial.run()
        trial.finish()

        handled = {event["origin"] for event in trial.printed()}
        audits = [trial.audit(source, lambda _, origin: int(origin in handled)) for source in (SOURCE, CHAT)]
        journal = trial.rows(EVENTS)
        broken = [copy.name for copy in copies if not is_prefix(copy, journal)]
        visits = sorted(number for (number,) in trial.rows("select number from looks_visit"))

        def total(name):
            return sum(audit[name] for audit in audits)

        summary = {
            "looks": chosen.times,
            "seed": chosen.seed,
            "due": total("due"),
            "stored": len(journal),
            "lost": total("lost"),
            "repeats": total("repeated"),
            "out_of_order": total("disordered"),
            "unhandled": total("unhandled"),
            "backups": len(copies),
            "backups_broken": len(broken),
            "other_rows": len(visits),
        }
        failed = any(total(name) for name in ("lost", "repeated", "disordered", "unhandled"))
        failed |= bool(broken) or visits != list(range(chosen.times))
        failed |= trial.rows("pragma quick_check") != [("ok",)]
        trial.report(summary, failed, *audits)


if __name__ == "__main__":
    main()
