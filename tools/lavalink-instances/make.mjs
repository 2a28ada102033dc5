// Makes an instance of every message and object that lavalink-protocol documents, with every field present.
//
//   npm ci && npm run make
//
// Each leaf has a value of its own, so that a test can tell which of them a typed form keeps.
// The result is checked in as fixtures/lavalink/protocol.json, with the versions it came from.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const versionOf = (name) => JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"), "utf8")).version;

const root = join(dirname(require.resolve("lavalink-protocol")), "index.d.ts");
const program = ts.createProgram([root], {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  strict: true,
  exactOptionalPropertyTypes: false,
});
const checker = program.getTypeChecker();
const index = checker.getSymbolAtLocation(program.getSourceFile(root));

let next = 100;
const isNothing = (type) => (type.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)) !== 0;

// The forms that a type can have: members of a union less `null` and `undefined`, with `boolean` as one.
function forms(type) {
  if (!type.isUnion() || type.flags & ts.TypeFlags.Boolean) return [type];
  return type.types.filter((part) => !isNothing(part));
}

function value(type) {
  if (type.flags & ts.TypeFlags.Unknown || type.flags & ts.TypeFlags.Any) return { [`key${next++}`]: `text${next++}` };
  if (type.isStringLiteral() || type.isNumberLiteral()) return type.value;
  if (type.flags & ts.TypeFlags.BooleanLike) return true;
  if (type.flags & ts.TypeFlags.NumberLike) return next++;
  if (type.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.TemplateLiteral)) return `text${next++}`;
  if (type.flags & ts.TypeFlags.Null) return null;
  if (type.isUnion()) {
    const all = forms(type);
    const isObject = (form) => form.isIntersection() || (form.flags & ts.TypeFlags.Object && !checker.isArrayType(form));
    // A field of any form is present.
    if (all.length > 1 && all.every(isObject)) return Object.assign({}, ...all.map(value));
    return value(all[0] ?? type.types[0]);
  }
  if (checker.isArrayType(type) || checker.isTupleType(type)) {
    return [value(checker.getTypeArguments(type)[0])];
  }
  const object = {};
  for (const property of checker.getPropertiesOfType(type)) {
    const isId = ["guildId", "channelId"].includes(property.name);
    object[property.name] = isId ? String(9_000_000 + next++) : value(checker.getTypeOfSymbol(property));
  }
  const record = checker.getIndexTypeOfType(type, ts.IndexKind.String);
  if (record && Object.keys(object).length === 0) object[`key${next++}`] = value(record);
  return object;
}

// A name for one form of a union: by the literal that tells it apart.
function tag(type) {
  for (const name of ["op", "type", "loadType", "class"]) {
    const property = type.getProperty?.(name);
    const told = property && checker.getTypeOfSymbol(property);
    if (told?.isStringLiteral?.() && !(name === "op" && told.value === "event")) return told.value;
  }
  return undefined;
}

const instances = [];
for (const symbol of checker.getExportsOfModule(index)) {
  const isType = symbol.flags & ts.SymbolFlags.TypeAlias || symbol.flags & ts.SymbolFlags.Alias;
  if (!isType) continue;
  const alias = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (!(alias.flags & ts.SymbolFlags.TypeAlias) || alias.declarations[0].typeParameters) continue;
  const all = forms(checker.getDeclaredTypeOfSymbol(alias));
  if (all.every((form) => !(form.flags & ts.TypeFlags.Object) && !form.isIntersection())) continue;
  // Readers and routes are the package's own, and no objects of the protocol.
  const own = ["ast", "pipe", "method"];
  const isCode = (form) => checker.getPropertiesOfType(form).some((property) => own.includes(property.name));
  if (all.some(isCode)) continue;
  for (const form of all) {
    const told = tag(form);
    const name = told === undefined || all.length === 1 ? symbol.name : `${symbol.name}.${told}`;
    instances.push({ type: name, value: value(form) });
  }
}
instances.sort((one, other) => (one.type < other.type ? -1 : 1));

const made = {
  from: `lavalink-protocol ${versionOf("lavalink-protocol")}, read by typescript ${versionOf("typescript")}`,
  by: "tools/lavalink-instances",
  instances,
};
const path = join(here, "..", "..", "fixtures", "lavalink", "protocol.json");
writeFileSync(path, `${JSON.stringify(made, null, 1)}\n`);
console.log(`${instances.length} instances`);
