"""Fixtures: the simulator, and a bot that is connected to it."""

import asyncio
import json
import os
import subprocess
import urllib.request

import discord
import discord.gateway
import discord.http
import pytest
import yarl

from bot import Bot


class Simulator:
    """`antiphon sim`: ANTIPHON names the program, which otherwise is found by its name."""

    def __init__(self):
        command = [os.environ.get("ANTIPHON", "antiphon"), "sim"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addresses = json.loads(self.process.stdout.readline())
        self.discord = self.addresses["discord"]

    async def do(self, command, **fields):
        """Sends a command to the control address; returns its result."""
        body = json.dumps({"platform": "discord", "do": command} | fields).encode()
        request = urllib.request.Request(self.addresses["control"] + "/do", body, {"content-type": "application/json"})

        def send():
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or "null")

        return await asyncio.to_thread(send)

    async def until(self, condition, seconds=20):
        """Waits until an async condition gives something true, and returns it."""
        async with asyncio.timeout(seconds):
            while not (held := await condition()):
                await asyncio.sleep(0.02)
        return held

    async def response(self, interaction):
        """What the bot answered to an interaction, once it did."""

        async def given():
            return (await self.do("response", interaction=interaction))["response"]

        return await self.until(given)


@pytest.fixture
def simulator():
    simulator = Simulator()
    yield simulator
    simulator.process.kill()
    simulator.process.wait()


@pytest.fixture
def play(simulator, monkeypatch):
    """Runs a scene, an async function, beside the bot."""
    monkeypatch.setattr(discord.http.Route, "BASE", simulator.discord["rest"])
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(simulator.discord["gateway"]))

    async def with_bot(scene):
        async with Bot() as bot:
            running = asyncio.ensure_future(bot.start(simulator.discord["token"]))
            ready = asyncio.ensure_future(bot.wait_for("ready", timeout=20))
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            await scene(bot)
            await bot.close()
            await running

    return lambda scene: asyncio.run(with_bot(scene))
