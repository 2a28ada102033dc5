#!/usr/bin/env python3
"""The Python programs of the guide, as printed there, against the simulator: check_guide.py ANTIPHON PROGRAM.

Each runs in this process with its libraries led to the simulator, and does what its twin in Rust does.
"""

import json
import os
import runpy
import sys
import threading
import time
import urllib.request
from pathlib import Path

from world import Check, World

PROGRAMS = Path(__file__).parent.parent / "docs/guide/programs"
PATIENCE = 30.0


class Scene:
    """One program, its simulator, and what is said there."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.check = Check(f"the guide's {name}.py")
        # Whether everything was seen: the simulator ends, and the program with it.
        self.over = False

    def run(self):
        """Runs the program as `python NAME.py` does."""
        try:
            runpy.run_path(str(PROGRAMS / f"{self.name}.py"), run_name="__main__")
        except BaseException as error:  # noqa: BLE001 - whatever ends the program ends the check
            if self.over:
                return
            print(f"FAILED the guide's {self.name}.py ended: {error!r}", flush=True)
            os._exit(1)

    def until(self, promise, condition):
        """Waits until something holds, and returns it."""
        end = time.monotonic() + PATIENCE
        while not (result := condition()):
            if time.monotonic() > end:
                self.check.that(promise, False, f"not within {PATIENCE:.0f} s")
            time.sleep(0.05)
        self.check.that(promise, True)
        return result

    def rows(self):
        return [row for page in self.world.pages() for row in page]

    def texts(self, place, field="content"):
        """The texts of a place, by the ledger."""
        bodies = (row["body"] for row in self.rows() if place in row["place"] and isinstance(row["body"], dict))
        return [body[field] for body in bodies if isinstance(body.get(field), str)]

    def messages(self, channel):
        """The texts of a channel of Discord, as the bot may read them."""
        url = f"{self.world.discord['rest']}/channels/{channel}/messages?limit=50"
        token = {"Authorization": f"Bot {self.world.discord['token']}"}
        with urllib.request.urlopen(urllib.request.Request(url, headers=token), timeout=30) as answer:
            return [message["content"] for message in json.load(answer)]

    def gateway(self, **command):
        return self.world.gateway(**command)

    def use(self, promise, **command):
        """What the bot answers to a command or a press of somebody, once it is registered."""

        def used():
            try:
                return self.gateway(**command)["interaction"]
            except SystemExit as refusal:
                if "registered no such command" in str(refusal):
                    return None
                raise

        interaction = self.until(f"{promise}: is taken", used)
        return self.until(promise, lambda: self.text(interaction))

    def text(self, interaction):
        """The newest text of an interaction: its last follow-up, or its first answer."""
        response = self.gateway(do="response", interaction=interaction).get("response") or {}
        messages = [response.get("message") or {}, *(response.get("follow_ups") or [])]
        return next((message["content"] for message in reversed(messages) if message.get("content")), None)


def discord_py(scene):
    place = str(scene.world.discord["channel_id"])
    scene.until("connects", lambda: any(row["kind"] == "discord.READY" for row in scene.rows()))
    scene.gateway(do="say", by="mira", text="!ping")
    scene.until("answers a message", lambda: "pong" in scene.texts(place))
    rolled = scene.use("rolls", do="command", by="mira", name="roll", options={"sides": 20})
    scene.check.that("rolls what it was told", rolled.startswith("mira rolls ") and rolled.endswith(" of 20."), rolled)
    again = scene.use("rolls again", do="press", by="teo", custom_id="again:20")
    scene.check.that("rolls the same again", again.startswith("teo rolls ") and again.endswith(" of 20."), again)
    guess = scene.gateway(do="command", by="mira", name="guess")["interaction"]
    scene.until("asks", lambda: scene.text(guess))
    scene.gateway(do="say", by="mira", text="4")
    scene.until("hears the answer", lambda: scene.text(guess) == "Right!")


def music(scene):
    play = {"do": "command", "by": "mira", "name": "play"}
    scene.until("connects", lambda: any(row["kind"] == "discord.READY" for row in scene.rows()))
    scene.gateway(do="join_voice", place="stalls", by="mira")
    first = scene.use("plays", **play, options={"song": "slow tide"})
    scene.check.that("plays a song", first.startswith("Here comes "), first)
    second = scene.use("lines up", **play, options={"song": "lantern"})
    scene.check.that("lines up the next", second.endswith(" is in the queue."), second)
    skipped = scene.use("skips", do="command", by="mira", name="skip")
    scene.check.that("skips a song", skipped.endswith(" is skipped."), skipped)
    stalls = scene.world.discord["voice_channel_id"]
    scene.until("announces its songs", lambda: any("♪" in text for text in scene.messages(stalls)))
    left = scene.use("leaves", do="command", by="mira", name="leave")
    scene.check.that("says good night", left == "Good night.", left)


def rooms(scene):
    mira, teo = scene.world.person(0), scene.world.person(1)
    scene.until("joins", lambda: any(row["kind"] == "queup.joined_room" for row in scene.rows()))
    room = mira.call("GET", f"/room/{scene.world.queup['room']}")["_id"]
    said = lambda: scene.texts(room, "message")
    mira.call("POST", f"/room/{room}/users")
    scene.until("greets", lambda: any(text.startswith("Welcome to The Choir Loft, ") for text in said()))
    mira.call("POST", f"/room/{room}/playlist", {"songType": "youtube", "songId": "abcdEFGH123"})
    scene.until("tells the song", lambda: any(text.startswith("♪ ") for text in said()))
    song = mira.call("GET", f"/room/{room}/playlist/active")["song"]["_id"]
    teo.call("POST", f"/room/{room}/users")
    teo.call("POST", f"/room/{room}/playlist/{song}/dubs", {"type": "updub"})
    mira.call("POST", f"/chat/{room}", {"message": "!votes", "type": "chat-message"})
    scene.until("tells the votes", lambda: "1 up, 0 down" in said())


def chat(scene):
    texts = lambda: scene.texts("room/4242")

    def is_heard():
        scene.world.chat(do="say", by="teo", text="hello?")
        return any(row.get("connection") for row in scene.rows())

    scene.until("connects", is_heard)
    scene.world.chat(do="say", by="mira", text="@antiphon are you there?")
    scene.until("answers a mention", lambda: any("hello, mira" in text for text in texts()))
    answer = next(row["body"]["message_id"] for row in scene.rows() if "hello, mira" in str(row["body"].get("content")))
    scene.world.chat(do="say", by="mira", text=f":{answer} thank you")
    scene.until("stars thanks", lambda: any(row["kind"] == "stackexchange.MessageStarred" for row in scene.rows()))


SCENES = {"chat": chat, "discord_py": discord_py, "music": music, "rooms": rooms}


def lead(world, name):
    """Leads the program's libraries and its environment to the simulator."""
    if name in ("discord_py", "music"):
        import discord
        import yarl

        discord.http.Route.BASE = world.discord["rest"]
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(world.discord["gateway"])
        node = world.lavalink[0]
        os.environ |= {
            "DISCORD_TOKEN": world.discord["token"],
            "LAVALINK_URL": node["url"],
            "LAVALINK_PASSWORD": node["password"],
        }
    elif name == "rooms":
        import collections.abc

        collections.Iterable = collections.abc.Iterable  # where the library expects it
        from backtracked.client import constants

        # By name: the library's cookie jar keeps nothing for hosts that are numbers.
        rest, socket = (world.queup[key].replace("127.0.0.1", "localhost") for key in ("rest", "socket"))
        constants.base_url = rest
        constants.ws_url = lambda token: f"{socket}?connect=1&access_token={token}&EIO=3&transport=websocket"
        os.environ |= {
            "QUEUP_EMAIL": world.queup["email"],
            "QUEUP_PASSWORD": world.queup["password"],
            "QUEUP_ROOM": world.queup["room"],
        }
    else:
        sys.path.insert(0, str(Path(__file__).parent / "stackexchange"))
        import redirect

        redirect.install(world.stackexchange["address"])
        os.environ |= {
            "SE_EMAIL": world.stackexchange["email"],
            "SE_PASSWORD": world.stackexchange["password"],
            "SE_ROOM": "4242",
        }


def main(antiphon, name):
    world = World(antiphon)
    lead(world, name)
    scene = Scene(world, name)

    def play():
        try:
            SCENES[name](scene)
            scene.check.that("the simulator knew every request", not world.notes().strip(), world.notes())
            status = 0
        except BaseException as error:  # noqa: BLE001 - the program must not go on
            print(f"FAILED {name}: {error!r}", file=sys.stderr)
            status = 1
        scene.over = True
        world.close()
        sys.stdout.flush()
        os._exit(status)

    threading.Thread(target=play, daemon=True).start()
    scene.run()
    # A program may end, and its threads go on.
    threading.Event().wait()


main(*sys.argv[1:])
