#!/usr/bin/env python3
"""Restarts a Discord bot's daemon again and again, and counts what that cost.

The simulator runs in one process with ambient traffic; `antiphon run --print` journals in another, and is ended now by
SIGTERM and now by SIGKILL, and started on the same file each time. At the end:

- the bot identified once in all: every later start resumed;
- every event that the simulator's ledger has due to the bot is stored, once, and there is no gap;
- the handler's effects (a printed line per event) of one place come in the order in which things happened there.

Standard library only. Exits 1 if any of that does not hold.
"""

import json
import random
import signal
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from trial import Trial, options  # noqa: E402 - found beside this file, wherever it is run from

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
    """Spent identifies of today's budget."""
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


def main():
    chosen = options("restarts", __doc__, times=100, longest=1.5)
    chance = random.Random(chosen.seed)
    with Trial("restarts", chosen.antiphon, chosen.rate, chosen.seed, sources) as trial:
        trial.run()
        trial.wait_for_events(chosen.rate)
        for turn in range(chosen.times):
            time.sleep(chance.uniform(0.0, chosen.longest))
            trial.end(signal.SIGKILL if turn % 2 else signal.SIGTERM)
            trial.run()
        trial.finish()

        stored = trial.audit(SOURCE)
        # Printed events are judged like a journal: an event that is lost there was not handled.
        handled = trial.judge(SOURCE, trial.printed())
        spent = identifies(trial.world.discord)
        unhandled = handled["lost"] + handled["gapped"]
        summary = {
            "restarts": chosen.times,
            "seed": chosen.seed,
            "identifies": spent,
            "due": stored["due"],
            "journaled": stored["stored"],
            "gapped": stored["gapped"],
            "lost": stored["lost"],
            "repeats": stored["repeated"],
            "unhandled": unhandled,
            "handled_again": handled["repeated"],
            "out_of_order": stored["disordered"] + handled["disordered"],
        }
        failed = any(stored[name] for name in ("lost", "gapped", "gaps", "repeated", "disordered"))
        trial.report(summary, failed or spent != 1 or unhandled or handled["disordered"], stored, handled)


if __name__ == "__main__":
    main()
