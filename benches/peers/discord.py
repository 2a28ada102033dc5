#!/usr/bin/env python3
"""antiphon beside twilight-gateway, serenity and disagreement on the same Gateway frames, from the frame's text.

Run by hand: `cargo build --release --manifest-path benches/peers/Cargo.toml`, then
`interop/discord/.venv/bin/python benches/peers/discord.py benches/peers/target/release/discord`
(`interop/run` makes that environment). Every library has a handler for each of the four events; the Python library
takes its turn between two runs of the Rust ones.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time

import corpus
from disagreement import Client

LENGTH = 3.0


async def disagreement_events(frames):
    """How many events a second disagreement takes, from the frame's text to its listeners."""
    client = Client(token="t0")
    dispatcher = client._event_dispatcher
    taken = []

    async def listener(event):
        taken.append(None)

    for name in ("MESSAGE_CREATE", "PRESENCE_UPDATE", "TYPING_START", "VOICE_STATE_UPDATE"):
        dispatcher.register(name, listener)
    begin, events = time.perf_counter(), 0
    while time.perf_counter() - begin < LENGTH:
        for frame in frames:
            payload = json.loads(frame)
            await dispatcher.dispatch(payload["t"], payload["d"])
        events += len(frames)
        if len(taken) != len(frames):
            sys.exit(f"disagreement took {len(taken)} of {len(frames)} events")
        taken.clear()
    rate = events / (time.perf_counter() - begin)
    await client.close()
    return rate


def rust_events(program, path):
    lines = subprocess.run([program, path], capture_output=True, check=True, text=True).stdout
    return {name: float(rate) for name, rate in (line.split("\t") for line in lines.splitlines())}


def main(program):
    frames = list(corpus.frames())
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        file.write("\n".join(frames))
        file.flush()
        before = rust_events(program, file.name)
        theirs = asyncio.run(disagreement_events(frames))
        after = rust_events(program, file.name)
    rates = {name: (before[name] + after[name]) / 2 for name in before}
    rates["disagreement 0.8.1"] = theirs
    peers = ["twilight, all", "twilight, messages", "serenity", "disagreement 0.8.1"]
    print(f"{'':<22}{'events/s':>12}" + "".join(f"{'/ ' + peer:>22}" for peer in peers))
    for name, rate in rates.items():
        print(f"{name:<22}{rate:>12,.0f}" + "".join(f"{rate / rates[peer]:>22.2f}" for peer in peers))


main(sys.argv[1])
