// Reads the declarations of `discord-api-types` through TypeScript's own compiler, and gives plain data:
// for each exported type its fields (wire name, type, whether it may be left out) or its values.

import path from "node:path";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("node_modules/discord-api-types", import.meta.url));
export const version = JSON.parse(fs.readFileSync(path.join(root, "package.json"))).version;

/** Every exported type of the Gateway's and the payloads' modules, by name. */
export function describe() {
  const files = ["gateway/v10.d.ts", "payloads/v10/index.d.ts", "rest/v10/index.d.ts"].map((file) => path.join(root, file));
  const program = ts.createProgram(files, { strict: true, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const types = {};
  for (const file of files) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (!types[exported.name]) {
        const described = describeSymbol(checker, symbol);
        if (described) types[exported.name] = described;
      }
    }
  }
  return types;
}

function describeSymbol(checker, symbol) {
  if (!(symbol.flags & (ts.SymbolFlags.Type | ts.SymbolFlags.Enum))) return undefined;
  const declaration = symbol.declarations[0];
  const see = [...documentation(declaration).matchAll(/https:\/\/[^ |}\s]+/g)].map((found) => found[0])[0];
  if (ts.isEnumDeclaration(declaration)) {
    const members = declaration.members.map((member) => ({
      name: member.name.text,
      value: checker.getConstantValue(member),
      deprecated: isDeprecated(member),
    }));
    return { kind: "enum", see, members };
  }
  if (declaration.typeParameters?.length) return { kind: "generic", see };
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const parts = type.isUnion() ? type.types : [type];
  if (!parts.every((part) => part.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) || checker.isArrayType(type)) {
    return { kind: "alias", see, type: ts.isTypeAliasDeclaration(declaration) ? typeOf(declaration.type) : undefined };
  }
  return { kind: "object", see, fields: fieldsOf(checker, parts), of: ts.isTypeAliasDeclaration(declaration) ? typeOf(declaration.type) : undefined };
}

/** Fields of an object, or of a choice of objects as one: what not every one of them has may be left out. */
function fieldsOf(checker, parts) {
  const fields = new Map();
  for (const part of parts) {
    for (const property of checker.getPropertiesOfType(part)) {
      const declared = (property.declarations ?? []).filter((declaration) => declaration.type);
      const seen = fields.get(property.name) ?? { name: property.name, count: 0, optional: false, types: [], doc: "" };
      seen.count += 1;
      seen.optional ||= Boolean(property.flags & ts.SymbolFlags.Optional);
      for (const declaration of declared) {
        const type = typeOf(declaration.type);
        if (!seen.types.some((other) => JSON.stringify(other) === JSON.stringify(type))) seen.types.push(type);
        seen.doc ||= documentation(declaration);
        seen.deprecated ||= isDeprecated(declaration);
      }
      fields.set(property.name, seen);
    }
  }
  return [...fields.values()].map(({ count, ...field }) => ({ ...field, optional: field.optional || count < parts.length }));
}

function documentation(node) {
  return (node.jsDoc ?? []).map((doc) => doc.getText()).join("\n");
}

function isDeprecated(node) {
  return ts.getJSDocTags(node).some((tag) => tag.tagName.text === "deprecated") || undefined;
}

/** A type as data: a word, or an array whose first item says what the others are. */
function typeOf(node) {
  if (ts.isParenthesizedTypeNode(node)) return typeOf(node.type);
  if (ts.isTypeReferenceNode(node)) {
    const name = node.typeName.getText();
    const last = name.split(".").at(-1);
    const args = (node.typeArguments ?? []).map(typeOf);
    if (name === "Array") return ["list", args[0]];
    return args.length ? [name, ...args] : name.includes(".") ? ["value", name.split(".")[0], last] : name;
  }
  if (ts.isArrayTypeNode(node)) return ["list", typeOf(node.elementType)];
  if (ts.isUnionTypeNode(node)) return ["or", ...node.types.map(typeOf)];
  if (ts.isTypeOperatorNode(node)) return typeOf(node.type);
  if (ts.isTupleTypeNode(node)) return ["tuple", ...node.elements.map((element) => typeOf(ts.isNamedTupleMember(element) ? element.type : element))];
  if (ts.isLiteralTypeNode(node)) return node.literal.kind === ts.SyntaxKind.NullKeyword ? "null" : ["literal", node.literal.getText()];
  if (ts.isTypeLiteralNode(node)) return ["object", ...node.members.map((member) => member.getText())];
  return node.getText().replace(/\s+/g, " ");
}

/** Names and bits of permissions; the declarations have no values for them. */
export function permissions() {
  const text = fs.readFileSync(path.join(root, "payloads/common.js"), "utf8");
  return [...text.matchAll(/^\s+(\w+): 1n << (\d+)n/gm)].map(([, name, bit]) => [name, `1 << ${bit}`]);
}
