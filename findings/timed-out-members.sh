#!/usr/bin/env bash
# What a member who is timed out may do in a channel, by the libraries that bots ask before they act.
#
# Discord leaves a member who is timed out VIEW_CHANNEL and READ_MESSAGE_HISTORY alone, unless the member owns the guild
# or is an administrator (https://discord.com/developers/docs/topics/permissions#permissions-for-timed-out-members).
# Bots ask their library for "the permissions of this member in this channel", and answer or refuse by that.
#
# Seen, for one guild, one channel and one member who is timed out for an hour and whose role may send messages:
# discord.py 2.7.1 and disnake 2.12.2 take the right away; discord.js 14.28.1, oceanic.js 1.15.0 and eris 0.18.0 leave it,
# although all three keep the time at which the timeout ends.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for library in discord.py==2.7.1 disnake==2.12.2; do
  python3 -m venv "${library%%=*}"
  "${library%%=*}/bin/pip" install --quiet --disable-pip-version-check "$library"
done
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional discord.js@14.28.1 oceanic.js@1.15.0 eris@0.18.0

cat > guild.py <<'PY'
"""The guild as GUILD_CREATE has it."""
import datetime, json

ends = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).isoformat()
role = {"name": "@everyone", "permissions": str(1 << 10 | 1 << 11 | 1 << 16), "position": 0, "color": 0, "hoist": False,
        "managed": False, "mentionable": False, "flags": 0, "icon": None, "unicode_emoji": None,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}}
user = {"username": "teo", "discriminator": "0", "global_name": None, "avatar": None, "bot": False, "public_flags": 0}
member = {"roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0, "pending": False,
          "nick": None, "avatar": None, "premium_since": None, "communication_disabled_until": ends, "permissions": "0"}
channel = {"id": "1200000000000000002", "type": 0, "guild_id": "1200000000000000001", "name": "loft", "position": 0,
           "permission_overwrites": [], "nsfw": False, "topic": None, "parent_id": None, "last_message_id": None,
           "rate_limit_per_user": 0, "flags": 0}
me = {"user": user | {"id": "1200000000000000009", "username": "bot", "bot": True}} | member | {"communication_disabled_until": None}
guild = {"id": "1200000000000000001", "name": "choir", "owner_id": "1200000000000000005", "member_count": 2, "large": False,
         "roles": [role | {"id": "1200000000000000001"}], "channels": [channel], "threads": [], "emojis": [], "stickers": [],
         "members": [{"user": user | {"id": "1200000000000000003"}} | member, me],
         "features": [], "presences": [], "voice_states": [], "stage_instances": [], "guild_scheduled_events": [],
         "soundboard_sounds": [], "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0,
         "mfa_level": 0, "premium_tier": 0, "premium_subscription_count": 0, "premium_progress_bar_enabled": False,
         "nsfw_level": 0, "preferred_locale": "en-US", "system_channel_flags": 0, "system_channel_id": None,
         "rules_channel_id": None, "public_updates_channel_id": None, "safety_alerts_channel_id": None, "afk_channel_id": None,
         "afk_timeout": 300, "icon": None, "splash": None, "discovery_splash": None, "banner": None, "description": None,
         "vanity_url_code": None, "application_id": None, "hub_type": None, "region": "deprecated", "unavailable": False,
         "max_members": 500000, "max_video_channel_users": 25, "joined_at": "2024-01-01T00:00:00+00:00", "lazy": True,
         "home_header": None, "incidents_data": None, "latest_onboarding_question_id": None, "inventory_settings": None}
json.dump(guild, open("guild.json", "w"))
PY
python3 guild.py

cat > ask.py <<'PY'
import importlib, json, sys
from importlib.metadata import version
name, package = sys.argv[1:]
library = importlib.import_module(name)
state = type("State", (), {
    "self_id": 1200000000000000009, "shard_count": 1, "allowed_mentions": None,
    "member_cache_flags": library.MemberCacheFlags.all(), "_guilds": {}, "_users": {},
    "__getattr__": lambda self, _: lambda *args, **kwargs: None,
})()
state.store_user = state.create_user = lambda data, **_: library.User(state=state, data=data)
guild = library.Guild(data=json.load(open("guild.json")), state=state)
member = guild.get_member(1200000000000000003)
rights = guild.get_channel(1200000000000000002).permissions_for(member)
print(f"{package} {version(package)}: sends={rights.send_messages} reads={rights.read_message_history}".lower())
PY
cat > ask.mjs <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const raw = () => JSON.parse(readFileSync("guild.json"));
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
const show = (name, sends, reads, until) =>
  console.log(`${name} ${version(name)}: sends=${sends} reads=${reads} knows of the timeout=${until > Date.now()}`);
const [CHANNEL, MEMBER] = ["1200000000000000002", "1200000000000000003"];
{
  const { Client, GuildChannel, PermissionFlagsBits: P } = require("discord.js");
  const client = new Client({ intents: [] });
  const guild = client.guilds._add(raw());
  const member = guild.members.cache.get(MEMBER);
  const rights = guild.channels.cache.get(CHANNEL).permissionsFor(member);
  show("discord.js", rights.has(P.SendMessages), rights.has(P.ReadMessageHistory), member.communicationDisabledUntilTimestamp);
}
{
  const { Client } = require("oceanic.js");
  const client = new Client({ auth: "Bot x" });
  client._user = client._application = { id: "1200000000000000009" };
  const guild = client.guilds.update(raw(), true);
  const member = guild.members.get(MEMBER);
  const rights = guild.channels.get(CHANNEL).permissionsOf(member);
  show("oceanic.js", rights.has("SEND_MESSAGES"), rights.has("READ_MESSAGE_HISTORY"), member.communicationDisabledUntil);
}
{
  const { Client } = require("eris");
  const client = new Client("Bot x", { intents: [] });
  client.user = { id: "1200000000000000009" };
  client.shards.get = () => ({ client });
  const guild = client.guilds.add(raw(), client, true);
  const member = guild.members.get(MEMBER);
  const rights = guild.channels.get(CHANNEL).permissionsOf(member);
  show("eris", rights.has("sendMessages"), rights.has("readMessageHistory"), member.communicationDisabledUntil);
}
process.exit(0);
JS
{
  discord.py/bin/python ask.py discord discord.py
  disnake/bin/python ask.py disnake disnake
  node ask.mjs
} | tee seen.txt

diff - seen.txt <<'SEEN'
discord.py 2.7.1: sends=false reads=true
disnake 2.12.2: sends=false reads=true
discord.js 14.28.1: sends=true reads=true knows of the timeout=true
oceanic.js 1.15.0: sends=true reads=true knows of the timeout=true
eris 0.18.0: sends=true reads=true knows of the timeout=true
SEEN
echo "as it was seen on 2026-11-29"
