#!/usr/bin/env python3
"""Kills the daemon at random moments and counts what became of every event it was due.

The simulator runs in one process with ambient traffic; `antiphon run --print` journals in another, is killed with
SIGKILL again and again, and is started on the same file each time. At the end:

- every event that the simulator's ledger has due to the account is stored once, or lies inside a reported gap;
- every chat message still on the room's history page is stored;
- the handler's effects (a printed line per event, keyed by origin) are complete for all that is stored.

Standard library only. Exits 1 if anything was lost.
"""

import json
import random
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from trial import Trial, options  # noqa: E402 - found beside this file, wherever it is run from

SOURCE, CHAT = "choir", "tea"


def sources(world, folder):
    """Sources of the two platforms that have no sequence to resume from."""
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
                f'url = {json.dumps(chat["url"])}',
            ],
            {"TEA_PASSWORD": chat["password"]},
        ),
    }


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.loads(answer.read())["data"]


def history(trial):
    """The ids of the chat that the room's history page still has; anyone may ask for it."""
    queup = trial.world.queup
    room = get(f"{queup['rest']}/room/{queup['room']}")["_id"]
    ledger = trial.world.ledger(queup["user_id"])
    joined = min((row["at"] for row in ledger if row["place"] == f"room/{room}"), default=0)
    page = get(f"{queup['rest']}/chat/{room}")
    return [item["chatid"] for item in page if item.get("type") == "chat-message" and float(item["time"]) >= joined]


def main():
    chosen = options("kill9", __doc__, times=50, longest=3.0)
    chance = random.Random(chosen.seed)
    with Trial("kill9", chosen.antiphon, chosen.rate, chosen.seed, sources) as trial:
        for _ in range(chosen.times):
            trial.run()
            time.sleep(chance.uniform(0.0, chosen.longest))
            trial.end()
        # The last run ends in order: it closes the gap, backfills, and handles all events that are left.
        trial.run()
        trial.finish()

        effects = Counter(event["origin"] for event in trial.printed())
        queup, chat = (trial.audit(source, lambda _, origin: effects[origin]) for source in (SOURCE, CHAT))
        stored = {origin for (origin,) in trial.rows("select origin from event where source = ?", SOURCE)}
        kept = history(trial)
        missing = [chat_id for chat_id in kept if f"chat/{chat_id}" not in stored]
        dead = trial.rows("select count(*) from dead_letter")[0][0]
        summary = {
            "kills": chosen.times,
            "seed": chosen.seed,
            "due": queup["due"],
            "journaled": queup["stored"],
            "gapped": queup["gapped"],
            "lost": queup["lost"],
            "repeats": queup["repeated"],
            "out_of_order": queup["disordered"],
            "stored": len(stored),
            "gaps": queup["gaps"],
            "history": len(kept),
            "history_missing": len(missing),
            "effects_missing": queup["unhandled"] + chat["unhandled"],
            "handled_again_after_a_kill": queup["handled_again"] + chat["handled_again"],
            "dead_letters": dead,
            "stackexchange": {
                "due": chat["due"],
                "journaled": chat["stored"],
                "gapped": chat["gapped"],
                "lost": chat["lost"],
                "repeats": chat["repeated"],
                "out_of_order": chat["disordered"],
                "sent_again": chat["sent_again"],
            },
        }
        failed = any(audit[name] for audit in (queup, chat) for name in ("lost", "repeated", "disordered", "unhandled"))
        # Without a gap or a message that was sent again, the kills missed nothing and prove nothing.
        failed |= bool(missing or dead or not queup["gapped"] or not chat["sent_again"])
        trial.report(summary, failed, queup, chat)


if __name__ == "__main__":
    main()
