/** As much of JSON Schema (draft 2020-12) as the generated one uses: where a value breaks it. */

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
}

const understood = new Set([
  ...['type', 'properties', 'additionalProperties', 'required', 'items', 'anyOf', 'enum', 'const'],
  ...['pattern', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems'],
  // These judge nothing here; a format is only a hint (JSON Schema validation §7).
  ...['title', 'description', 'default', '$schema', 'format'],
]);

/** Paths of what breaks `schema`. @throws TypeError for a keyword that it does not know */
export function brokenPlaces(value: unknown, schema: unknown, path = '$'): string[] {
  const rules = schema as Schema;
  for (const keyword of Object.keys(rules)) {
    if (!understood.has(keyword)) throw new TypeError(`${path}: the keyword ${keyword}`);
  }
  if (rules.anyOf !== undefined) {
    const isAny = rules.anyOf.some((one) => brokenPlaces(value, one, path).length === 0);
    if (!isAny) return [path];
  }
  if (rules.type !== undefined && !isOfType(value, rules.type)) return [path];
  if ('const' in rules && value !== rules.const) return [path];
  if (rules.enum !== undefined && !rules.enum.includes(value)) return [path];
  if (typeof value === 'string') return brokenText(value, rules) ? [path] : [];
  if (typeof value === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = rules;
    return value < minimum || value > maximum ? [path] : [];
  }
  if (Array.isArray(value)) return brokenItems(value, rules, path);
  return typeof value === 'object' && value !== null ? brokenKeys(value, rules, path) : [];
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object')
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function brokenText(
  value: string,
  { pattern, minLength = 0, maxLength = Infinity }: Schema,
): boolean {
  const fits = pattern === undefined || new RegExp(pattern, 'u').test(value);
  return !fits || value.length < minLength || value.length > maxLength;
}

function brokenItems(value: readonly unknown[], rules: Schema, path: string): string[] {
  if (value.length < (rules.minItems ?? 0)) return [path];
  const { items } = rules;
  if (items === undefined) return [];
  return value.flatMap((item, index) => brokenPlaces(item, items, `${path}[${index}]`));
}

function brokenKeys(value: object, rules: Schema, path: string): string[] {
  const { properties = {}, required = [], additionalProperties = true } = rules;
  const missing = required.filter((key) => !Object.hasOwn(value, key));
  const broken = Object.entries(value).flatMap(([key, part]) => {
    const place = `${path}.${key}`;
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known !== undefined) return brokenPlaces(part, known, place);
    return additionalProperties ? [] : [place];
  });
  return [...missing.map((key) => `${path}.${key}`), ...broken];
}

/** Every path of keys that `schema` names, items of lists as `[]`. */
export function namedKeys(schema: unknown, path = ''): string[] {
  const { properties = {}, items, anyOf = [] } = schema as Schema;
  return [
    ...Object.entries(properties).flatMap(([key, part]) => {
      const place = path === '' ? key : `${path}.${key}`;
      return [place, ...namedKeys(part, place)];
    }),
    ...(items === undefined ? [] : namedKeys(items, `${path}[]`)),
    ...anyOf.flatMap((one) => namedKeys(one, path)),
  ];
}

/** Paths of mappings that take keys which the schema does not name. */
export function openMappings(schema: unknown, path = '$'): string[] {
  const { type, properties = {}, additionalProperties, items, anyOf = [] } = schema as Schema;
  return [
    ...(type === 'object' && additionalProperties !== false ? [path] : []),
    ...Object.entries(properties).flatMap(([key, part]) => openMappings(part, `${path}.${key}`)),
    ...(items === undefined ? [] : openMappings(items, `${path}[]`)),
    ...anyOf.flatMap((one) => openMappings(one, path)),
  ];
}
