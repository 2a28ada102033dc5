#!/usr/bin/env python3
"""Restarts a Discord bot's daemon again and again, and counts what that cost.

The simulator runs in one process with ambient traffic; `antiphon run --print` journals in another, and is ended now by
SIGTERM and now by SIGKILL, and started on the same file each time. At the end:

- the bot identified once in all: every later start resumed;
- every event that the simulator's ledger has due to the bot is stored, once, and there is no gap;
- the handler's effects (a printed line per event) of one place come in the order in which things happened there.

Standard library only. Exits 1 if any of that does not hold.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from trial import Trial, account  # noqa: E402 - found beside this file, wherever it is run from

SOURCE = "loft"
INTENTS = (
    "GUILDS GUILD_MEMBERS GUILD_MODERATION GUILD_EXPRESSIONS GUILD_INTEGRATIONS GUILD_WEBHOOKS GUILD_INVITES "
    "GUILD_VOICE_STATES GUILD_PRESENCES GUILD_MESSAGES GUILD_MESSAGE_REACTIONS GUILD_MESSAGE_TYPING "
    "DIRECT_MESSAGES DIRECT_MESSAGE_REACTIONS DIRECT_MESSAGE_TYPING MESSAGE_CONTENT GUILD_SCHEDULED_EVENTS "
    "AUTO_MODERATION_CONFIGURATION AUTO_MODERATION_EXECUTION GUILD_MESSAGE_POLLS DIRECT_MESSAGE_POLLS"
).split()


def sources(world, _folder):
    discord = world.discord
    return {
        SOURCE: (
            [
                'platform = "discord"',
                'token = { env = "LOFT_TOKEN" }',
                f"intents = {json.dumps(INTENTS)}",
                f'rest = {json.dumps(discord["rest"])}',
            ],
            {"LOFT_TOKEN": discord["token"]},
        )
    }


def identifies(discord):
    """How many identifies of today's budget are spent."""
    request = urllib.request.Request(
        discord["rest"] + "/gateway/bot",
        headers={
            "Authorization": f"Bot {discord['token']}",
            "User-Agent": "DiscordBot (https://docs.rs/antiphon, 0)",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        limit = json.loads(answer.read())["session_start_limit"]
    return limit["total"] - limit["remaining"]


def disordered(ledger, handled):
    """Effects that come behind a later one of their place; what comes again after a kill does not count."""
    numbers = {row["origin"]: (row["place"], row["n"]) for row in ledger}
    reached, seen, wrong = {}, set(), []
    for origin in handled:
        if origin in seen or origin not in numbers:
            continue
        seen.add(origin)
        place, number = numbers[origin]
        if number < reached.get(place, 0):
            wrong.append(origin)
        reached[place] = max(number, reached.get(place, 0))
    return wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("antiphon", help="path of the antiphon binary")
    arguments.add_argument("--times", type=int, default=100)
    arguments.add_argument("--rate", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=None)
    arguments.add_argument("--longest", type=float, default=1.5, help="seconds a run lives at most")
    options = arguments.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 31)
    chance = random.Random(seed)
    print(f"restarts: {options.times}, {options.rate} events a second, seed {seed}", flush=True)

    with tempfile.TemporaryDirectory(prefix="restarts-") as folder:
        trial = Trial("restarts", options.antiphon, folder, options.rate, seed, sources)
        world = trial.world
        try:
            for platform in ("queup", "stackexchange"):
                world.do(do="traffic", platform=platform, rate=0)
            daemon = trial.run()
            trial.wait("the first run to store events", lambda: trial.last() > options.rate)
            for turn in range(options.times):
                time.sleep(chance.uniform(0.0, options.longest))
                trial.is_running(daemon)
                daemon.send_signal(signal.SIGKILL if turn % 2 else signal.SIGTERM)
                daemon.wait(timeout=30)
                daemon = trial.run()

            before = trial.last()
            trial.wait("the last run to store events", lambda: trial.last() > before + options.rate)
            world.do(do="traffic", platform="discord", rate=0)
            trial.settle()
            ledger = world.ledger(world.discord["user_id"])
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(timeout=30)

            stored, gaps = trial.stored(SOURCE), trial.gaps(SOURCE)
            journaled, gapped, lost = account(ledger, stored, gaps)
            repeats = sum(count - 1 for count in stored.values())
            handled = list(trial.handled())
            unhandled = {row["origin"] for row in ledger} - set(handled)
            wrong = disordered(ledger, handled)
            spent = identifies(world.discord)
            summary = {
                "restarts": options.times,
                "seed": seed,
                "identifies": spent,
                "due": len(ledger),
                "journaled": journaled,
                "gapped": gapped,
                "lost": len(lost),
                "repeats": repeats,
                "unhandled": len(unhandled),
                "handled_again": len(handled) - len(set(handled)),
                "out_of_order": len(wrong),
            }
            print(json.dumps(summary), flush=True)
            for row in lost[:5]:
                print(f"restarts: lost: {json.dumps(row)}", file=sys.stderr)
            failed = spent != 1 or lost or gapped or gaps or repeats or unhandled or wrong
            if failed:
                keep = tempfile.mkdtemp(prefix="restarts-failed-")
                subprocess.run(["cp", "-r", folder, keep], check=False)
                print(f"restarts: FAILED; files kept in {keep}", file=sys.stderr)
            sys.exit(1 if failed else 0)
        finally:
            world.close()


if __name__ == "__main__":
    main()
