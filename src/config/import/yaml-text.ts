/** Values as a person would write them in YAML: any text survives the way through parseYaml(). */
export function scalarText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'null';
  return plain(value) ? value : quoted(value);
}

/** On one line: `{ port: 80 }`, `[a, "b, c"]`. */
export function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' && !/^[\w./=@%+ -]*$/.test(value) ? quoted(value) : scalarText(value);
  return `{ ${Object.entries(value)
    .map(([key, one]) => `${keyText(key)}: ${flowText(one)}`)
    .join(', ')} }`;
}

export function keyText(key: string): string {
  return /^[a-z_][\w.-]*$/i.test(key) && plain(key) ? key : quoted(key);
}

/** Not what YAML 1.2's core schema, or 1.1's, reads as something else than text. */
function plain(text: string): boolean {
  if (!/^[\w./+(-][\x20-\x7e]*$/.test(text) || /: |:$| #| $|^-( |$)|^---|^%/.test(text)) return false;
  if (/^[-+.\d]/.test(text) && /^[-+]?(\.?\d|0[xo])[\w.+:-]*$|^[-+]?\.(inf|nan)$/i.test(text))
    return isUnmistakable(text);
  return !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
}

/** A duration, a size, an address. */
function isUnmistakable(text: string): boolean {
  return /^(?=\d)(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$|^\d+[KMGT]?B$|^\d+(\.\d+){3}$/.test(text);
}

function quoted(text: string): string {
  // Single quotes have no escapes, so only what is printable ASCII may stand in them.
  const single = text.includes('"') && !text.includes("'") && /^[\x20-\x7e]*$/.test(text);
  return single
    ? `'${text}'`
    : JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/gu, escaped);
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
