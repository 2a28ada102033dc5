#!/usr/bin/env bash
# The values of a linked role, read and written back by three libraries.
#
# A bot that grants linked roles stores for each user an object of values under the keys that it has registered; a key is
# of a-z, 0-9 and _, a value is a text
# (https://discord.com/developers/docs/resources/user#application-role-connection-object,
# https://discord.com/developers/docs/resources/application-role-connection-metadata). PUT replaces the object.
# Here a user has `wins_2026` and `is_judge`; the program reads them and writes them back with another user name.
#
# Seen:
# - discordeno 21.0.0 gives `wins2026` and `isJudge`, since it rewrites every key, also those that are data. Written back,
#   `is_judge` is right again, and `wins_2026` has become `wins2026`, which nobody registered: the value is gone.
# - oceanic.js 1.15.0 takes the values for the *records* that describe keys: it gives six undefined fields for each key (null below), and
#   no value at all; also of what it has just written. Given back, they are two empty objects. Of a user without values it
#   can read nothing: it raises a TypeError.
# - @discordjs/core 2.6.0 gives and writes what is there.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional \
  @discordeno/rest@21.0.0 oceanic.js@1.15.0 @discordjs/core@2.6.0 @discordjs/rest@2.6.3

cat > ask.mjs <<'JS'
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
const APP = "1200000000000000009";
const TOKEN = `${Buffer.from(APP).toString("base64")}.x.x`;

let stored, written;
const server = createServer(async (request, answer) => {
  let body = "";
  for await (const part of request) body += part;
  if (request.method === "PUT") stored = written = JSON.parse(body);
  answer.setHeader("content-type", "application/json").end(JSON.stringify(stored));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${server.address().port}`;

const libraries = {
  "@discordeno/rest": async () => {
    const { createRestManager } = await import("@discordeno/rest");
    const rest = createRestManager({ token: TOKEN, applicationId: BigInt(APP), proxy: { baseUrl: address, authorization: "x" } });
    return {
      read: () => rest.getUserApplicationRoleConnection("x", BigInt(APP)),
      write: (connection) => rest.editUserApplicationRoleConnection("x", BigInt(APP), { ...connection, platformUsername: "tea" }),
    };
  },
  "oceanic.js": async () => {
    const client = new (require("oceanic.js").Client)({ auth: "Bot x", rest: { baseURL: `${address}/v10` } });
    return {
      read: () => client.rest.oauth.getUserRoleConnection(APP),
      write: (connection) => client.rest.oauth.updateUserRoleConnection(APP, { ...connection, platformUsername: "tea" }),
    };
  },
  "@discordjs/core": async () => {
    const { REST } = require("@discordjs/rest");
    const { API } = require("@discordjs/core");
    const { users } = new API(new REST({ api: address }).setToken("x"));
    return {
      read: () => users.getApplicationRoleConnection(APP),
      write: (connection) => users.updateApplicationRoleConnection(APP, { ...connection, platform_username: "tea" }),
    };
  },
};
const plain = (value) => JSON.stringify(value, (_, inner) => inner === undefined ? null : inner);
for (const [name, open] of Object.entries(libraries)) {
  const { read, write } = await open();
  stored = { platform_name: "Chess", platform_username: "teo", metadata: { wins_2026: "7", is_judge: "1" } };
  const connection = await read();
  console.log(`${name} ${version(name)} reads ${plain(connection.metadata)}`);
  await write(connection);
  console.log(`${name} ${version(name)} writes ${plain(written.metadata)}`);
  stored = { platform_name: "Chess", platform_username: "teo", metadata: {} };
  const none = await read().then((empty) => plain(empty.metadata), (error) => error.constructor.name);
  console.log(`${name} ${version(name)} reads none as ${none}`);
}
process.exit(0);
JS
node ask.mjs | tee seen.txt

diff - seen.txt <<'SEEN'
@discordeno/rest 21.0.0 reads {"wins2026":"7","isJudge":"1"}
@discordeno/rest 21.0.0 writes {"wins2026":"7","is_judge":"1"}
@discordeno/rest 21.0.0 reads none as {}
oceanic.js 1.15.0 reads {"wins_2026":{"description":null,"descriptionLocalizations":null,"key":null,"name":null,"nameLocalizations":null,"type":null},"is_judge":{"description":null,"descriptionLocalizations":null,"key":null,"name":null,"nameLocalizations":null,"type":null}}
oceanic.js 1.15.0 writes {"wins_2026":{},"is_judge":{}}
oceanic.js 1.15.0 reads none as TypeError
@discordjs/core 2.6.0 reads {"wins_2026":"7","is_judge":"1"}
@discordjs/core 2.6.0 writes {"wins_2026":"7","is_judge":"1"}
@discordjs/core 2.6.0 reads none as {}
SEEN
echo "as it was seen on 2026-11-30"
