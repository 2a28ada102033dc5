// Writes the model: `node write.mjs` makes model.json and the generated files of crates/antiphon-discord-model.

import fs from "node:fs";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, permissions, version } from "./describe.mjs";
import * as config from "./config.mjs";

const crate = fileURLToPath(new URL("../../crates/antiphon-discord-model/", import.meta.url));
const described = describe();
const ours = new Map();
for (const [name, from] of [...config.gateway, ...config.objects]) for (const one of from) ours.set(one, name);
const usedEnums = new Set(["ComponentType", "ApplicationIntegrationType", "InteractionContextType", "EntitlementOwnerType", "InteractionResponseType", "CommandOptionType"]);

// --- From the description to the model -------------------------------------------------------------------------

function object([name, from, doc, options = {}]) {
  const parts = from.map((one) => (options.partial ? described[options.partial] : described[one])).filter((part) => part?.fields);
  const fields = new Map();
  for (const part of parts) {
    for (const field of part.fields) {
      const known = fields.get(field.name);
      if (!known) fields.set(field.name, { ...field, count: 1, types: [...field.types] });
      else {
        known.count += 1;
        known.optional ||= field.optional;
        known.types.push(...field.types);
        known.doc ||= field.doc;
      }
    }
  }
  for (const field of fields.values()) {
    field.optional ||= field.count < parts.length;
    if (options.partial && field.name !== "id") field.optional = true;
    if (options.required?.includes(field.name)) field.optional = false;
  }
  for (const [wire, extra] of Object.entries(options.extra ?? {})) {
    if (extra && !fields.has(wire)) fields.set(wire, { name: wire, types: [], doc: "", type: extra[0], since: extra[1] });
  }
  for (const [wire, type] of Object.entries(options.fields ?? {})) {
    if (!fields.has(wire)) fields.set(wire, { name: wire, types: [], doc: "" });
    fields.get(wire).type = type;
  }
  const isSent = Boolean(options.sent || options.component);
  const list = [];
  for (const field of fields.values()) {
    if (options.omit?.includes(field.name) || (typeof options.component === "number" && field.name === "type")) continue;
    if (field.types.length === 1 && JSON.stringify(field.types[0]) === '"undefined"') continue;
    list.push(fieldOf(name, field, options, isSent));
  }
  list.sort((a, b) => (a.name < b.name ? -1 : 1));
  const see = parts.map((part) => part.see).find(Boolean);
  return { name, doc, see, from: from.filter((one) => described[one]), isSent, fields: list };
}

function fieldOf(object, field, options, isSent) {
  const wire = field.name;
  let type, optional, mark;
  if (field.type) {
    optional = field.type.endsWith("?");
    if (field.type.endsWith("*")) mark = "Maybe";
    type = field.type.replace(/[?*]$/, "");
    for (const word of type.matchAll(/\w+/g)) if (enumByName.has(word[0])) usedEnums.add(enumByName.get(word[0]));
  } else {
    optional = field.optional || field.types.some(isNullable);
    type = typeOf(object, wire, field.types, options);
  }
  if (options.component && wire === "id") [type, optional] = ["i64", true];
  if (type.startsWith("Id<") && !optional) {
    if (wire === "guild_id") mark = "Spare";
    else if (!config.identities.includes(wire) && !options.needs?.includes(wire)) optional = true;
  }
  if (options.spares?.includes(wire)) mark = "Spare";
  if (/^(Vec|BTreeMap)</.test(type) && optional && !isSent) [optional, mark] = [false, "Maybe"];
  if (options.boxed?.includes(wire)) type = `Box<${type}>`;
  if (optional && type !== "Present") type = `Option<${type}>`;
  return { wire, name: rustName(object, wire), type, mark, doc: facts(field) };
}

function isNullable(type) {
  return type === "null" || type === "undefined" || (Array.isArray(type) && type[0] === "or" && type.slice(1).some(isNullable));
}

function typeOf(object, wire, types, options) {
  const some = types.flatMap((type) => (Array.isArray(type) && type[0] === "or" ? type.slice(1) : [type])).filter((type) => type !== "null" && type !== "undefined");
  const type = some[0];
  if (type === undefined) return "Json";
  if (typeof type === "string") {
    if (type === "Snowflake" || type === "APIRole['id']") return idOf(wire, options);
    if (type === "string") {
      if (wire === "discriminator") return "Discriminator";
      if (config.times.test(wire) || (object === "RecurrenceRule" && (wire === "start" || wire === "end"))) return "Timestamp";
      return config.hashes.includes(wire) ? "ImageHash" : "String";
    }
    if (type === "number") return config.floats.includes(wire) ? "f64" : "i64";
    if (type === "boolean") return "bool";
    if (type === "Permissions") return "Permissions";
    if (type === "LocaleString") return enumOf("Locale");
    if (described[type]?.kind === "enum") return enumOf(type);
    if (config.renamed[type] && config.renamed[type] !== type) {
      const original = Object.keys(config.renamed).find((one) => config.renamed[one] === config.renamed[type] && described[one]?.kind === "enum") ?? config.renamed[type];
      return enumOf(original);
    }
    if (ours.has(type)) return ours.get(type);
    if (described[type]?.kind === "alias") return "String";
    const partial = type.match(/^Partial<(\w+)>/);
    if (partial && ours.has(partial[1])) return ours.get(partial[1]);
    unknown.push(`${object}.${wire}: ${type}`);
    return "Json";
  }
  switch (type[0]) {
    case "list": return `Vec<${typeOf(object, wire, [type[1]], options)}>`;
    case "tuple": return "Vec<Json>";
    case "literal": return /^(true|false)$/.test(type[1]) ? "bool" : /^-?[0-9.]+$/.test(type[1]) ? "i64" : "String";
    case "value": return enumOf(type[1]);
    case "Partial": case "Required": case "Pick": case "Omit": return typeOf(object, wire, [type[1]], options);
    default: unknown.push(`${object}.${wire}: ${JSON.stringify(type)}`); return "Json";
  }
}

function idOf(wire, options) {
  const marker = wire === "id" ? options.id ?? "Generic" : config.markers[wire] ?? "Generic";
  return `Id<${marker}Marker>`;
}

function enumOf(type) {
  usedEnums.add(type);
  return config.renamed[type] ?? type;
}

const unknown = [];
const enumByName = new Map(Object.entries(described).filter(([, one]) => one.kind === "enum").map(([name]) => [config.renamed[name] ?? name, name]));

function rustName(object, wire) {
  if (wire === "type") return "kind";
  if (wire === "username" && /^(User|PartialUser)$/.test(object)) return "name";
  if (wire === "v") return "version";
  return /^(match|use)$/.test(wire) ? `r#${wire}` : wire;
}

/** Facts in a description, in our own words. */
function facts(field) {
  const text = field.doc.replace(/[*\s]+/g, " ");
  const said = [];
  const limits = text.match(/\((\d[\d,]*) ?[-–] ?(\d[\d,]*)( characters)?\)/) ?? text.match(/(?:between|from) (\d[\d,]*) (?:and|to) (\d[\d,]*)( characters)?/);
  if (limits) said.push(`${limits[1]} to ${limits[2]}${limits[3] ?? ""}`);
  const most = text.match(/(?:[Mm]ax(?:imum)?(?: of)?|[Uu]p to) (\d[\d,]*)( characters)?/);
  if (!limits && most) said.push(`at most ${most[1]}${most[2] ?? ""}`);
  if (/millisecond/.test(text)) said.push("in milliseconds");
  else if (/\bseconds?\b/.test(text) && !/Timestamp/.test(text)) said.push("in seconds");
  else if (/\bminutes?\b/.test(text)) said.push("in minutes");
  else if (/\bbytes?\b/.test(text)) said.push("in bytes");
  if (field.deprecated) said.push("deprecated by Discord");
  if (field.since) said.push(`known from: ${field.since.replace(/\b([A-Z]+_[A-Z_]+|OpenAPI)\b/g, "`$1`")}`);
  const sentence = said.join("; ");
  return sentence ? `${sentence[0].toUpperCase()}${sentence.slice(1)}.` : undefined;
}

function words(name) {
  return name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? [name];
}

function pascal(name) {
  const made = words(name).map((word) => word[0].toUpperCase() + word.slice(1).toLowerCase()).join("");
  return /^\d/.test(made) ? `N${made}` : made;
}

function enumeration(type) {
  const { members, see } = described[type];
  const name = config.renamed[type] ?? type;
  const doc = config.enumDocs[name];
  if (/Flags$/.test(name)) {
    const values = members.map((member) => ({ name: words(member.name).join("_").toUpperCase(), value: member.value }));
    return { kind: "flags", name, doc: doc ?? `Flags: ${words(name).slice(0, -1).join(" ").toLowerCase()}.`, see, from: type, values };
  }
  const seen = new Map();
  // A value named "unknown" is one of ours that is not known.
  for (const member of members) if (member.name !== "Unknown") if (!seen.has(member.value) || !member.deprecated) seen.set(member.value, pascal(member.name));
  const values = [...seen].map(([value, variant]) => ({ name: variant, value }));
  const kind = typeof values[0].value === "number" ? "numbers" : "words";
  return { kind, name, doc: doc ?? `${pascal(name).replace(/([a-z])([A-Z])/g, "$1 $2").replace(/ (\w)/g, (all) => all.toLowerCase())}.`, see, from: type, values, standIn: config.standIns[name] };
}

const objects = config.objects.map(object);
const gateway = config.gateway.map(object);
const flags = [{ kind: "flags", name: "Permissions", doc: "What a role or a member may do; bits that nobody knows yet are kept.", see: "https://discord.com/developers/docs/topics/permissions", from: "PermissionFlagsBits", isText: true, values: permissions().map(([name, value]) => ({ name: words(name).join("_").toUpperCase(), value })) }];
const enumerations = [...usedEnums].filter((type) => described[type]?.kind === "enum").map(enumeration).sort((a, b) => (a.name < b.name ? -1 : 1));
const model = { source: `discord-api-types ${version}`, objects, gateway, flags: [...flags, ...enumerations.filter((one) => one.kind === "flags")], numbers: enumerations.filter((one) => one.kind === "numbers"), words: enumerations.filter((one) => one.kind === "words") };

// --- From the model to Rust ------------------------------------------------------------------------------------

const head = `//! Written by tools/discord-model from ${model.source}; not to be edited by hand.\n\n`;

function docs({ doc, see }) {
  return `/// ${doc}\n${see ? `///\n/// [Discord's page](${see})\n` : ""}`;
}

function rustObjects(list) {
  return `objects! {\n${list.map((one) => {
    const attributes = docs(one) + (one.isSent ? "" : "#[non_exhaustive]\n");
    const fields = one.fields.map((field) => `${field.doc ? `    /// ${field.doc}\n` : ""}    "${field.wire}" => ${field.name}: ${field.type}${field.mark ? ` [${field.mark}]` : ""},\n`).join("");
    return `${attributes}${one.name} {\n${fields}}\n`;
  }).join("\n")}}\n`;
}

function rustFlags(list) {
  return `flags! {\n${list.map((one) => `${docs(one)}${one.name}: ${one.isText ? "text" : "number"} {\n${one.values.map(({ name, value }) => `    ${name} = ${bits(value)},\n`).join("")}}\n`).join("\n")}}\n`;
}

/** A flag as the bit it is. */
function bits(value) {
  const bit = Math.log2(value);
  return Number.isInteger(bit) ? `1 << ${bit}` : value;
}

function rustNumbers(list) {
  return `numbers! {\n${list.map((one) => `${docs(one)}${one.name} or ${one.standIn ?? -1} {\n${one.values.map(({ name, value }) => `    ${name} = ${value},\n`).join("")}}\n`).join("\n")}}\n`;
}

function rustWords(list) {
  return `words! {\n${list.map((one) => `${docs(one)}${one.name} {\n${one.values.map(({ name, value }) => `    ${name} = ${JSON.stringify(value)},\n`).join("")}}\n`).join("\n")}}\n`;
}

// What has a default: what bots make too, and everything whose fields all have one.
const defaults = new Set();
for (let grows = true; grows; ) {
  grows = false;
  for (const one of [...objects, ...gateway]) {
    if (defaults.has(one.name)) continue;
    const isPlain = one.fields.every(({ type }) => /^(Option|Vec|BTreeMap)</.test(type) || !/^(Box<)?[A-Z]/.test(type) || /^(String|Timestamp|Json|Number|ImageHash|Discriminator|Present|Permissions|ChoiceValue|Snowflake)$/.test(type) || enumByName.has(type) || defaults.has(type.replace(/^Box<(.*)>$/, "$1")));
    if (one.isSent || isPlain) { defaults.add(one.name); grows = true; }
  }
}

const write = (file, text) => fs.writeFileSync(`${crate}src/generated/${file}`, head + text);
fs.mkdirSync(`${crate}src/generated`, { recursive: true });
fs.writeFileSync(`${crate}model.json`, `${JSON.stringify(model, null, 1)}\n`);
const uses = "use std::collections::BTreeMap;\n\nuse antiphon_core::lenient::Json;\nuse jiff::Timestamp;\n\n";
write("objects.rs", `${uses}use super::{flags::*, numbers::*, words::*};\nuse crate::{component::Component, id::*, interaction::*, mention::Mention, values::*};\n\n${rustObjects(objects)}\ndefaults! { ${objects.map((one) => one.name).filter((name) => defaults.has(name)).join(", ")} }\n`);
write("gateway.rs", `${uses.replace("use std::collections::BTreeMap;\n\n", "").replace("use antiphon_core::lenient::Json;\n", "")}use super::{flags::*, numbers::*, objects::*};\nuse crate::{id::*, values::*};\n\n${rustObjects(gateway)}\ndefaults! { ${gateway.map((one) => one.name).filter((name) => defaults.has(name)).join(", ")} }\n`);
write("flags.rs", rustFlags(model.flags));
write("numbers.rs", rustNumbers(model.numbers));
write("words.rs", rustWords(model.words));
execFileSync("rustfmt", ["--edition", "2024", ...["objects", "gateway", "flags", "numbers", "words"].map((file) => `${crate}src/generated/${file}.rs`)]);
if (unknown.length) console.error(`kept as JSON:\n${unknown.join("\n")}`);
