// What the simulator may send although the published types say otherwise: each entry has the source that is right.
//
// An entry is `[of, path, why]`: `of` and `path` are patterns of a kind or route and of a JSON path without indices.

/** Fields that are documented, and that discord-api-types does not know: they are left out before the samples are compiled. */
const NEWER_FIELDS = [];

/** Values that are documented, and that discord-api-types refuses. */
const NEWER_VALUES = [];

const name = path => path.filter(step => !/^\d+$/.test(step)).join('.');

/** The value of a sample without the fields of NEWER_FIELDS. */
export function strip({of, value}) {
  const entries = NEWER_FIELDS.filter(([pattern]) => pattern.test(of));
  const copy = (value, path) => {
    if (Array.isArray(value)) return value.map(item => copy(item, path));
    if (!value || typeof value !== 'object') return value;
    const kept = Object.entries(value).filter(([key]) => !entries.some(([, pattern]) => pattern.test(name([...path, key]))));
    return Object.fromEntries(kept.map(([key, item]) => [key, copy(item, [...path, key])]));
  };
  return entries.length > 0 ? copy(value, []) : value;
}

/** Whether NEWER_VALUES has the place of a fault. */
export function isAllowed({sample, path}) {
  return NEWER_VALUES.some(([of, pattern]) => of.test(sample.of) && pattern.test(name(path)));
}
