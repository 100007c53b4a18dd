/** Text as systemd reads it in unit files (systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers"). Pure. */

/** A command line; its words are meant as they stand, but for the specifiers that `specifier` has made. */
export function execLine(words: readonly (string | Specifier)[]): string {
  return words.map((word) => (typeof word === 'string' ? quoted(word).replaceAll('$', '$$$$') : word.text)).join(' ');
}

/** A word in which `%t`, `%i` … are specifiers, and nothing needs quotes. */
export interface Specifier {
  readonly text: string;
}

export function specifier(text: string): Specifier {
  return { text };
}

/** A word of a value: `%` doubled; with spaces, quotes or backslashes in double quotes and C escapes. */
export function quoted(word: string): string {
  const plain = word.replaceAll('%', '%%');
  if (/^[^\s"'\\;]+$/.test(plain)) return plain;
  // A line break would end the value, and what follows it would be a line of its own.
  const escaped = plain
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`);
  return `"${escaped}"`;
}

/** The sections of a unit file; an empty line of a section separates groups. */
export function unitText(sections: readonly (readonly [name: string, lines: readonly string[]])[]): string {
  return sections.map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`).join('\n');
}
