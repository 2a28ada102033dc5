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
import signal
import subprocess
import sys
import time
import urllib.error
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import kill9  # noqa: E402 - found beside this file, wherever it is run from
import restarts  # noqa: E402
from trial import KEEP_ALL, Trial  # noqa: E402

ORGAN = "organ"
SOURCES = {
    "discord": restarts.SOURCE,
    "lavalink": ORGAN,
    "queup": kill9.SOURCE,
    "stackexchange": kill9.CHAT,
}
# Size of the ledger in MiB, enough for a quarter of an hour.
LEDGER = 2048
# Lost rows that are printed one by one.
TOLD = 20


def sources(world, folder):
    """Sources of all platforms."""
    organ = ['platform = "lavalink"', f"user = {json.dumps(world.discord['user_id'])}", f"[sources.{ORGAN}.nodes]"]
    secrets = {}
    for number, node in enumerate(world.lavalink):
        secret = f"NODE_{number}_PASSWORD"
        organ.append(f'{node["name"]} = {{ url = {json.dumps(node["url"])}, password = {{ env = "{secret}" }} }}')
        secrets[secret] = node["password"]
    return {**restarts.sources(world, folder), **kill9.sources(world, folder), ORGAN: (organ, secrets)}


# Faults, with the fields of their commands.


def seconds(chance, least, most):
    return f"{chance.uniform(least, most):.2f}s"


def status(chance):
    return chance.choice((429, 500, 502, 503))


def answer(chance):
    """A failure of a request: a status, no answer, or a late one."""
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
    """A fault that lasts until it is switched off."""
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
    """Steps of the run, each with its time in seconds from the start."""

    def __init__(self, length, chance):
        self.length = length
        # Short runs have shorter pauses, so that they are as eventful as long ones.
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
    """The daemon on trial, with counts of its ends and a list of its troubles."""

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
        """Restarts a daemon that ended by itself, and notes that as a trouble."""
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
    """Memory of a process in MB; zero if the system does not say."""
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def judge(trial, handled=None):
    """The simulator's judgement of each platform's source."""
    return {platform: trial.audit(source, handled) for platform, source in SOURCES.items()}


def play(plan, daemon, log):
    """Executes the plan's steps, each at its time or as soon as the step before has ended."""
    begin = time.monotonic()
    world = daemon.trial.world
    while plan.steps:
        at, _, what, details = heapq.heappop(plan.steps)
        while time.monotonic() - begin < at:
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


def heal(daemon, patience):
    """Ends traffic and faults, and waits until no event is lost and all are handled; returns how many seconds that took."""
    world = daemon.trial.world
    begin = time.monotonic()
    daemon.thaw()
    for platform in SOURCES:
        world.do(platform=platform, do="traffic", rate=0)
        # Hanging connections are cut, since heartbeats would notice them too late for this trial.
        world.do(platform=platform, do="cut")
    while True:
        daemon.watch()
        daemon.trial.until = world.last()
        lost = sum(audit["lost"] for audit in judge(daemon.trial).values())
        took = time.monotonic() - begin
        # The daemon prints in the order of the journal.
        if not lost and daemon.trial.last_printed() >= daemon.trial.last() or took > patience:
            return took
        time.sleep(1)


def show(audits):
    columns = ("due", "stored", "gapped", "lost", "repeated", "disordered", "unhandled", "gaps", "sent_again")
    print(f"{'':13}" + "".join(f"{column:>11}" for column in columns))
    for platform, audit in audits.items():
        print(f"{platform:13}" + "".join(f"{audit[column]:>11}" for column in columns))


def tell_faults(row, log):
    """Prints the steps from half a minute before a row to 5 s after it."""
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

    sim = ("--ledger", str(LEDGER))
    with Trial("chaos", options.antiphon, options.rate, seed, sources, KEEP_ALL, sim) as trial:
        daemon, log = Daemon(trial), []
        trial.wait_for_events(options.rate)
        play(Plan(options.seconds, random.Random(seed)), daemon, log)
        took = heal(daemon, options.heal)
        # Events stored during the stop would be handled by the next run, and there is none.
        last = trial.last()
        daemon.stop()
        daemon.take_printed()

        audits = judge(trial, lambda position, _: int(daemon.was_printed(position)) if position <= last else None)
        sound = trial.rows("pragma quick_check")[0][0]
        dead = trial.rows("select count(*) from dead_letter")[0][0]
        with open(trial.folder / "stderr.txt", "rb") as lines:
            panics = sum(b"panicked at" in line for line in lines)
        show(audits)
        summary = {
            "seed": seed,
            "seconds": options.seconds,
            "healed_after": round(took, 1),
            **{f"{what}s": count for what, count in daemon.counts.items()},
            "panics": panics,
            "dead_letters": dead,
            "quick_check": sound,
            "troubles": len(daemon.troubles),
            "peak_mb": {name: round(peak) for name, peak in daemon.peaks.items()},
            **{platform: {what: audit[what] for what in audit if what[:6] != "first_"} for platform, audit in audits.items()},
        }
        print(json.dumps(summary), flush=True)

        for what, name in (("lost", "first_lost"), ("out of order", "first_disordered")):
            for row in [row for audit in audits.values() for row in audit[name]][:TOLD]:
                told = {name: row[name] for name in ("platform", "kind", "place", "origin", "at", "n")}
                print(f"chaos: {what}: {json.dumps(told)}", file=sys.stderr)
                tell_faults(row, log)
        for trouble in daemon.troubles:
            print(f"chaos: the daemon: {trouble}", file=sys.stderr)

        wanted = ("lost", "repeated", "disordered", "unhandled")
        failed = any(audit[name] for audit in audits.values() for name in wanted)
        failed |= bool(panics or dead or daemon.troubles or sound != "ok")
        # A platform without a stored event proves nothing.
        failed |= not all(audit["stored"] for audit in audits.values())
        sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
