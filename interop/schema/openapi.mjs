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

/** Places where the description is known to be narrower than its own service: `[route, path, why]`. */
const NARROWER = [];

const shape = path => path.replace(/\{\w+\}/g, '{}');

/** Checks the bodies of calls; faults are as in types.mjs. */
export function checkOpenApi(file, calls) {
  // Alternatives of the description overlap, so that `oneOf` would refuse what fits two of them.
  const description = JSON.parse(readFileSync(file, 'utf8'), (_, value) => {
    if (!value || typeof value !== 'object' || !Array.isArray(value.oneOf)) return value;
    const {oneOf, ...rest} = value;
    return {...rest, anyOf: oneOf};
  });
  const ajv = new Ajv2020({strict: false, allErrors: true, formats: FORMATS, validateSchema: false});
  ajv.addSchema(description, 'discord');
  const paths = new Map(Object.keys(description.paths).map(path => [shape(path), path]));
  const pointer = text => encodeURIComponent(text.replace(/~/g, '~0').replace(/\//g, '~1'));
  const validators = new Map();
  const validator = steps => {
    const ref = `discord#/${steps.map(step => pointer(String(step))).join('/')}`;
    if (!validators.has(ref)) validators.set(ref, ajv.compile({$ref: ref}));
    return validators.get(ref);
  };
  const faults = [];
  const routes = new Set();
  let bodies = 0;
  const check = (of, steps, value) => {
    bodies += 1;
    for (const {path, value: at, says} of explain(steps, value, [])) {
      const name = path.filter(step => !/^\d+$/.test(step)).join('.');
      if (!NARROWER.some(([route, pattern]) => route.test(of) && pattern.test(name))) faults.push({sample: {of}, path, value: at, says: `the description says: ${says}`});
    }
  };
  /** What is wrong with a value, at the deepest places, by the alternative that its discriminator names. */
  const explain = (steps, value, path) => {
    const schema = steps.reduce((inner, step) => inner[step], description);
    if (schema.$ref) return explain(schema.$ref.split('/').slice(1), value, path);
    const validate = validator(steps);
    if (validate(value)) return [];
    const own = validate.errors.filter(error => error.instancePath === '' && error.schemaPath.split('/').length <= 2 && error.keyword !== 'anyOf');
    const found = own.map(({message, keyword, params}) => ({path, value, says: keyword === 'enum' ? `${message}: ${params.allowedValues}` : message}));
    if (schema.anyOf) {
      const branches = schema.anyOf.map((_, index) => explain([...steps, 'anyOf', index], value, path));
      const isOther = faults => faults.some(({path: at, says}) => at.length === path.length && /must be (null|object|array|string|integer|boolean)/.test(says) || at.length === path.length + 1 && at.at(-1) === 'type');
      const likely = branches.filter(faults => !isOther(faults));
      found.push(...(likely.length > 0 ? likely : branches).sort((one, other) => one.length - other.length)[0]);
    }
    (schema.allOf ?? []).forEach((_, index) => found.push(...explain([...steps, 'allOf', index], value, path)));
    if (Array.isArray(value) && schema.items) value.forEach((item, index) => found.push(...explain([...steps, 'items'], item, [...path, String(index)])));
    if (value && typeof value === 'object' && !Array.isArray(value)) {
      for (const [name, item] of Object.entries(value)) {
        if (schema.properties?.[name]) found.push(...explain([...steps, 'properties', name], item, [...path, name]));
        else if (typeof schema.additionalProperties === 'object') found.push(...explain([...steps, 'additionalProperties'], item, [...path, name]));
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
