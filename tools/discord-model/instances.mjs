// Makes an instance of every documented event and object with every documented field present, and a bare one with
// only what is required: `node instances.mjs` writes fixtures/documented/*.ndjson of crates/antiphon-discord-model.
// With DISCORD_OPENAPI set to a copy of discord/discord-api-spec's openapi.json, its schemas are done too.

import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, version } from "./describe.mjs";
import * as config from "./config.mjs";

const crate = fileURLToPath(new URL("../../crates/antiphon-discord-model/", import.meta.url));
const model = JSON.parse(fs.readFileSync(`${crate}model.json`));
const described = describe();
const ours = new Map([...model.objects, ...model.gateway].map((one) => [one.name, one]));
const byType = new Map();
for (const [name, from] of [...config.gateway, ...config.objects]) for (const one of from) byType.set(one, name);
const enums = new Map([...model.numbers, ...model.words, ...model.flags].map((one) => [one.name, one]));

let next = 1100000000000000000n;
const id = () => String((next += 1n));
const TIME = "2026-01-31T12:00:00.123000+00:00";
const HASH = "8342729096ea3675442027381ff50dfe";

/** A value of one of our types, for what the description leaves open. */
function ofOurs(type, stack, isWhole) {
  const inner = type.match(/^(?:Option|Box)<(.*)>$/);
  if (inner) return ofOurs(inner[1], stack, isWhole);
  const list = type.match(/^Vec<(.*)>$/);
  if (list) {
    if (list[1] === "Component") return stack.includes("Component") ? [component("TextDisplay", stack)] : MESSAGE_COMPONENTS.map((name) => component(name, stack));
    const item = ofOurs(list[1], stack, isWhole);
    return item === undefined ? [] : [item];
  }
  const map = type.match(/^BTreeMap<(Id<\w+>|\w+), (.*)>$/);
  if (map) {
    const value = ofOurs(map[2], stack, isWhole);
    return value === undefined ? {} : { [map[1].startsWith("Id") ? id() : map[1] === "String" ? "de" : "0"]: value };
  }
  if (type.startsWith("Id<")) return id();
  const one = enums.get(type);
  if (one) return one.isText ? "281474976711680" : one.kind === "flags" ? one.values[0].value : one.values[0].value;
  if (ours.has(type)) return instance(type, ours.get(type).from, stack, isWhole);
  switch (type) {
    case "i64": return 7;
    case "f64": return 0.5;
    case "bool": return true;
    case "String": return "text";
    case "Timestamp": return TIME;
    case "ImageHash": return HASH;
    case "Discriminator": return "0";
    case "Json": return { kept: [1.5, "as it is"] };
    case "Number": return 1.5;
    case "ChoiceValue": case "Nonce": return "text";
    case "Snowflake": return "0";
    case "Present": return null;
    case "ActivityButton": return "label";
    case "Component": return component(stack.at(-1) === "Section" ? "Thumbnail" : "TextInput", stack);
    case "CommandDataOption": return { name: "who", type: 6, value: id() };
    case "InteractionData": return ofOurs(DATA[dataAt], stack, isWhole);
    case "Mention": return { ...ofOurs("User", stack, isWhole), member: ofOurs("PartialMember", stack, isWhole) };
    default: throw new Error(`nothing is known of ${type}`);
  }
}

const MESSAGE_COMPONENTS = ["ActionRow", "Section", "TextDisplay", "MediaGallery", "FileDisplay", "Separator", "Container"];
const DATA = ["CommandData", "ComponentData", "ModalData"];
let dataAt = 0;

function component(name, stack) {
  const [, , , options] = config.objects.find(([one]) => one === name);
  if (stack.includes(name)) return { type: 10, content: "text" };
  const made = instance(name, [ours.get(name).from[0] ?? name], ["Component", ...stack], true);
  if (typeof options.component === "number") made.type = options.component;
  else made.type = 3;
  return made;
}

/** A value of a described type. */
function ofType(type, wire, field, stack, isWhole) {
  const fallback = () => (field ? ofOurs(field.type, stack, isWhole) : { kept: true });
  if (typeof type === "string") {
    if (type === "Snowflake" || type === "APIRole['id']") return id();
    if (type === "string" && /^(Option<)?i64/.test(field?.type)) return "7";
    if (type === "string" && /^(Option<)?Id</.test(field?.type)) return id();
    if (type === "string") return config.times.test(wire) || /^(start|end)$/.test(wire) ? TIME : config.hashes.includes(wire) ? HASH : wire === "discriminator" ? "0" : "text";
    if (type === "number") return config.floats.includes(wire) ? 0.5 : 7;
    if (type === "boolean") return true;
    if (type === "Permissions") return "281474976711680";
    if (type === "unknown") return fallback();
    if (described[type]?.kind === "enum") return described[type].members.at(-1).value;
    if (described[type]?.kind === "object" && byType.has(type)) return instance(byType.get(type), [type], stack, isWhole);
    const inner = type.match(/^(?:Partial<)?(\w+)/)?.[1];
    if (inner !== type && described[inner]?.kind === "object") return ofType(inner, wire, field, stack, isWhole);
    return fallback();
  }
  switch (type[0]) {
    case "list": {
      if (field?.type.includes("Component>")) return fallback();
      const item = ofType(type[1], wire, field && { type: field.type.replace(/^Option<(.*)>$/, "$1").replace(/^Vec<(.*)>$/, "$1") }, stack, isWhole);
      return item === undefined ? [] : [item];
    }
    case "or": {
      const some = type.slice(1).find((one) => one !== "null" && one !== "undefined");
      return ofType(some, wire, field, stack, isWhole);
    }
    case "literal": return type[1].startsWith("'") ? type[1].slice(1, -1) : JSON.parse(type[1]);
    case "value": return described[type[1]]?.members?.find((member) => member.name === type[2])?.value ?? fallback();
    case "tuple": return type.slice(1).map((one) => ofType(typeof one === "string" ? one.replace("?", "") : one, wire, undefined, stack, isWhole));
    case "Partial": case "Required": return ofType(type[1], wire, field, stack, isWhole);
    case "Pick": {
      const whole = ofType(type[1], wire, field, stack, isWhole);
      const keys = JSON.stringify(type[2]);
      return whole && Object.fromEntries(Object.entries(whole).filter(([key]) => keys.includes(`'${key}'`)));
    }
    default: return fallback();
  }
}

function isNullable(type) {
  return type === "null" || (Array.isArray(type) && type[0] === "or" && type.slice(1).some(isNullable));
}

/** An instance of a described object; `undefined` inside itself. */
function instance(name, from, stack, isWhole, partial) {
  if (stack.includes(name)) return undefined;
  // Deep inside, what is required is enough: each object has an instance of its own.
  isWhole &&= stack.length < 3;
  stack = [...stack, name];
  const known = new Map((ours.get(name)?.fields ?? []).map((field) => [field.wire, field]));
  const options = [...config.gateway, ...config.objects].find(([one]) => one === name)?.[3] ?? {};
  const made = {};
  const fields = from.flatMap((one) => described[options.partial ?? one]?.fields ?? []);
  for (const field of fields) {
    if (JSON.stringify(field.types) === '["undefined"]') continue;
    const isOptional = field.optional || (options.partial && field.name !== "id");
    if (!isWhole && isOptional && !options.required?.includes(field.name)) continue;
    if (!isWhole && field.types.some(isNullable)) {
      made[field.name] = null;
      continue;
    }
    const ourField = known.get(field.name);
    const type = field.types.find((one) => one !== "null" && one !== "undefined") ?? "null";
    const isGeneric = typeof type === "string" && !/^(Snowflake|string|number|boolean|Permissions)$/.test(type) && !described[type] && !/^(Partial<|API\w+( &|\[))/.test(type);
    const value = type === "null" ? null : isGeneric && ourField ? ofOurs(ourField.type, stack, isWhole) : ofType(type, field.name, ourField, stack, isWhole);
    if (value !== undefined) made[field.name] = value;
  }
  // What the description leaves out altogether, as for generic types.
  if (!fields.length) for (const field of known.values()) if (isWhole || !/^Option</.test(field.type)) {
    const value = ofOurs(field.type, stack, isWhole);
    if (value !== undefined) made[field.wire] = value;
  }
  if (options.component === true) made.type = 3;
  return made;
}

const objects = [];
for (const [name, from] of [...config.objects, ...config.gateway]) {
  for (const type of described[from[0]] ? from.filter((one) => described[one]?.kind === "object") : [name]) {
    for (dataAt = 0; dataAt < (name === "Interaction" ? DATA.length : 1); dataAt += 1) {
      const isOfForm = /^APIModalSubmit\w+Component$/.test(type);
      const { component } = config.objects.find(([one]) => one === name)?.[3] ?? {};
      const typed = (made) => (component === undefined ? made : { ...made, type: component === true ? 3 : component });
      const whole = typed(instance(name, [type], [], true));
      objects.push({ as: component === undefined ? name : "Component", from: type, whole, ...(isOfForm ? {} : { bare: typed(instance(name, [type], [], false)) }) });
    }
  }
}
dataAt = 0;

const ALIASES = { MessagePollVoteAdd: "GatewayMessagePollVoteDispatchData", MessagePollVoteRemove: "GatewayMessagePollVoteDispatchData", RateLimited: "GatewayRateLimitedRequestGuildMembersDispatchData" };
const HOLDS = { GuildCreate: "Guild", GuildUpdate: "Guild", UserUpdate: "User", MessageCreate: "Message", MessageUpdate: "Message", InteractionCreate: "Interaction", ThreadCreate: "Channel", ThreadUpdate: "Channel", ChannelCreate: "Channel", ChannelUpdate: "Channel", ChannelDelete: "Channel", PresenceUpdate: "Presence", VoiceStateUpdate: "VoiceState", GuildMemberAdd: "Member" };
const events = [];
for (const { name, value } of described.GatewayDispatchEvents.members) {
  const type = ALIASES[name] ?? `Gateway${name}DispatchData`;
  if (name === "Resumed") continue;
  if (!described[type]) throw new Error(`no description of ${type}`);
  const as = HOLDS[name] ?? byType.get(type) ?? byTypeOf(name);
  for (dataAt = 0; dataAt < (as === "Interaction" ? DATA.length : 1); dataAt += 1) {
    events.push({ event: value, from: type, whole: instance(as, [type], [], true), bare: instance(as, [type], [], false) });
  }
}

/** Our object for an event that holds one, by the fields that both have. */
function byTypeOf(name) {
  const base = name.replace(/(Create|Update|Delete|Add|Remove|Send|Execution)$/, "").replace(/^GuildScheduled/, "Scheduled").replace(/^GuildAuditLog/, "AuditLog").replace(/^GuildSoundboardSound$/, "SoundboardSound");
  return ours.has(base) ? base : name;
}

const write = (file, source, lines) => fs.writeFileSync(`${crate}fixtures/documented/${file}`, [{ source }, ...lines].map((line) => JSON.stringify(line)).join("\n") + "\n");
fs.mkdirSync(`${crate}fixtures/documented`, { recursive: true });
write("objects.ndjson", `discord-api-types ${version}`, objects);
write("events.ndjson", `discord-api-types ${version}`, events);

// --- Discord's description of its HTTP API ---------------------------------------------------------------------

function ofSchema(schema, schemas, wire, stack, isWhole) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    if (stack.includes(name)) return undefined;
    const isObject = schemas[name].type === "object";
    return ofSchema(schemas[name], schemas, wire, isObject ? [...stack, name] : stack, isWhole && (!isObject || stack.length < 3));
  }
  const choices = (schema.oneOf ?? schema.anyOf ?? []).filter((one) => one.type !== "null");
  if (choices.length && choices[0].const !== undefined) return choices.at(-1).const;
  if (choices.length) return ofSchema(choices[0], schemas, wire, stack, isWhole);
  if (schema.enum) return schema.enum[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.allOf) return ofSchema(schema.allOf[0], schemas, wire, stack, isWhole);
  if (schema.type === "null") return null;
  switch ([schema.type].flat().find((one) => one !== "null")) {
    case "string":
      if (schema.format === "snowflake" || wire === "id") return id();
      if (schema.format === "date-time") return TIME;
      return /permissions$|^(allow|deny)$/.test(wire) ? "281474976711680" : config.hashes.includes(wire) ? HASH : wire === "discriminator" ? "0" : "text";
    case "integer": return 7;
    case "number": return 0.5;
    case "boolean": return true;
    case "null": return null;
    case "array": {
      const items = schema.items.oneOf ?? schema.items.anyOf ?? [schema.items];
      if (items[0]?.const !== undefined) return [items[0].const];
      return items.filter((item) => item.type !== "null").map((item) => ofSchema(item, schemas, wire, stack, isWhole)).filter((item) => item !== undefined);
    }
    case "object": {
      if (!schema.properties && schema.additionalProperties) {
        const value = ofSchema(schema.additionalProperties, schemas, wire, stack, isWhole);
        return value === undefined ? {} : { [/localizations$/.test(wire) ? "de" : /owners|config/.test(wire) ? "0" : id()]: value };
      }
      const made = {};
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        if (!isWhole && !schema.required?.includes(name)) continue;
        const isNullable = [property.type].flat().includes("null") || (property.oneOf ?? []).some((one) => one.type === "null");
        const value = !isWhole && isNullable ? null : ofSchema(property, schemas, name, stack, isWhole);
        if (value !== undefined) made[name] = value;
      }
      return made;
    }
    case undefined: return schema.additionalProperties === undefined && !schema.properties ? { kept: true } : undefined;
    default: return undefined;
  }
}

if (process.env.DISCORD_OPENAPI) {
  const { components: { schemas } } = JSON.parse(fs.readFileSync(process.env.DISCORD_OPENAPI));
  const lines = Object.entries(config.schemas).map(([schema, as]) => {
    if (!schemas[schema]) throw new Error(`no schema ${schema}`);
    const at = [schema];
    return { as, from: schema, whole: ofSchema(schemas[schema], schemas, "", at, true), bare: ofSchema(schemas[schema], schemas, "", at, false) };
  });
  write("openapi.ndjson", "discord/discord-api-spec, openapi.json, commit 74fda0fa, MIT licence", lines);
} else {
  console.error("DISCORD_OPENAPI is not set: fixtures/documented/openapi.ndjson stays as it is");
}
