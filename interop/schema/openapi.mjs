// Requests and answers against Discord's own OpenAPI description, a file that is not part of this repository:
// https://github.com/discord/discord-api-spec.
import {readFileSync} from 'node:fs';
import {Ajv2020} from 'ajv/dist/2020.js';

const FORMATS = {
  int32: {type: 'number', validate: value => Number.isInteger(value) && Math.abs(value) < 2 ** 31},
  int64: {type: 'number', validate: Number.isInteger},
  double: {type: 'number', validate: Number.isFinite},
  snowflake: /^(0|[1-9][0-9]{0,19})$/,
  nonce: true,
  uri: value => URL.canParse(value),
  'date-time': value => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value)),
};

/** Places where the description is narrower than Discord's pages: route, path, and where needed the value. */
const NARROWER = [
  // https://docs.discord.com/developers/topics/permissions: permissions are texts in requests too.
  {of: /\(request\)$/, path: /(^|\.)(default_member_permissions|allow|deny|permissions)$/},
  // https://docs.discord.com/developers/resources/application#edit-current-application: a text.
  {of: /applications.*\(request\)$/, path: /^description$/},
  // https://docs.discord.com/developers/reference#editing-message-attachments: numbers of new files.
  {of: /\(request\)$/, path: /^attachments\.id$/},
  // https://docs.discord.com/developers/resources/channel#channel-object-channel-types has GUILD_MEDIA (16).
  {of: /channels/, path: /^(type)?$/, value: value => value === 16 || value?.type === 16},
  // https://docs.discord.com/developers/resources/message#message-reference-types has FORWARD (1).
  {of: /messages/, path: /(^|\.)message_reference(\.type)?$/, value: value => value === 1 || value?.type === 1},
  // https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback-interaction-callback-resource-object: any type.
  {of: /\/callback$/, path: /^resource$/, value: value => [5, 6, 8, 9].includes(value.type)},
  // https://docs.discord.com/developers/resources/guild#list-active-guild-threads: no more than threads and members.
  {of: /threads\/active$/, path: /^$/},
];

const shape = path => path.replace(/\{\w+\}/g, '{}');

/** Checks the bodies of calls; faults are as in types.mjs. */
export function checkOpenApi(file, calls) {
  // Alternatives of the description overlap, so that `oneOf` would refuse what fits two of them; an empty `enum` means any value.
  const description = JSON.parse(readFileSync(file, 'utf8'), (key, value) => {
    if (key === 'enum' && Array.isArray(value) && value.length === 0) return undefined;
    if (!value || typeof value !== 'object' || !Array.isArray(value.oneOf)) return value;
    const {oneOf, ...rest} = value;
    return {...rest, anyOf: oneOf};
  });
  // https://docs.discord.com/developers/reference#error-messages: codes of fields are names.
  description.components.schemas.Error.properties.code.type = ['integer', 'string'];
  const ajv = new Ajv2020({strict: false, allErrors: true, formats: FORMATS, validateSchema: false});
  ajv.addSchema(description, 'discord');
  const paths = new Map(Object.keys(description.paths).map(path => [shape(path), path]));
  const pointer = text => encodeURIComponent(text.replace(/~/g, '~0').replace(/\//g, '~1'));
  const validators = new Map();
  const validator = (steps, schema) => {
    const ref = `discord#/${steps.map(step => pointer(String(step))).join('/')}`;
    if (!validators.has(ref)) validators.set(ref, ajv.compile(schema ?? {$ref: ref}));
    return validators.get(ref);
  };
  const faults = [];
  const routes = new Set();
  let bodies = 0;
  const check = (of, steps, value) => {
    bodies += 1;
    for (const {path, value: at, says} of explain(steps, value, [])) {
      const name = path.filter(step => !/^\d+$/.test(step)).join('.');
      if (!NARROWER.some(entry => entry.of.test(of) && entry.path.test(name) && (!entry.value || entry.value(at)))) faults.push({sample: {of}, path, value: at, says: `the description says: ${says}`});
    }
  };
  /** Whether an alternative is meant: by the kind of the value, and by its `type`. */
  const suits = (steps, value) => {
    const schema = steps.reduce((inner, step) => inner[step], description);
    if (schema.$ref) return suits(schema.$ref.split('/').slice(1), value);
    if (schema.type === 'null' || value === null) return schema.type === 'null' && value === null;
    if (schema.type === 'object' && (typeof value !== 'object' || Array.isArray(value))) return false;
    return !schema.properties?.type || validator([...steps, 'properties', 'type'])(value.type);
  };
  /** What is wrong with a value, at the deepest places, by the alternative that its discriminator names. */
  const explain = (steps, value, path) => {
    const schema = steps.reduce((inner, step) => inner[step], description);
    if (schema.$ref) return explain(schema.$ref.split('/').slice(1), value, path);
    const validate = validator(steps);
    if (validate(value)) return [];
    // The keywords of this place alone; what is within is explained with its own path.
    const {anyOf, allOf, items, properties, additionalProperties, ...own} = schema;
    const ofOwn = validator(['own', ...steps], own);
    const found = ofOwn(value) ? [] : ofOwn.errors.map(({message, keyword, params}) => ({path, value, says: keyword === 'enum' ? `${message}: ${params.allowedValues}` : message}));
    if (anyOf) {
      const branches = anyOf.map((_, index) => [...steps, 'anyOf', index]).filter(branch => suits(branch, value));
      const all = branches.map(branch => explain(branch, value, path)).sort((one, other) => one.length - other.length);
      found.push(...(all[0] ?? [{path, value, says: `is none of ${anyOf.length} alternatives`}]));
    }
    (allOf ?? []).forEach((_, index) => found.push(...explain([...steps, 'allOf', index], value, path)));
    if (Array.isArray(value) && items) value.forEach((item, index) => found.push(...explain([...steps, 'items'], item, [...path, String(index)])));
    if (value && typeof value === 'object' && !Array.isArray(value)) {
      for (const [name, item] of Object.entries(value)) {
        if (properties?.[name]) found.push(...explain([...steps, 'properties', name], item, [...path, name]));
        else if (typeof additionalProperties === 'object') found.push(...explain([...steps, 'additionalProperties'], item, [...path, name]));
      }
    }
    return found.length > 0 ? found : validate.errors.map(({message}) => ({path, value, says: message}));
  };
  for (const {route, status, answer, body, isJson} of calls) {
    const [method, path] = route.split(' ');
    const known = paths.get(shape(path));
    const operation = known && description.paths[known][method.toLowerCase()];
    if (!operation) continue;
    const at = ['paths', known, method.toLowerCase()];
    routes.add(route);
    const request = operation.requestBody?.content?.['application/json'];
    if (request && body !== undefined && status < 300) check(`${route} (request)`, [...at, 'requestBody', 'content', 'application/json', 'schema'], body);
    if (status < 300) {
      const response = operation.responses[status];
      if (!response) faults.push({sample: {of: route}, path: [], value: status, says: `the description has no such status, only ${Object.keys(operation.responses)}`});
      else if (isJson && response.content?.['application/json']) check(route, [...at, 'responses', String(status), 'content', 'application/json', 'schema'], answer);
      else if (isJson !== Boolean(response.content?.['application/json'])) faults.push({sample: {of: route}, path: [], value: answer, says: `the description has ${response.content ? Object.keys(response.content) : 'no body'} for ${status}`});
    } else if (isJson) {
      check(`${route} (${status})`, ['components', 'responses', 'ClientErrorResponse', 'content', 'application/json', 'schema'], answer);
    }
  }
  return {routes: routes.size, bodies, faults};
}
