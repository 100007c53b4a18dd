/** A value as a person would write it in YAML, on one line. For the generated references; not a general serializer. */
export function yamlValue(value: unknown): string {
  if (typeof value === 'string')
    return /^(?!true|false|null|\d+$|0\d)[\w./][\w./ -]*$/.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(yamlValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const pairs = Object.entries(value).map(([key, one]) => `${key}: ${yamlValue(one)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}
