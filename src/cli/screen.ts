import { styleText } from 'node:util';
import { openPage, type Page } from './page.ts';

/** Where a command writes: results on stdout, advice and progress on stderr. Colour is decided once, here. */
export interface Screen {
  /** Whether stdout is a terminal: bars and redrawn lines are for people only. */
  readonly terminal: boolean;
  readonly columns: number;
  readonly paint: Paint;
  /** A line (or several) of result. */
  print(text: string): void;
  /** Bytes as they are. On a terminal as text: what would move the cursor, or worse, is shown as a sign. */
  bytes(chunk: Uint8Array): void;
  /** Redraws the last line of a terminal; the next print() takes its place. Nothing elsewhere. */
  draw(line: string): void;
  /** Advice, to stderr. */
  note(text: string): void;
  /** A page of its own; undefined where stdout is no terminal, or one that cannot do that. */
  page(): Page | undefined;
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

export const unpainted: Paint = (_colour, text) => text;

const painted: Paint = (colour, text) => styleText(colour, text, { validateStream: false });

/** FORCE_COLOR wins over NO_COLOR, as in Node itself; both are off when empty (no-color.org). */
export function wantsColour(
  env: Readonly<Record<string, string | undefined>>,
  option: boolean,
  terminal: boolean,
): boolean {
  if (!option) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  return terminal && env['TERM'] !== 'dumb';
}

const eraseLine = '\r\u001B[K';

/** `colour` is false with --no-color. */
export function processScreen(colour: boolean): Screen {
  const { stdout } = process;
  const terminal = stdout.isTTY;
  const decoder = new TextDecoder();
  let drawn = false;
  const write = (text: string): void => {
    stdout.write(`${drawn ? eraseLine : ''}${text}`);
    drawn = false;
  };
  // `portherdctl status | head -1` is no error.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  return {
    terminal,
    // 0 on a terminal that has no size (script(1), some containers).
    get columns() {
      return stdout.columns || 80;
    },
    paint: wantsColour(process.env, colour, terminal) ? painted : unpainted,
    print: (text) => write(`${text}\n`),
    bytes: (chunk) => {
      if (terminal) write(printableLines(decoder.decode(chunk, { stream: true })));
      else stdout.write(chunk);
    },
    draw: (line) => {
      if (!terminal) return;
      write(line);
      drawn = true;
    },
    note: (text) => {
      if (drawn) write('');
      process.stderr.write(`${text}\n`);
    },
    page: () => (terminal && process.env['TERM'] !== 'dumb' ? openPage(stdout) : undefined),
  };
}

/** A worker's words may hold anything; on the operator's terminal they must not move the cursor or worse. */
export function printable(text: string): string {
  return text.replace(/(?!\t)\p{Cc}/gu, '\uFFFD');
}

function printableLines(text: string): string {
  return text.replaceAll('\r\n', '\n').split('\n').map(printable).join('\n');
}
