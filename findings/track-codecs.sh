#!/usr/bin/env bash
# Lavalink's encoded tracks, read and written again by three published codecs.
#
# A v4 server writes tracks of version 3; journals, databases and saved playlists also hold versions 1 and 2. Behind the
# source's name a track has fields of its source: the container of an `http` track, without which lavaplayer cannot play
# it (lavaplayer's `DefaultAudioPlayerManager.decodeTrack` and `HttpAudioSourceManager.decodeTrack`). The first number of
# a track holds the size of what follows, and lavaplayer reads a size of 0 as "no track" (`MessageInput.nextMessage`).
#
# Seen:
# - @lavalink/encoding 0.1.2, the codec under Lavalink's own name on npm, refuses version 3: no track of a v4 server.
# - lavalink.py 5.11.1 reads versions 2 and 3; of version 1, which has no address, it reads one all the same, and fails.
# - lavalink.py reads the container of an http track and, given back its own values, writes a track without it.
# - moonlink.js 5.2.0 reads the container as the position, and writes every track with the size 0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check lavalink==5.11.1
npm install --silent --no-audit --no-fund --ignore-scripts @lavalink/encoding@0.1.2 moonlink.js@5.2.0

cat > tracks.py <<'PY'
"""Prints a track of each version, and one of an http source, by lavaplayer's layout."""
import base64, json, struct

def text(value):
    return struct.pack(">H", len(value)) + value.encode()

def track(version, source="youtube", own=b""):
    body = text("Slow Tide") + text("Mira") + struct.pack(">q", 215000) + text("abc") + b"\0"
    if version >= 2:
        body += b"\1" + text("https://example.com/abc")
    if version >= 3:
        body += b"\0" + b"\1" + text("GBAYE0601498")
    body += text(source) + own + struct.pack(">q", 61000)
    if version > 1:
        body = bytes([version]) + body
    return base64.b64encode(struct.pack(">I", len(body) | (version > 1) << 30) + body).decode()

made = {f"version {n}": track(n) for n in (1, 2, 3)} | {"http": track(3, "http", text("mp3"))}
json.dump(made, open("tracks.json", "w"))
PY
python3 tracks.py

cat > read.py <<'PY'
import json
from importlib.metadata import version
from lavalink import decode_track, encode_track

tracks = json.load(open("tracks.json"))
name = "lavalink.py " + version("lavalink")
for key, track in tracks.items():
    try:
        print(f"{name} reads {key}: {decode_track(track).title}")
    except Exception as error:
        print(f"{name} reads {key}: {type(error).__name__}")
http = decode_track(tracks["http"])
info = dict(http.raw["info"], position=61000)
_, again = encode_track(info)
print(f"{name} writes http: {'the same' if again == tracks['http'] else len(tracks['http']) - len(again)} characters fewer")
PY
cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { decode } from "@lavalink/encoding";
const require = createRequire(import.meta.url);
const { decodeTrack, encodeTrack } = require("./node_modules/moonlink.js/dist/src/Util.js");
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
const tracks = JSON.parse(readFileSync("tracks.json"));
for (const [key, track] of Object.entries(tracks)) {
  let seen;
  try { seen = decode(track).title; } catch (error) { seen = error.message; }
  console.log(`@lavalink/encoding ${version("@lavalink/encoding")} reads ${key}: ${seen}`);
}
const name = `moonlink.js ${version("moonlink.js")}`;
for (const [key, track] of Object.entries(tracks)) {
  console.log(`${name} reads ${key}: position ${decodeTrack(track).info.position}`);
}
const again = encodeTrack(decodeTrack(tracks["version 3"]).info);
const bytes = Buffer.from(typeof again === "string" ? again : again.encoded, "base64");
console.log(`${name} writes version 3: size ${bytes.readUInt32BE() & 0x3fffffff} of ${bytes.length - 4}`);
JS
{ venv/bin/python read.py; node read.mjs; } | tee seen.txt

diff - seen.txt <<'SEEN'
lavalink.py 5.11.1 reads version 1: UnicodeDecodeError
lavalink.py 5.11.1 reads version 2: Slow Tide
lavalink.py 5.11.1 reads version 3: Slow Tide
lavalink.py 5.11.1 reads http: Slow Tide
lavalink.py 5.11.1 writes http: 8 characters fewer
@lavalink/encoding 0.1.2 reads version 1: Slow Tide
@lavalink/encoding 0.1.2 reads version 2: Slow Tide
@lavalink/encoding 0.1.2 reads version 3: This track's version is not supported. Track version: 3, supported versions: 0, 1
@lavalink/encoding 0.1.2 reads http: This track's version is not supported. Track version: 3, supported versions: 0, 1
moonlink.js 5.2.0 reads version 1: position 61000
moonlink.js 5.2.0 reads version 2: position 61000
moonlink.js 5.2.0 reads version 3: position 61000
moonlink.js 5.2.0 reads http: position 964753589534720
moonlink.js 5.2.0 writes version 3: size 0 of 91
SEEN
echo "as it was seen on 2026-11-29"
