import { printable, type Colour, type Screen } from './screen.ts';

/** How bytes of logs are shown: as they are, or as lines with the worker's name in front where several are shown together. */
export interface LogView {
  bytes(bytes: Uint8Array): void;
  gap(why: string): void;
  /** What has come of a line that has no end yet. */
  flush(): void;
}

/** On a terminal as lines too: colours are let through, what would move the cursor is not. */
export function logView(screen: Screen, json: boolean, name: string, prefix: Prefix | undefined): LogView {
  const gap = (why: string): void => screen.note(`${name}: some lines are missing here: ${why}`);
  if (!json && prefix === undefined && !screen.terminal)
    return { bytes: (bytes) => screen.bytes(bytes), gap, flush: () => undefined };
  const decoder = new TextDecoder();
  let rest = '';
  const show = (line: string): void => {
    if (json) return screen.print(JSON.stringify({ name, line }));
    const front = prefix === undefined ? '' : `${screen.paint(prefix.colour, prefix.text)} `;
    screen.print(front + (screen.terminal ? showable(line) : line));
  };
  return {
    bytes(bytes) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) show(line);
      if (rest.length > lineCharsMax) this.flush();
    },
    gap,
    flush() {
      if (rest !== '') show(rest);
      rest = '';
    },
  };
}

export interface Prefix {
  readonly text: string;
  readonly colour: Colour;
}

/** One width for all, one colour each. */
export function prefixes(names: readonly string[]): readonly Prefix[] {
  const width = Math.max(0, ...names.map((name) => name.length));
  return names.map((name, at) => ({ text: `${name.padEnd(width)} |`, colour: colours[at % colours.length] ?? 'dim' }));
}

const colours: readonly Colour[] = ['cyan', 'green', 'yellow', 'bold', 'red', 'dim'];

/** Select Graphic Rendition (ECMA-48, 8.3.117) only, and back to normal at the end of the line. */
function showable(line: string): string {
  // oxlint-disable-next-line no-control-regex
  const parts = line.replace(/\r$/, '').split(/(\u001B\[[\d;]*m)/);
  const shown = parts.map((part, at) => (at % 2 === 1 ? part : printable(part))).join('');
  return parts.length > 1 ? `${shown}\u001B[0m` : shown;
}

/** A line that long is a binary. */
const lineCharsMax = 64 * 1024;
