#!/usr/bin/env python3
"""Counts the instructions of the hot paths with callgrind, and holds them against the counts that are checked in.

    tools/instructions.py [--renew] [--only NAME]

Counts hold on a busy machine, where timings do not. `crates/antiphon-cli/benches/instructions.rs` is the work, and
`instructions.json` beside it has the counts, each for one event, with the compiler that they belong to.
A workload that needs more than 5 % more instructions fails; --renew writes the counts anew (say in the commit what
changed). Another compiler, processor or operating system, or a missing valgrind, is told and skipped, since counts can
then not be compared.

The bench is built with the command, so that everything that `cargo build --release` has compiled is used again.
Each workload runs twice, with more and with fewer events: the difference is what the events cost, without start and
end.

gungraun (once iai-callgrind) would need its runner installed in CI beside the library, 170 crates at version 0.20, and
keeps what it compares with in the target folder; callgrind alone and a file of counts do.
"""

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COUNTS = ROOT / "crates/antiphon-cli/benches/instructions.json"
BUDGET = 0.05
# Name, arguments, and the two numbers of events.
WORKLOADS = [
    ("frame to entry", ["frame"], 512, 3584),
    ("append, batches of 64", ["append"], 512, 3584),
    ("head to handler", ["handler"], 1024, 13312),
    *(
        (f"decode {name}", ["decode", name], 512, 2560)
        for name in
        ("MESSAGE_CREATE", "PRESENCE_UPDATE", "TYPING_START", "VOICE_STATE_UPDATE", "MESSAGE_REACTION_ADD")
    ),
    ("view and filter", ["view"], 512, 2560),
]  # fmt: skip


def machine():
    """What counts depend on beside the code."""
    compiler = subprocess.run(["rustc", "--version"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    flags = Path("/proc/cpuinfo").read_text() if platform.system() == "Linux" else ""
    # Libraries choose their ways by what the processor has.
    wide = " with AVX2" if re.search(r"\bavx2\b", flags) else ""
    return {"compiler": compiler.strip(), "machine": f"{platform.system()} {platform.machine()}{wide}"}


def build():
    """Builds the bench with the command, whose features are those of every other build; gives its path."""
    command = ["cargo", "build", "--release", "--locked", "--package", "antiphon-cli", "--bench", "instructions"]
    lines = subprocess.run(
        [*command, "--message-format", "json-render-diagnostics"], cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    for message in map(json.loads, lines.splitlines()):
        if message["reason"] == "compiler-artifact" and message["target"]["name"] == "instructions":
            return message["executable"]
    sys.exit("instructions: cargo built no bench of that name")


def total(program, arguments, events):
    """Instructions of one run."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", program, *arguments, str(events)]
        run = subprocess.run(command, capture_output=True, text=True)
    collected = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or collected is None:
        sys.exit(f"instructions: {' '.join(command)} failed\n{run.stderr[-3000:]}")
    return int(collected.group(1))


def count(program, workload):
    _, arguments, fewer, more = workload
    return round((total(program, arguments, more) - total(program, arguments, fewer)) / (more - fewer))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--renew", action="store_true", help="write the counts anew")
    arguments.add_argument("--only", default="", help="only workloads with this in their names")
    chosen = arguments.parse_args()
    here, known = machine(), json.loads(COUNTS.read_text()) if COUNTS.exists() else {"counts": {}}
    if shutil.which("valgrind") is None:
        print("skipped: valgrind is not installed (`apt-get install valgrind`)")
        return
    for what in ("compiler", "machine"):
        if not chosen.renew and known.get(what) != here[what]:
            print(f"skipped: the counts belong to {known.get(what)}, and this is {here[what]}")
            print("Renew them with `tools/instructions.py --renew` on the commit before a change, and compare after it.")
            return
    program = build()
    workloads = [workload for workload in WORKLOADS if chosen.only in workload[0]]
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda workload: count(program, workload), workloads))
    failures = []
    print(f"{'instructions for an event':<28}{'checked in':>12}{'counted':>12}{'change':>9}")
    for (name, *_), counted in zip(workloads, counts):
        before = known["counts"].get(name)
        change = counted / before - 1 if before else 0.0
        print(f"{name:<28}{before or '-':>12}{counted:>12}{change:>+9.1%}")
        if before is None and not chosen.renew:
            failures.append(f"{name} has no count yet; run `tools/instructions.py --renew`")
        elif change > BUDGET and not chosen.renew:
            failures.append(f"{name} takes {change:.1%} more instructions than checked in, and the budget is {BUDGET:.0%}")
        elif change < -BUDGET and not chosen.renew:
            print(f"  {name} became cheaper: renew the counts, so that it stays so")
    if chosen.renew:
        counts = known["counts"] | {name: counted for (name, *_), counted in zip(workloads, counts)}
        COUNTS.write_text(json.dumps({**here, "counts": counts}, indent=2) + "\n")
        print(f"written to {COUNTS.relative_to(ROOT)}")
    if failures:
        sys.exit("\n".join(f"FAILED: {failure}" for failure in failures)
                 + "\nIf the change is worth it, `tools/instructions.py --renew` and say so in the commit; else see what"
                 " it calls with `valgrind --tool=callgrind` and `callgrind_annotate`.")  # fmt: skip


main()
