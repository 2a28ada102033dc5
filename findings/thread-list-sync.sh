#!/usr/bin/env bash
# Which threads a library lists after Discord has sent it the list anew.
#
# A bot that gains access to a channel, or whose view of a guild is sent again, gets THREAD_LIST_SYNC. `channel_ids` are
# the *parents* whose threads are in it, "so you know to clear that data", since a parent may have none left; without that
# key the threads of the whole guild are in it (https://discord.com/developers/docs/events/gateway-events#thread-list-sync).
#
# Here a guild has the threads 31 and 32 below channel 2, and 33 below channel 20. Then channel 2 is synced and has 32 alone:
# 32 and 33 are right. Then the whole guild is synced and has 34 alone: 34 is right.
#
# Seen:
# - discord.py 2.7.1, disnake 2.12.2 and discord.js 14.28.1 are right both times.
# - nextcord 2.6.0 and py-cord 2.8.1 keep 31, and tell nobody that it has gone; they tell that the bot joined 32, which was
#   there before. They look for texts among numbers, so a sync of some channels never clears a thing.
# - eris 0.18.0 takes the parents' ids for ids of threads: it keeps 31, and its event says that "thread" 2 was deleted.
# - oceanic.js 1.15.0 and the cache of seyfert 5.1.0 never forget a thread here; seyfert does not learn of 34 either.
#
# A bot that was shut out of a channel while threads were deleted goes on to list them, and its requests there are 404s.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile discord.py==2.7.1 disnake==2.12.2
for library in nextcord==2.6.0 py-cord==2.8.1; do # their modules are named as discord.py's are
  venv/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps --target "apart/${library%%=*}" "$library"
done
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional \
  discord.js@14.28.1 oceanic.js@1.15.0 eris@0.18.0 seyfert@5.1.0

cat > events.py <<'PY'
"""GUILD_CREATE and the two syncs."""
import json

def one(short):
    return f"12000000000000000{short:02}"

GUILD, FIRST, SECOND, BOT = one(1), one(2), one(20), one(9)

def thread(short, parent):
    return {"id": one(short), "type": 11, "guild_id": GUILD, "parent_id": parent, "name": f"t{short}", "owner_id": BOT, "flags": 0,
            "member_count": 1, "message_count": 1, "total_message_sent": 1, "rate_limit_per_user": 0, "last_message_id": None,
            "thread_metadata": {"archived": False, "auto_archive_duration": 1440, "locked": False,
                                "archive_timestamp": "2026-11-01T00:00:00+00:00", "create_timestamp": "2026-11-01T00:00:00+00:00"}}

def channel(id, name):
    return {"id": id, "type": 0, "guild_id": GUILD, "name": name, "position": 0, "permission_overwrites": [], "nsfw": False,
            "topic": None, "parent_id": None, "last_message_id": None, "rate_limit_per_user": 0, "flags": 0}

role = {"id": GUILD, "name": "@everyone", "permissions": "1024", "position": 0, "color": 0, "hoist": False, "managed": False,
        "mentionable": False, "flags": 0, "icon": None, "unicode_emoji": None,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}}
me = {"user": {"id": BOT, "username": "bot", "discriminator": "0", "global_name": None, "avatar": None, "bot": True},
      "roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0, "pending": False, "nick": None,
      "avatar": None, "premium_since": None, "communication_disabled_until": None}
guild = {"id": GUILD, "name": "choir", "owner_id": BOT, "member_count": 1, "large": False, "unavailable": False, "roles": [role],
         "channels": [channel(FIRST, "loft"), channel(SECOND, "attic")], "members": [me],
         "threads": [thread(31, FIRST), thread(32, FIRST), thread(33, SECOND)], "emojis": [], "stickers": [], "features": [],
         "presences": [], "voice_states": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
         "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0,
         "premium_tier": 0, "premium_subscription_count": 0, "premium_progress_bar_enabled": False, "nsfw_level": 0,
         "preferred_locale": "en-US", "system_channel_flags": 0, "system_channel_id": None, "rules_channel_id": None,
         "public_updates_channel_id": None, "safety_alerts_channel_id": None, "afk_channel_id": None, "afk_timeout": 300,
         "icon": None, "splash": None, "discovery_splash": None, "banner": None, "description": None, "vanity_url_code": None,
         "application_id": None, "region": "deprecated", "max_members": 500000, "max_video_channel_users": 25,
         "joined_at": "2024-01-01T00:00:00+00:00"}
json.dump({
    "guild": guild,
    "channel 2": {"guild_id": GUILD, "channel_ids": [FIRST], "threads": [thread(32, FIRST)], "members": []},
    "the guild": {"guild_id": GUILD, "threads": [thread(34, SECOND)], "members": []},
}, open("events.json", "w"))
PY
python3 events.py

cat > ask.py <<'PY'
import asyncio, importlib, json, sys
from importlib.metadata import version
name, package = sys.argv[1:]
library = importlib.import_module(name)
events = json.load(open("events.json"))
label = f"{package} {version(package)}"

async def main():
    client = library.Client(intents=library.Intents.all())
    state = client._connection
    state.loop = client.loop = asyncio.get_running_loop()
    state.user = library.ClientUser(state=state, data=events["guild"]["members"][0]["user"])
    guild = state._add_guild_from_data(events["guild"])
    told = []
    state.dispatch = lambda event, *about: told.append(f"{event} {about[0].id % 100}")
    for what in ("channel 2", "the guild"):
        told.clear()
        state.parsers["THREAD_LIST_SYNC"](events[what])
        print(f"{label} after {what}: {sorted(thread.id % 100 for thread in guild.threads)}, told: {', '.join(sorted(told))}")

asyncio.run(main())
PY
cat > ask.cjs <<'JS'
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const installed = (path) => require(join(process.cwd(), "node_modules", path));
const { guild: raw, ...syncs } = JSON.parse(readFileSync("events.json"));
const own = (value) => JSON.parse(JSON.stringify(value));
const short = (ids) => JSON.stringify([...ids].map((id) => Number(id.slice(-2))).sort((a, b) => a - b)).replaceAll(",", ", ");
const show = (name, what, ids, more = "") =>
  console.log(`${name} ${JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version} after ${what}: ${short(ids)}${more}`);
(async () => {
  {
    const client = new (installed("discord.js").Client)({ intents: [] });
    const guild = client.guilds._add(own(raw));
    for (const [what, sync] of Object.entries(syncs)) {
      client.actions.ThreadListSync.handle(own(sync));
      show("discord.js", what, guild.channels.cache.filter((channel) => channel.isThread()).map((thread) => thread.id));
    }
  }
  {
    const client = new (installed("eris").Client)("Bot x", { intents: [] });
    client.user = { id: raw.owner_id };
    client.shards.get = () => ({ client, id: 0 });
    const shard = new (installed("eris/lib/gateway/Shard.js"))(0, client);
    const guild = client.guilds.add(own(raw), client, true);
    let deleted;
    shard.on("threadListSync", (_, threads) => { deleted = threads.map((thread) => thread.id); });
    for (const [what, sync] of Object.entries(syncs)) {
      shard.wsEvent({ t: "THREAD_LIST_SYNC", d: own(sync) });
      show("eris", what, guild.threads.map((thread) => thread.id), `, told: deleted ${short(deleted)}`);
    }
  }
  {
    const client = new (installed("oceanic.js").Client)({ auth: "Bot x" });
    client._user = client._application = { id: raw.owner_id };
    const guild = client.guilds.update(own(raw), true);
    const { THREAD_LIST_SYNC } = installed("oceanic.js/dist/lib/gateway/events.js");
    for (const [what, sync] of Object.entries(syncs)) {
      await THREAD_LIST_SYNC(own(sync), { client });
      show("oceanic.js", what, guild.threads.map((thread) => thread.id));
    }
  }
  {
    const { cache } = new (installed("seyfert").Client)({ getRC: () => ({ token: "x", intents: 1, locations: { base: "." } }) });
    cache.intents = 1;
    await cache.onPacket({ t: "GUILD_CREATE", d: own(raw) });
    for (const [what, sync] of Object.entries(syncs)) {
      await cache.onPacket({ t: "THREAD_LIST_SYNC", d: own(sync) });
      const channels = await cache.channels.valuesRaw(raw.id);
      show("seyfert", what, channels.filter((channel) => channel.type === 11).map((thread) => thread.id));
    }
  }
  process.exit(0);
})();
JS
{
  for library in discord.py nextcord disnake py-cord; do
    name=${library%.py}
    PYTHONPATH=apart/$library venv/bin/python ask.py "${name/py-cord/discord}" "$library"
  done
  node ask.cjs
} | tee seen.txt

diff - seen.txt <<'SEEN'
discord.py 2.7.1 after channel 2: [32, 33], told: thread_remove 31
discord.py 2.7.1 after the guild: [34], told: thread_join 34, thread_remove 32, thread_remove 33
nextcord 2.6.0 after channel 2: [31, 32, 33], told: thread_join 32
nextcord 2.6.0 after the guild: [34], told: thread_join 34, thread_remove 31, thread_remove 32, thread_remove 33
disnake 2.12.2 after channel 2: [32, 33], told: thread_remove 31
disnake 2.12.2 after the guild: [34], told: thread_join 34, thread_remove 32, thread_remove 33
py-cord 2.8.1 after channel 2: [31, 32, 33], told: thread_join 32
py-cord 2.8.1 after the guild: [34], told: thread_join 34, thread_remove 31, thread_remove 32, thread_remove 33
discord.js 14.28.1 after channel 2: [32, 33]
discord.js 14.28.1 after the guild: [34]
eris 0.18.0 after channel 2: [31, 32, 33], told: deleted [2]
eris 0.18.0 after the guild: [34], told: deleted [31, 32, 33]
oceanic.js 1.15.0 after channel 2: [31, 32, 33]
oceanic.js 1.15.0 after the guild: [31, 32, 33, 34]
seyfert 5.1.0 after channel 2: [31, 32, 33]
seyfert 5.1.0 after the guild: [31, 32, 33]
SEEN
echo "as it was seen on 2026-11-30"
