#!/usr/bin/env bash
# What libraries take for "all permissions", which is what they say that an owner or an administrator has.
#
# Discord sends and takes permissions as a number written in decimal, one bit for each right
# (https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags): bits 0 to 46 and 48 to
# 52 have names there. The newest, PIN_MESSAGES (51) and BYPASS_SLOWMODE (52), were split off older rights, so that a bot that
# asks "may this member pin?" now asks for bit 51.
#
# Seen:
# - nextcord 2.6.0: `Permissions.all()` is -1, and a role made with it is sent as "-1", as is the address that invites a
#   bot. No bit field of Discord is negative.
# - interactions.py 5.16.0: `Permissions.ALL` is another number when it is read a second time. The first read lacks 48
#   (SET_VOICE_CHANNEL_STATUS), later ones have it; all have 47, which Discord names nowhere.
# - eris 0.18.0 lacks 50 to 52: a check of an owner's right to pin against `Constants.Permissions.all` says no.
# - disnake 2.12.2 lacks 48.
# - oceanic.js 1.15.0 and py-cord 2.8.1 have bits that Discord names nowhere (47; oceanic.js also 53).
# - discord.py 2.7.1, hikari 2.7.0 and discord.js 14.28.1 have exactly the named bits.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional discord.js@14.28.1 oceanic.js@1.15.0 eris@0.18.0

cat > ask.py <<'PY'
import importlib, sys
name, library = sys.argv[1:]
permissions = importlib.import_module(name).Permissions
for read in ("first", "second"):
    if name == "hikari":
        value = int(permissions.all_permissions())
    elif name == "interactions":
        value = int(permissions.ALL)
    else:
        value = permissions.all().value
    print(library, read, value)
PY
cat > role.py <<'PY'
"""The body of the request by which nextcord makes a role that may do everything."""
import asyncio, nextcord

class Http:
    async def create_role(self, guild_id, *, reason=None, **fields):
        print("nextcord==2.6.0 sends permissions", repr(fields["permissions"]))
        return {"id": "5", "position": 1, "hoist": False, "managed": False, "mentionable": False} | fields

class State:
    http = Http()
    def __getattr__(self, name):
        return lambda *args, **kwargs: None

guild = object.__new__(nextcord.Guild)
guild._state, guild.id, guild._roles = State(), 1, {}
asyncio.run(guild.create_role(name="keeper", permissions=nextcord.Permissions.all()))
PY
cat > ask.js <<'JS'
const all = {
  "discord.js@14.28.1": require("discord.js").PermissionsBitField.All,
  "eris@0.18.0": require("eris").Constants.Permissions.all,
  "oceanic.js@1.15.0": require("oceanic.js").AllPermissions,
};
for (const [library, value] of Object.entries(all)) console.log(library, "only", value.toString());
JS
{
  for pair in discord:discord.py==2.7.1 nextcord:nextcord==2.6.0 disnake:disnake==2.12.2 discord:py-cord==2.8.1 \
    hikari:hikari==2.7.0 interactions:discord-py-interactions==5.16.0; do
    library=${pair#*:}
    python3 -m venv "${library%%=*}"
    "${library%%=*}/bin/pip" install --quiet --disable-pip-version-check "$library"
    "${library%%=*}/bin/python" ask.py "${pair%%:*}" "$library"
  done
  node ask.js
} > values
nextcord/bin/python role.py > role

cat > judge.py <<'PY'
NAMED = set(range(47)) | set(range(48, 53))
SEEN = {
    "discord.py==2.7.1": ([], []),
    "disnake==2.12.2": ([48], []),
    "py-cord==2.8.1": ([], [47]),
    "hikari==2.7.0": ([], []),
    ("discord-py-interactions==5.16.0", "first"): ([48], [47]),
    ("discord-py-interactions==5.16.0", "second"): ([], [47]),
    "discord.js@14.28.1": ([], []),
    "eris@0.18.0": ([50, 51, 52], []),
    "oceanic.js@1.15.0": ([], [47, 53]),
    "nextcord==2.6.0": None,
}
changed = False
for line in open("values"):
    library, read, value = line.split()
    value = int(value)
    bits = {bit for bit in range(value.bit_length()) if value >> bit & 1}
    seen = (sorted(NAMED - bits), sorted(bits - NAMED)) if value >= 0 else None
    words = f"lacks {seen[0]}, has unnamed {seen[1]}" if seen else f"is {value}, which is no bit field"
    print(f"{library:33} {read:6} {words}")
    changed |= seen != SEEN[(library, read) if (library, read) in SEEN else library]
role = open("role").read().strip()
print(role)
changed |= role != "nextcord==2.6.0 sends permissions '-1'"
raise SystemExit("all-permissions: not what was seen before" if changed else 0)
PY
python3 judge.py
