#!/usr/bin/env bash
# What people wrote, and what a transcript of their channel shows of it.
#
# Bots for tickets and moderation keep a channel as a page and delete the channel. Of the messages below only the first two
# have what they say in `content` or `embeds`; a forward has it in `message_snapshots`, a poll in `poll`, a sticker in
# `sticker_items`, and a message of Components V2 in its components, where `content` and `embeds` have to be empty
# (https://discord.com/developers/docs/resources/message#message-object, #message-snapshot-object, #message-flags).
#
# Seen: each of the four writes such a message as a blank with author and time, and says nothing of it.
# - discord-html-transcripts 3.3.0: forwards, polls and stickers are blank.
# - discord-message-transcript 1.4.1: forwards and stickers are blank.
# - transcriptify 1.0.6: forwards are blank, although its page has a form for them, and so is everything of Components V2.
# - chat-exporter 3.1.0 with discord.py 2.7.1: polls are blank.
#
# No fault of the same kind, but needed here: as npm installs it, discord-html-transcripts 3.3.0 does not start. It needs
# `debug`, which it does not name, and one React for two packages that ask for different ones (--legacy-peer-deps).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile discord.py==2.7.1 chat-exporter==3.1.0
mkdir react19 react18
npm install --prefix react19 --silent --no-audit --no-fund --ignore-scripts --omit=optional --legacy-peer-deps \
  discord.js@14.28.1 discord-html-transcripts@3.3.0 discord-message-transcript@1.4.1 debug@4.4.3
npm install --prefix react18 --silent --no-audit --no-fund --ignore-scripts discord.js@14.28.1 transcriptify@1.0.6

cat > channel.py <<'PY'
"""A guild as GUILD_CREATE has it, and its channel's messages as the REST interface has them."""
import json

GUILD, CHANNEL, BOT = "1200000000000000001", "1200000000000000002", "1200000000000000009"
author = {"id": "1200000000000000003", "username": "teo", "discriminator": "0", "global_name": "Teo", "avatar": None, "bot": False}
role = {"id": GUILD, "name": "@everyone", "permissions": str(1 << 10 | 1 << 16), "position": 0, "color": 0, "hoist": False,
        "managed": False, "mentionable": False, "flags": 0, "icon": None, "unicode_emoji": None,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}}
channel = {"id": CHANNEL, "type": 0, "guild_id": GUILD, "name": "ticket-12", "position": 0, "permission_overwrites": [], "nsfw": False,
           "topic": None, "parent_id": None, "last_message_id": None, "rate_limit_per_user": 0, "flags": 0}
me = {"user": author | {"id": BOT, "username": "bot", "bot": True}, "roles": [], "joined_at": "2024-01-01T00:00:00+00:00",
      "deaf": False, "mute": False, "flags": 0, "pending": False, "nick": None, "avatar": None, "premium_since": None,
      "communication_disabled_until": None}
guild = {"id": GUILD, "name": "choir", "owner_id": BOT, "member_count": 1, "large": False, "unavailable": False, "roles": [role],
         "channels": [channel], "members": [me], "threads": [], "emojis": [], "stickers": [], "features": [], "presences": [],
         "voice_states": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
         "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0,
         "premium_tier": 0, "premium_subscription_count": 0, "premium_progress_bar_enabled": False, "nsfw_level": 0,
         "preferred_locale": "en-US", "system_channel_flags": 0, "system_channel_id": None, "rules_channel_id": None,
         "public_updates_channel_id": None, "safety_alerts_channel_id": None, "afk_channel_id": None, "afk_timeout": 300,
         "icon": None, "splash": None, "discovery_splash": None, "banner": None, "description": None, "vanity_url_code": None,
         "application_id": None, "region": "deprecated", "max_members": 500000, "max_video_channel_users": 25,
         "joined_at": "2024-01-01T00:00:00+00:00"}
empty = {"type": 0, "content": "", "embeds": [], "attachments": [], "mentions": [], "mention_roles": [], "components": [],
         "flags": 0, "timestamp": "2026-11-01T00:00:00+00:00", "edited_timestamp": None}
says = {
    "text": {"content": "wantstext"},
    "embed": {"embeds": [{"type": "rich", "title": "Note", "description": "wantsembed"}]},
    "forward": {"flags": 1 << 14, "message_snapshots": [{"message": empty | {"content": "wantsforward"}}],
                "message_reference": {"type": 1, "message_id": "1200000000000000099", "channel_id": "1200000000000000098"}},
    "poll": {"poll": {"question": {"text": "wantspoll"}, "expiry": "2026-11-02T00:00:00+00:00", "allow_multiselect": False,
                      "layout_type": 1, "answers": [{"answer_id": 1, "poll_media": {"text": "Yes"}},
                                                    {"answer_id": 2, "poll_media": {"text": "No"}}],
                      "results": {"is_finalized": True, "answer_counts": [{"id": 1, "count": 7, "me_voted": False}]}}},
    "sticker": {"sticker_items": [{"id": "1200000000000000077", "name": "wantssticker", "format_type": 1}]},
    "v2": {"flags": 1 << 15, "components": [{"type": 10, "id": 1, "content": "wantsv2"}]},
    "v2 in a box": {"flags": 1 << 15, "components": [{"type": 17, "id": 1, "accent_color": None, "spoiler": False, "components": [
        {"type": 10, "id": 2, "content": "wantsboxed"}]}]},
}
messages = {kind: empty | {"id": f"12000000000000001{at:02}", "channel_id": CHANNEL, "guild_id": GUILD, "author": author,
                           "tts": False, "mention_everyone": False, "pinned": False, "reactions": []} | what
            for at, (kind, what) in enumerate(says.items())}
json.dump({"guild": guild, "channel": CHANNEL, "messages": messages}, open("channel.json", "w"))
PY
python3 channel.py

cat > write.py <<'PY'
import asyncio, json, sys
from importlib.metadata import version
import chat_exporter, discord

raw = json.load(open("channel.json"))

async def main():
    client = discord.Client(intents=discord.Intents.all())
    state = client._connection
    state.loop = client.loop = asyncio.get_running_loop()
    state.user = discord.ClientUser(state=state, data=raw["guild"]["members"][0]["user"])
    guild = state._add_guild_from_data(raw["guild"])
    channel = guild.get_channel(int(raw["channel"]))
    messages = [discord.Message(state=state, channel=channel, data=message) for message in raw["messages"].values()]

    async def gone(*_, **__):
        raise discord.NotFound(type("Answer", (), {"status": 404, "reason": ""})(), "")

    state.http.get_message = state.http.get_member = state.http.get_user = gone
    page = await chat_exporter.raw_export(channel, messages=messages, guild=guild, bot=client, support_dev=False)
    open(sys.argv[1], "w").write(page)
    print("chat-exporter", version("chat-exporter"))

asyncio.run(main())
PY
cat > write.cjs <<'JS'
const { readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const [place, name, page] = process.argv.slice(2);
const at = (package) => join(process.cwd(), place, "node_modules", package);
const { Client, Collection } = require(at("discord.js"));
const raw = JSON.parse(readFileSync("channel.json"));
const client = new Client({ intents: [] });
client.user = { id: raw.guild.owner_id };
const guild = client.guilds._add(raw.guild);
const channel = guild.channels.cache.get(raw.channel);
const messages = Object.values(raw.messages).map((message) => channel.messages._add(message));
// What would be asked of Discord.
channel.fetch = async () => channel;
channel.permissionsFor = () => ({ has: () => true });
guild.members.fetch = async () => new Collection();
guild.fetchOwner = async () => null;
channel.messages.fetch = async (asked) => {
  if (typeof asked === "string") return channel.messages.cache.get(asked);
  return new Collection(asked?.before ? [] : [...messages].reverse().map((message) => [message.id, message]));
};
(async () => {
  const { version, exports: main } = JSON.parse(readFileSync(join(at(name), "package.json")));
  const library = await import(main?.["."]?.import ? join(at(name), main["."].import) : require.resolve(at(name)));
  const options = { returnType: "string", poweredBy: false, saveImages: false, hydrate: false, selfContained: false };
  const made = library.generateFromMessages
    ? await library.generateFromMessages(messages, channel, options)
    : await library.createTranscript(channel, options);
  writeFileSync(page, String(made));
  console.log(name, version);
  process.exit(0);
})();
JS
cat > judge.py <<'PY'
import json, re, sys
page = open(sys.argv[1]).read()
messages = json.load(open("channel.json"))["messages"]
shown = {kind: re.search(r"wants\w+", json.dumps(message))[0] in page for kind, message in messages.items()}
if "1200000000000000077" in page:  # the sticker's picture
    shown["sticker"] = True
print("shows", ", ".join(kind for kind in shown if shown[kind]) + ";", "blank:", ", ".join(kind for kind in shown if not shown[kind]))
PY
{
  for writer in "venv/bin/python write.py" "node write.cjs react19 discord-html-transcripts" \
    "node write.cjs react19 discord-message-transcript" "node write.cjs react18 transcriptify"; do
    $writer page.html > name
    echo "$(cat name) $(python3 judge.py page.html)"
    rm page.html
  done
} | tee seen.txt

diff - seen.txt <<'SEEN'
chat-exporter 3.1.0 shows text, embed, forward, sticker, v2, v2 in a box; blank: poll
discord-html-transcripts 3.3.0 shows text, embed, v2, v2 in a box; blank: forward, poll, sticker
discord-message-transcript 1.4.1 shows text, embed, poll, v2, v2 in a box; blank: forward, sticker
transcriptify 1.0.6 shows text, embed, poll, sticker; blank: forward, v2, v2 in a box
SEEN
echo "as it was seen on 2026-11-30"
