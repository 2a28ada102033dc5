#!/usr/bin/env bash
# What becomes of an alert that Discord refuses for two seconds.
#
# A webhook that has had enough answers 429; `retry_after` in the body and X-RateLimit-Reset-After are seconds with a
# fraction, X-RateLimit-Reset is a moment with a fraction, Retry-After whole seconds
# (https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit, whose example has 64.57 and
# 1470173023.123). A program that goes on asking meanwhile runs into the limit of invalid requests, which bans its address.
#
# The server here refuses for 2 s after a sender's first request, in the form of that example, and then takes everything.
#
# Seen:
# - discord-webhook-node 1.1.8 says that it "will handle Discord's rate limiting". It takes `retry_after` for milliseconds,
#   so its second try is 2 ms later; it does not look at what that one is answered, and its promise was kept long before.
#   The alert is lost and nobody is told. (Issue 33 of its repository, open since 2021, asks whether it retries at all.)
# - apprise 2.2.0 reads X-RateLimit-Reset as a whole number, or not at all. With Discord's fraction it knows of no wait and
#   tries again at once, is refused, and gives up; it does say so. With a moment in whole seconds it waits and delivers.
# - discord-webhook 1.4.1 (with `rate_limit_retry`) and discord-clyde 1.2.0 wait and deliver.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile discord-webhook==1.4.1 apprise==2.2.0 discord-clyde==1.2.0
npm install --silent --no-audit --no-fund --ignore-scripts discord-webhook-node@1.1.8

cat > server.py <<'PY'
"""The webhook. Each sender has a path of its own; GET tells what a path was sent."""
import http.server, json, math, os, time

first, heard = {}, {}

class Webhook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        sender = self.path.split("?")[0].rsplit("/", 1)[1]
        ends = first.setdefault(sender, time.time()) + 2
        left = round(ends - time.time(), 3)
        heard.setdefault(sender, []).append(left <= 0)
        if left <= 0:
            return self.answer(200, {"id": "1200000000000000002", "type": 0, "content": "the disk is full"})
        self.answer(429, {"message": "You are being rate limited.", "retry_after": left, "global": False}, {
            "Retry-After": math.ceil(left), "X-RateLimit-Limit": 5, "X-RateLimit-Remaining": 0,
            "X-RateLimit-Reset": math.ceil(ends) if "whole" in sender else f"{ends:.3f}",
            "X-RateLimit-Reset-After": left, "X-RateLimit-Bucket": "abcd1234", "X-RateLimit-Scope": "user", "Via": "1.1 google",
        })

    def do_GET(self):
        told = heard.get(self.path[1:], [])
        self.answer(200, {"refused": told.count(False), "taken": told.count(True)})

    def answer(self, status, body, headers={}):
        body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers | {"Content-Type": "application/json", "Content-Length": len(body)}).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
open("port.new", "w").write(str(server.server_port))
os.rename("port.new", "port")
server.serve_forever()
PY
cat > send.py <<'PY'
import json, logging, time, urllib.request
from importlib.metadata import version
import apprise, clyde, discord_webhook
from apprise.plugins.discord import NotifyDiscord

logging.disable()
base = f"http://127.0.0.1:{open('port').read()}"
webhooks = f"{base}/api/v10/webhooks"
NotifyDiscord.notify_url = webhooks

def by_apprise(token):
    notifier = apprise.Apprise()
    notifier.add(f"discord://1200000000000000001/{token}")
    return bool(notifier.notify(body="the disk is full"))

def by_discord_webhook(token):
    address = f"{webhooks}/1200000000000000001/{token}"
    return discord_webhook.DiscordWebhook(address, content="the disk is full", rate_limit_retry=True).execute().ok

def by_clyde(token):
    webhook = clyde.Webhook(url="https://discord.com/api/webhooks/1200000000000000001/x", content="the disk is full")
    webhook.url = f"{webhooks}/1200000000000000001/{token}"
    return webhook.execute() is not None

for package, token, send in (
    ("discord-webhook", "plain", by_discord_webhook),
    ("discord-clyde", "clyde", by_clyde),
    ("apprise", "fraction", by_apprise),
    ("apprise", "whole", by_apprise),
):
    said = send(token)
    time.sleep(3)
    told = json.load(urllib.request.urlopen(f"{base}/{token}"))
    print(f"{package} {version(package)} ({token}): refused {told['refused']}, taken {told['taken']}, says {said}".lower())
PY
cat > send.mjs <<'JS'
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "discord-webhook-node";
const base = `http://127.0.0.1:${readFileSync("port")}`;
const { version } = JSON.parse(readFileSync("node_modules/discord-webhook-node/package.json"));
let said = "sent";
await new Webhook(`${base}/api/v10/webhooks/1200000000000000001/node`).send("the disk is full").catch((error) => { said = error.message; });
await sleep(3000);
const { refused, taken } = await (await fetch(`${base}/node`)).json();
console.log(`discord-webhook-node ${version}: refused ${refused}, taken ${taken}, says ${said}`);
JS
python3 server.py & server=$!
until [ -e port ]; do sleep 0.1; done
{ venv/bin/python send.py; node send.mjs; } | tee seen.txt

diff - seen.txt <<'SEEN'
discord-webhook 1.4.1 (plain): refused 1, taken 1, says true
discord-clyde 1.2.0 (clyde): refused 1, taken 1, says true
apprise 2.2.0 (fraction): refused 2, taken 0, says false
apprise 2.2.0 (whole): refused 1, taken 1, says true
discord-webhook-node 1.1.8: refused 2, taken 0, says sent
SEEN
echo "as it was seen on 2026-11-30"
