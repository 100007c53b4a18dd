import { commandWords } from './command-words.ts';
import { literalText } from './import/expand.ts';
import type { Manifest } from './manifest.ts';

/** How an app is started, as far as its package.json tells. */
export interface StartCommand {
  /** In shell quoting, for `command:`. */
  readonly command: string;
  readonly environment: Readonly<Record<string, string>>;
  /** From PORT=… or --port … in it. */
  readonly port: number | undefined;
  /** Where that was found: a sentence for the file. */
  readonly from: string;
  /** npm and a shell stand between portherd and node. */
  readonly wrapped: boolean;
}

/**
 * node itself where `npm start` would only run it: a worker is then one process, that hears its signals. Else `npm start`.
 * Without a start script what npm takes (server.js), then what Node takes (main, index.js). Undefined: there is nothing.
 */
export function startCommand(manifest: Manifest, isFile: (path: string) => boolean): StartCommand | undefined {
  const { start, main } = manifest;
  if (start === undefined) {
    const script = ['server.js', ...(main === undefined ? [] : [main]), 'index.js', 'app.js'].find(isFile);
    if (script === undefined) return undefined;
    const from = `package.json has no start script; ${script} is there.`;
    return { command: `node ${quoted(literalText(script))}`, environment: {}, port: undefined, from, wrapped: false };
  }
  const port = portIn(start);
  const direct = nodeCommand(start);
  if (direct === undefined) {
    return {
      command: 'npm start',
      environment: {},
      port,
      from: `In package.json it is \`${oneLine(start)}\`.`,
      wrapped: true,
    };
  }
  const { PORT: _, ...others } = direct.environment;
  const environment = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, literalText(value)]));
  const from = 'The start script of package.json, without npm and a shell around it.';
  return {
    command: direct.words.map((word) => quoted(literalText(word))).join(' '),
    environment,
    port,
    from,
    wrapped: false,
  };
}

/** `A=1 cross-env B=2 node … ` without anything that a shell would act on. */
function nodeCommand(start: string): { words: readonly string[]; environment: Record<string, string> } | undefined {
  // Beyond what commandWords() refuses: patterns of file names, a home directory, a second line.
  if (/[*?~]|\p{Cc}/u.test(start)) return undefined;
  const words = commandWords(start);
  if (!words.ok) return undefined;
  const environment: Record<string, string> = {};
  for (const [at, word] of words.value.entries()) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(word) ?? [];
    if (name !== undefined && value !== undefined) environment[name] = value;
    else if (word !== 'cross-env') {
      return word === 'node' && at + 1 < words.value.length ? { words: words.value.slice(at), environment } : undefined;
    }
  }
  return undefined;
}

function portIn(start: string): number | undefined {
  const [, digits] = /(?:^|\s)(?:PORT=|--port[= ]\s*|-p[= ]?\s*)(\d{1,5})(?=\s|$)/.exec(start) ?? [];
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** In a comment a second line would be YAML, and control characters are not. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '?');
}
