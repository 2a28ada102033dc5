#!/usr/bin/env python3
"""discord.py 2.7.1 against the simulator, over zstd-stream.

A bot with all intents plays through a day: messages, direct messages, files, threads, every kind of interaction and a ban;
then 20 s of ambient traffic, which uses its commands and components, and every way to lose its connection meanwhile. Its error
hooks, its log and its tasks stay without an error, and every dispatch that the ledger has for its sessions is heard once.
"""

import asyncio
import io
import json
import logging
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from world import Check, World  # noqa: E402 - found beside its folder

import discord  # noqa: E402
import yarl  # noqa: E402
from discord import app_commands  # noqa: E402

PATIENCE = 40.0
LONGEST = 150.0
# Events a second, and for how many seconds at least.
RATE, AMBIENT = 120, 20.0
CROWD = 300

# What discord.py makes of a dispatch, where that does not depend on its caches.
MADE = {
    "MESSAGE_CREATE": "message",
    "MESSAGE_UPDATE": "raw_message_edit",
    "MESSAGE_DELETE": "raw_message_delete",
    "MESSAGE_DELETE_BULK": "raw_bulk_message_delete",
    "MESSAGE_REACTION_ADD": "raw_reaction_add",
    "MESSAGE_POLL_VOTE_ADD": "raw_poll_vote_add",
    "TYPING_START": "raw_typing",
    "INTERACTION_CREATE": "interaction",
    "VOICE_STATE_UPDATE": "voice_state_update",
    "GUILD_MEMBER_REMOVE": "raw_member_remove",
    "GUILD_AUDIT_LOG_ENTRY_CREATE": "audit_log_entry_create",
    "INTEGRATION_CREATE": "integration_create",
    "INTEGRATION_UPDATE": "integration_update",
    "INVITE_CREATE": "invite_create",
    "ENTITLEMENT_CREATE": "entitlement_create",
}
# Dispatches that discord.py 2.7.1 does not know; it says so in its debug log and goes on.
# Discord gives the full list of a guild's members once in 30 s, and answers RATE_LIMITED before: discord.py, which asks for
# the list in every new session, waits for it in vain and becomes ready without.
UNKNOWN = {"RATE_LIMITED", "VOICE_CHANNEL_STATUS_UPDATE", "VOICE_CHANNEL_START_TIME_UPDATE"}
# What its log says of its own accord: that it lost its connection, and what RATE_LIMITED leads to.
KNOWN = ("Attempting a reconnect", "Shard ID 0 timed out waiting for chunks")

check = Check("discord.py")


class Form(discord.ui.Modal, title="A new song"):
    song = discord.ui.TextInput(label="Title", custom_id="song")

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"noted {self.song.value}", ephemeral=True)

    async def on_error(self, interaction, error):
        interaction.client.failed("modal", error)


class Panel(discord.ui.View):
    """Components that stay usable, also by those who just pass by."""

    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="Ring", custom_id="ring")
    async def ring(self, interaction, _):
        await interaction.response.edit_message(content=f"rung by {interaction.user.name}")

    @discord.ui.button(label="Ask", custom_id="ask")
    async def ask(self, interaction, _):
        await interaction.response.send_modal(Form())

    @discord.ui.button(label="Later", custom_id="later")
    async def later(self, interaction, _):
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"rung late by {interaction.user.name}")

    @discord.ui.select(
        custom_id="part", options=[discord.SelectOption(label="Alto"), discord.SelectOption(label="Bass")]
    )
    async def part(self, interaction, select):
        await interaction.response.send_message(f"sings {select.values[0]}", ephemeral=True)

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="singer")
    async def singer(self, interaction, select):
        await interaction.response.send_message(f"chose {select.values[0].name}", ephemeral=True)

    async def on_error(self, interaction, error, item):
        interaction.client.failed(item.custom_id, error)


class Log(logging.Handler):
    """Whatever the library has to complain about."""

    def __init__(self, bot):
        super().__init__()
        self.bot = bot

    def emit(self, record):
        text = record.getMessage()
        if text.startswith("Unknown event"):
            self.bot.unknown[record.args[0]] += 1
        elif "unknown" in text and "eferencing" in text:
            # Without the list of members, in its second session, it knows only those who speak.
            if not (self.bot.losing and ("unknown member" in text or "unknown user" in text)):
                self.bot.discarded[text] += 1
        elif record.levelno >= logging.WARNING and not text.startswith(KNOWN):
            self.bot.errors.append((record.name, text, str(record.exc_info and record.exc_info[1])))


class Bot(discord.Client):
    def __init__(self):
        super().__init__(
            intents=discord.Intents.all(), activity=discord.Game("chess"), enable_debug_events=True, max_messages=5000
        )
        self.tree = app_commands.CommandTree(self)
        self.tree.on_error = self.command_failed
        # (session, sequence, name) of each dispatch.
        self.dispatches = []
        self.session = None
        # Ids of messages that were created.
        self.messages = set()
        self.made = Counter()
        self.unknown, self.discarded = Counter(), Counter()
        self.errors = []
        self.losing = False

    def dispatch(self, event, /, *args, **kwargs):
        if event == "socket_raw_receive":
            frame = json.loads(args[0])
            if frame["op"] == 0:
                if frame["t"] == "READY":
                    self.session = frame["d"]["session_id"]
                elif frame["t"] == "MESSAGE_CREATE":
                    self.messages.add(frame["d"]["id"])
                self.dispatches.append((self.session, frame["s"], frame["t"]))
        self.made[event] += 1
        super().dispatch(event, *args, **kwargs)

    async def on_error(self, event, *_args, **_kwargs):
        self.errors.append((event, repr(sys.exc_info()[1])))

    async def command_failed(self, interaction, error):
        self.failed(interaction.command and interaction.command.name, error)

    def failed(self, what, error):
        cause = getattr(error, "original", error)
        # An interaction of traffic expires if it waits for the bot for more than three seconds.
        if not (self.losing and getattr(cause, "code", None) == 10062):
            self.errors.append((what, repr(error)))

    async def setup_hook(self):
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.errors.append(("task", str(context))))
        self.add_view(Panel())
        commands(self.tree)
        await self.tree.sync()


def commands(tree):
    @tree.command(description="Sings a song")
    async def sing(interaction: discord.Interaction, song: str, singer: discord.Member, times: int = 1):
        await interaction.response.send_message(f"{singer.name} sings {song} {times} times", view=Panel())

    @sing.autocomplete("song")
    async def songs(_interaction: discord.Interaction, current: str):
        return [app_commands.Choice(name=song, value=song) for song in ("Slow Tide", "Slate") if current in song]

    @tree.command(description="Thinks first")
    async def ponder(interaction: discord.Interaction):
        await interaction.response.defer(thinking=True)
        original = await interaction.original_response()
        assert original.flags.loading, original.flags
        await interaction.edit_original_response(content="pondered")
        await interaction.followup.send("and once more", ephemeral=True)

    @tree.context_menu(name="greet")
    async def greet(interaction: discord.Interaction, user: discord.Member):
        await interaction.response.send_message(f"hello {user.name}")

    @tree.context_menu(name="quote")
    async def quote(interaction: discord.Interaction, message: discord.Message):
        await interaction.response.send_message(f"> {message.content}"[:2000], ephemeral=True)


class Story:
    def __init__(self, world):
        self.world, self.bot = world, Bot()
        self.mine = world.discord

    async def do(self, **command):
        return await asyncio.to_thread(lambda: self.world.gateway(**command))

    def healthy(self):
        if self.running.done():
            check.that("runs on", False, self.running.exception() or "it ended")
        if self.bot.errors:
            check.that("runs without an error", False, self.bot.errors[:5])

    async def until(self, what, condition, said=True):
        end = time.monotonic() + PATIENCE
        while True:
            self.healthy()
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                if said:
                    check.that(what, True)
                return result
            if time.monotonic() > end:
                check.that(what, False, f"not within {PATIENCE:.0f} s; last heard {self.bot.dispatches[-5:]}")
            await asyncio.sleep(0.02)

    async def response(self, **command):
        """What the bot answers to an interaction, once it does."""
        interaction = (await self.do(**command))["interaction"]

        async def there():
            return (await self.do(do="response", interaction=interaction))["response"]

        return interaction, await self.until("answers", there, said=False)

    async def answer(self, what, held, **command):
        interaction, given = await self.response(**command)
        check.that(what, held(given), given)
        return interaction

    # ------------------------------------------------------------------------------------------------------------------

    async def log_in(self):
        discord.http.Route.BASE = self.mine["rest"]
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self.mine["gateway"])
        await self.do(do="crowd", members=CROWD)
        self.running = asyncio.ensure_future(self.bot.start(self.mine["token"]))
        await self.until("becomes ready, with its guild's members in chunks", self.bot.is_ready)
        bot, self.guild = self.bot, self.bot.get_guild(int(self.mine["guild_id"]))
        check.that("is who it is", str(bot.user.id) == self.mine["user_id"], bot.user)
        check.that(
            "has every member", len(self.guild.members) == self.guild.member_count > CROWD, len(self.guild.members)
        )
        age = discord.utils.utcnow() - self.guild.created_at
        check.that("its guild is as old as its id says", 300 < age.days < 500, age)
        self.loft = bot.get_channel(int(self.mine["channel_id"]))
        found = await self.guild.query_members("mir", limit=5)
        check.that("finds a member by prefix", [member.name for member in found] == ["mira"], found)

    async def talk(self):
        bot, loft = self.bot, self.loft
        sent = await loft.send("hello from discord.py", embed=discord.Embed(title="A song", description="for you"))
        age = (discord.utils.utcnow() - sent.created_at).total_seconds()
        check.that("its message was made now", abs(age) < 20 and sent.embeds[0].title == "A song", age)
        await sent.edit(content="hello again")
        await sent.add_reaction("🎶")
        again = await loft.fetch_message(sent.id)
        check.that("edits and reacts", (again.content, again.reactions[0].me) == ("hello again", True), again)

        said = (await self.do(do="say", by="teo", text="who is there?"))["message"]
        heard = await self.until(
            "hears a message", lambda: discord.utils.get(bot.cached_messages, id=int(said))
        )
        reply = await heard.reply("me")
        check.that(
            "replies",
            (reply.type, reply.reference.message_id) == (discord.MessageType.reply, heard.id),
            (reply.type, reply.reference),
        )

        mira = await bot.fetch_user(next(one.id for one in self.guild.members if one.name == "mira"))
        direct = await mira.send("a word in private")
        check.that("sends a direct message", direct.channel.type is discord.ChannelType.private, direct.channel)
        said = (await self.do(do="whisper", by="mira", text="and one back"))["message"]
        heard = await self.until(
            "hears a direct message", lambda: discord.utils.get(bot.cached_messages, id=int(said))
        )
        check.that("in the same conversation", heard.channel.id == direct.channel.id, heard.channel)
        await heard.reply("thank you")

        data = bytes(range(256)) * 8 * 1024
        sent = await loft.send(file=discord.File(io.BytesIO(data), filename="tide.bin", description="two MiB"))
        (file,) = sent.attachments
        check.that("sends a file", (file.filename, file.size) == ("tide.bin", len(data)), file.to_dict())

        thread = await sent.create_thread(name="about the tide")
        said = await thread.send("in here")
        check.that("begins a thread from a message", (thread.id, said.channel.id) == (sent.id, sent.id), thread)
        await thread.edit(archived=True)
        check.that("archives it", (await bot.fetch_channel(thread.id)).archived)

        gone = [int((await self.do(do="say", by="teo", text=f"soon gone {n}"))["message"]) for n in range(3)]
        deleted = await loft.purge(limit=200, check=lambda message: message.content.startswith("soon gone"))
        check.that("purges", sorted(message.id for message in deleted) == gone, deleted)

    async def moderate(self):
        iris = next(member for member in self.guild.members if member.name == "iris")
        await self.guild.ban(iris, reason="sings too loud", delete_message_seconds=0)
        entries = [entry async for entry in self.guild.audit_logs(limit=5, action=discord.AuditLogAction.ban)]
        told = [(entry.user.id, entry.target.id, entry.reason) for entry in entries]
        check.that(
            "bans, and the audit log says why", (self.bot.user.id, iris.id, "sings too loud") in told, told
        )
        bans = [ban.user.id async for ban in self.guild.bans(limit=1000)]
        check.that("finds it among the banned", iris.id in bans, bans)
        await self.guild.unban(iris, reason="sings well again")

    async def interact(self):
        here = {"by": "mira"}
        await self.answer(
            "completes an option",
            lambda given: given["type"] == 8 and [one["value"] for one in given["data"]["choices"]] == ["Slow Tide"],
            do="autocomplete", name="sing", options={"song": "Slow", "singer": "teo"}, focused="song", **here,
        )  # fmt: skip
        asked = await self.answer(
            "answers a slash command",
            lambda given: (given["type"], given["message"]["content"]) == (4, "teo sings Slow Tide 2 times"),
            do="command", name="sing", options={"song": "Slow Tide", "singer": "teo", "times": 2}, **here,
        )  # fmt: skip
        panel = (await self.do(do="response", interaction=asked))["response"]["message"]["id"]
        await self.answer(
            "greets by a user's menu",
            lambda given: given["message"]["content"] == "hello teo",
            do="context", name="greet", target="teo", **here,
        )  # fmt: skip
        await self.answer(
            "answers a message's menu",
            lambda given: given["message"]["content"].startswith("> ") and given["message"]["flags"] == 64,
            do="context", name="quote", target=panel, **here,
        )  # fmt: skip
        await self.answer(
            "updates a button's message",
            lambda given: (given["type"], given["message"]["id"]) == (7, panel),
            do="press", custom_id="ring", message=panel, **here,
        )  # fmt: skip
        chosen = {"do": "select", "message": panel, **here}
        await self.answer(
            "answers a select menu",
            lambda given: given["message"]["content"] == "sings Alto",
            custom_id="part", values=["Alto"], **chosen,
        )  # fmt: skip
        await self.answer(
            "answers a menu of users",
            lambda given: given["message"]["content"] == "chose teo",
            custom_id="singer", values=["teo"], **chosen,
        )  # fmt: skip
        await self.answer(
            "opens a modal",
            lambda given: (given["type"], given["data"]["title"]) == (9, "A new song"),
            do="press", custom_id="ask", message=panel, **here,
        )  # fmt: skip
        await self.answer(
            "takes the modal's answer",
            lambda given: given["message"]["content"] == "noted Evensong",
            do="submit", fields={"song": "Evensong"}, **here,
        )  # fmt: skip

        late, given = await self.response(do="press", custom_id="later", message=panel, **here)
        check.that("defers an update", given["type"] == 6, given)

        async def shown():
            response = (await self.do(do="response", interaction=late))["response"]
            return response["message"]["content"] == "rung late by mira"

        await self.until("and edits the message later", shown)
        asked, given = await self.response(do="command", name="ponder", **here)
        check.that("defers an answer", given["type"] == 5, given)

        async def pondered():
            response = (await self.do(do="response", interaction=asked))["response"]
            follow_ups = [message["content"] for message in response["follow_ups"]]
            return (response["message"]["content"], follow_ups) == ("pondered", ["and once more"])

        await self.until("and edits it, with a follow-up", pondered)

    async def lose(self):
        """Every way to lose a connection, with traffic going on."""
        for what, again, command in (
            ("is resumed after a cut", "RESUMED", {"do": "cut"}),
            ("is resumed after an outage", "RESUMED", {"do": "cut", "for": "1s"}),
            ("is resumed after op 7", "RESUMED", {"do": "reconnect"}),
            ("is resumed after op 9 with true", "RESUMED", {"do": "invalidate", "resumable": True}),
            ("is resumed after close code 4000", "RESUMED", {"do": "close", "code": 4000}),
            ("identifies again after op 9 with false", "READY", {"do": "invalidate", "resumable": False}),
        ):
            before = self.heard(again)
            await self.do(**command)
            await self.until(what, lambda before=before, again=again: self.heard(again) == before + 1)
            said = (await self.do(do="say", by="teo", text="still there?"))["message"]
            await self.until("hears on", lambda said=said: said in self.bot.messages, said=False)
            await self.loft.send(what, view=Panel())

    def heard(self, name):
        return sum(1 for _, _, heard in self.bot.dispatches if heard == name)

    async def due(self):
        """What the ledger has for the bot's sessions."""
        rows = await asyncio.to_thread(lambda: self.world.ledger(self.mine["user_id"]))
        return {
            (row["connection"], row["frame"], row["kind"].removeprefix("discord."))
            for row in rows
            if row["kind"].startswith("discord.") and row["connection"]
        }

    async def agree(self):
        bot = self.bot

        async def settled():
            return await self.due() <= set(bot.dispatches)

        await self.until("hears every dispatch that the ledger has for its sessions", settled)
        due, heard = await self.due(), Counter(bot.dispatches)
        twice = [one for one, times in heard.items() if times > 1]
        # RESUMED belongs to a connection and has no row.
        extra = [one for one in heard if one not in due and one[2] != "RESUMED"]
        check.that("none of them twice, and nothing else", not twice and not extra, (twice[:5], extra[:5]))
        kinds = Counter(name for _, _, name in bot.dispatches)
        check.that(f"in all {sum(kinds.values())} dispatches of {len(kinds)} kinds", len(kinds) > 40, kinds)
        wrong = {name: (bot.made[made], kinds[name]) for name, made in MADE.items() if bot.made[made] != kinds[name]}
        check.that("makes an event of each", not wrong, wrong)
        check.that("knows every event", set(bot.unknown) <= UNKNOWN, bot.unknown)
        check.that("knows everything that events name", not bot.discarded, bot.discarded)

    async def play(self):
        await self.log_in()
        await self.talk()
        await self.interact()
        await self.moderate()
        begun = time.monotonic()
        self.bot.losing = True
        await self.do(do="traffic", rate=RATE)
        await self.lose()
        await self.until("20 s of traffic", lambda: time.monotonic() > begun + AMBIENT, said=False)
        await self.do(do="traffic", rate=0)
        await self.agree()
        self.healthy()
        check.that("no error in its hooks, log or tasks", not self.bot.errors)
        await self.bot.close()
        await asyncio.gather(self.running, return_exceptions=True)
        notes = [line for line in self.world.notes().splitlines() if line]
        check.that("nothing about it is noted", not notes, notes[:5])


def main(antiphon):
    world = World(antiphon)
    story = Story(world)
    log = logging.getLogger("discord")
    log.setLevel(logging.DEBUG)
    log.addHandler(Log(story.bot))
    log.propagate = False
    try:
        asyncio.run(asyncio.wait_for(story.play(), LONGEST))
    finally:
        world.close()


if __name__ == "__main__":
    main(sys.argv[1])
