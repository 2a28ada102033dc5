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

SOURCE, CHAT = "choir", "tea"


def sources(world, folder):
    """An account of each platform that has no sequence to resume from."""
    queup, chat = world.queup, world.stackexchange
    return {
        SOURCE: (
            [
                'platform = "queup"',
                f'email = {json.dumps(queup["email"])}',
                'password = { env = "CHOIR_PASSWORD" }',
                f'rooms = [{json.dumps(queup["room"])}]',
                f'rest = {json.dumps(queup["rest"])}',
                f'socket = {json.dumps(queup["socket"])}',
            ],
            {"CHOIR_PASSWORD": queup["password"]},
        ),
        CHAT: (
            [
                'platform = "stackexchange"',
                f'email = {json.dumps(chat["email"])}',
                'password = { env = "TEA_PASSWORD" }',
                f'rooms = [{chat["room"]}]',
                f'cookie_file = {json.dumps(str(folder / "cookies.json"))}',
                f'address = {json.dumps(chat["address"])}',
            ],
            {"TEA_PASSWORD": chat["password"]},
        ),
    }


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


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
        trial = Trial("kill9", options.antiphon, folder, options.rate, seed, sources)
        try:
            lives = []
            for _ in range(options.times):
                daemon = trial.run()
                life = chance.uniform(0.0, options.longest)
                time.sleep(life)
                trial.is_running(daemon)
                daemon.send_signal(signal.SIGKILL)
                daemon.wait()
                lives.append((life, trial.last()))

            # One last life, ended in order: it closes the gap, backfills and hands over what is left.
            daemon = trial.run()
            before = trial.last()
            trial.wait("the last run to store events", lambda: trial.last() > before + options.rate)
            trial.world.do(do="traffic", rate=0)
            trial.world.chat(do="traffic", rate=0)
            trial.settle()
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
            # A message that came by a history and by a socket has one name.
            message = "json_extract(cast(body as text), '$.message_id')"
            [(twice,)] = trial.rows(
                f"select count({message}) - count(distinct {message}) from event where source = ? and kind = ?",
                CHAT,
                "stackexchange.MessagePosted",
            )
            chat_repeats += twice
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

            # The handler's effects, keyed by origin.
            effects = {}
            for origin in trial.handled():
                effects[origin] = effects.get(origin, 0) + 1
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
