#!/usr/bin/env python3
"""The choir's bot of examples/choirbot and its twin in discord.py play one scene, each in a simulator of its own.

check_choirbot.py PATH_OF_ANTIPHON PATH_OF_CHOIRBOT

What the simulated Discord saw of both is the same: the commands, every answer with its text, embed, components and file,
and the role. Not compared are ids, custom ids and addresses, the outer form of a form's fields (discord.py sends rows, and
antiphon labels), and the paginator's row, which has more buttons in antiphon.
At the end the lines of both are counted; see examples/choirbot/count.py.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from world import Check, World  # noqa: E402 - found beside its folder

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "choirbot"
PATIENCE = 60.0
COMMANDS = 5

check = Check("choirbot")


def plain(text):
    """A text without ids and times."""
    return re.sub(r"<t:\d+:R>", "<time>", re.sub(r"<@\d+>", "<user>", text or ""))


def components(rows):
    """Components without their ids."""
    kept = ("type", "label", "style", "disabled")
    flat = itertools.chain.from_iterable(row.get("components", [row]) for row in rows)
    return [{key: one[key] for key in kept if one.get(key)} for one in flat]


def message(shown):
    """A message as a user sees it."""
    return {
        "content": plain(shown["content"]),
        "ephemeral": bool(shown["flags"] & 64),
        "embeds": [
            {
                "title": embed.get("title"),
                "description": plain(embed.get("description")),
                "fields": [(field["name"], field["value"]) for field in embed.get("fields", [])],
            }
            for embed in shown["embeds"]
        ],
        "components": components(shown["components"]),
        "files": [(file["filename"], file["size"]) for file in shown["attachments"]],
    }


def fields(parts):
    """The fields of a form, which stand in rows or in labels: label, style, longest text, and custom id."""
    for part in parts:
        inner = part.get("component") or part["components"][0]
        label = part.get("label") or inner["label"]
        yield label, inner["style"], inner.get("max_length") or 4000, inner["custom_id"]


def command(declared):
    """A command as it is registered."""
    kept = ("name", "type", "description", "required", "autocomplete", "min_value", "max_value")
    return {
        "name": declared["name"],
        "type": declared["type"],
        "description": declared["description"],
        "contexts": declared.get("contexts"),
        "options": [
            {key: option[key] for key in kept if option.get(key) not in (None, False)}
            for option in declared.get("options", [])
        ],
    }


class Scene:
    def __init__(self, name, antiphon):
        self.name = name
        self.world = World(antiphon, "--seed", "7")
        self.mine = self.world.discord
        # The check looks at Discord beside the bot, and would use up its limits.
        self.world.gateway(do="unlimited")
        self.folder = tempfile.TemporaryDirectory()
        # What the bot says is for a failed check.
        self.said = open(os.path.join(self.folder.name, "said.txt"), "w+")
        self.bot = None

    def start(self, program):
        roles = self.get(f"/guilds/{self.mine['guild_id']}/roles")
        self.role = next(role["id"] for role in roles if role["name"] == "Regulars")
        environment = {
            "ANTIPHON_SIM": json.dumps(self.world.addresses),
            "CHOIR_CHANNEL": self.mine["channel_id"],
            "CHOIR_ROLE": self.role,
            "CHOIR_JOURNAL": os.path.join(self.folder.name, "journal.sqlite"),
            "DISCORD_TOKEN": self.mine["token"],
            "DISCORD_REST": self.mine["rest"],
            "DISCORD_GATEWAY": self.mine["gateway"],
        }
        self.bot = subprocess.Popen(program, env=os.environ | environment, stdout=self.said, stderr=self.said)

    def close(self):
        if self.bot is not None:
            self.bot.kill()
            self.bot.wait()
        self.said.close()
        self.world.close()
        self.folder.cleanup()

    def get(self, path):
        request = urllib.request.Request(
            self.mine["rest"] + path,
            headers={
                "Authorization": f"Bot {self.mine['token']}",
                "User-Agent": "DiscordBot (https://docs.rs/antiphon, 0)",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def until(self, what, condition):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.bot.poll() is not None:
                break
            if result := condition():
                return result
            time.sleep(0.02)
        self.said.seek(0)
        check.that(f"{self.name} {what}", False, self.said.read()[-3000:])

    def use(self, **given):
        return self.world.gateway(**{"by": "mira"} | given)["interaction"]

    def response(self, interaction):
        return self.world.gateway(do="response", interaction=interaction)["response"]

    def answer(self, what, holds=lambda shown: True, **given):
        """Uses something; returns the interaction, its answer, and what the user sees of it once that holds."""
        interaction = self.use(**given)

        def there():
            given = self.response(interaction)
            shown = given and given.get("message")
            return shown and holds(shown) and given

        given = self.until(what, there)
        return interaction, given, {"type": given["type"]} | message(given["message"])

    def button(self, shown, label):
        parts = itertools.chain.from_iterable(row["components"] for row in shown["components"])
        return next(part["custom_id"] for part in parts if part.get("label") == label)

    def react(self, shown, interaction):
        """Reacts until the bot listens: a reaction that comes before it waits is lost to discord.py."""
        for emoji in ("👍", "🎵", "🎶", "👏", "🔔"):
            self.world.gateway(do="react", message=shown["id"], by="teo", emoji=emoji)
            end = time.monotonic() + 3.0
            while time.monotonic() < end:
                now = self.response(interaction)["message"]
                if "says" in now["content"]:
                    return message(now) | {"content": plain(now["content"]).replace(emoji, "<emoji>")}
                time.sleep(0.02)
        check.that(f"{self.name} hears a reaction", False)

    def play(self):
        me, guild = self.mine["user_id"], self.mine["guild_id"]
        registered = self.until("registers its commands", lambda: self.registered(me))
        yield "registers the same commands", sorted(map(command, registered), key=lambda one: one["name"])
        self.until(
            "is connected",
            lambda: any(row["kind"] == "discord.GUILD_CREATE" for row in self.world.ledger(me)),
        )

        for number in range(1, 8):
            self.world.gateway(do="say", by="mira", text=f"line {number}")
        typed = self.use(do="autocomplete", name="sing", options={"song": "sl"}, focused="song")
        given = self.until("completes an option", lambda: self.response(typed))
        choices = given["data"]["choices"]
        yield "completes an option", [(choice["name"], choice["value"]) for choice in choices]

        _, given, sung = self.answer(
            "sings", do="command", name="sing", options={"song": "Slate", "singer": "teo", "volume": 11}
        )
        panel = given["message"]
        yield "answers with an embed and two buttons", sung
        yield "answers with defaults", self.answer("sings", do="command", name="sing", options={"song": "Slate"})[2]
        encore = {"do": "press", "custom_id": self.button(panel, "Encore"), "message": panel["id"]}
        wanted = self.answer("takes a press", lambda shown: "encore" in shown["content"], **encore)[2]
        yield "changes the message of a button", wanted

        pressed = self.use(do="press", custom_id=self.button(panel, "Request"), message=panel["id"])
        form = self.until("opens a form", lambda: self.response(pressed))
        asked = list(fields(form["data"]["components"]))
        yield "opens a form", (form["type"], form["data"]["title"], [field[:3] for field in asked])
        written = {custom_id: text for (*_, custom_id), text in zip(asked, ("Miserere", "softly"))}
        yield "takes a form", self.answer("takes a form", do="submit", fields=written)[2]

        yield "sends a file", self.answer("sends a file", do="command", name="score", options={"song": "Slate"})[2]

        _, given, first = self.answer("shows pages", do="command", name="history")
        pages = given["message"]
        yield "shows a first page", first | {"components": []}
        page = pages["content"]
        turn = {"do": "press", "custom_id": self.button(pages, "›"), "message": pages["id"]}
        stranger = self.answer("refuses strangers", **turn | {"by": "teo"})[2]
        yield "lets nobody else turn pages", stranger
        _, given, second = self.answer("turns", lambda shown: shown["content"] != page, **turn)
        yield "turns to the next page", second | {"components": []}
        back = turn | {"custom_id": self.button(given["message"], "‹")}
        _, _, first = self.answer("turns back", lambda shown: shown["content"] == page, **back)
        yield "turns back", first | {"components": []}

        joined = self.answer("takes a member in", lambda shown: shown["content"] == "welcome", do="command", name="join")
        yield "defers, and edits its answer", joined[2]
        mira = next(row for row in self.get(f"/guilds/{guild}/members/search?query=mira") if row["user"]["username"] == "mira")
        reasons = [entry.get("reason") for entry in self.get(f"/guilds/{guild}/audit-logs?action_type=25")["audit_log_entries"]]
        yield "gives the role, with a reason", (self.role in mira["roles"], reasons)
        yield "keeps a cooldown", self.answer("refuses", do="command", name="join")[2]

        vote, given, asked = self.answer("asks", do="command", name="vote", options={"question": "Encore?"})
        yield "asks a question", asked
        yield "waits for a reaction, and edits its answer", self.react(given["message"], vote)
        yield "leaves no note", [line for line in self.world.notes().splitlines() if line]

    def registered(self, application):
        commands = self.get(f"/applications/{application}/commands")
        return commands if len(commands) == COMMANDS else None


def main(antiphon, choirbot):
    with ExitStack() as open_scenes:
        ours, twin = (Scene(name, antiphon) for name in ("choirbot", "discord.py"))
        open_scenes.callback(ours.close)
        open_scenes.callback(twin.close)
        ours.start([choirbot])
        twin.start([sys.executable, str(EXAMPLE / "choirbot.py")])
        for (what, mine), (_, theirs) in zip(ours.play(), twin.play(), strict=True):
            check.that(f"{what}, as its twin", mine == theirs, f"\n{mine}\n{theirs}")
    ruff = Path(sys.executable).parent / "ruff"
    counted = subprocess.run(
        [sys.executable, str(EXAMPLE / "count.py"), "--check", str(ruff)], capture_output=True, text=True
    )
    check.that(counted.stdout.strip() or "is counted", counted.returncode == 0, counted.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
