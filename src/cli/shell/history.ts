import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { messageOf } from '../../shared/errors.ts';

/** What was typed, in a file of its user's; the newest first, as readline wants it. */
export class History {
  readonly #path: string;
  readonly #failed: (why: string) => void;
  #lines: string[];
  #usable = true;

  /** `failed` is told once when the file cannot be used; what is typed is then remembered until the end. */
  constructor(path: string, failed: (why: string) => void) {
    this.#path = path;
    this.#failed = failed;
    this.#lines = this.#try(() => readLines(path)) ?? [];
    // Not at each line: two shells append to one file.
    if (this.#lines.length > linesMax) {
      this.#lines = this.#lines.slice(0, linesMax);
      this.#try(() => writeFileSync(path, `${this.#lines.toReversed().join('\n')}\n`, { mode: fileMode }));
    }
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Not what is the same as the line before, nor what begins with a space: that is how one keeps a line out. */
  add(line: string): void {
    if (line.startsWith(' ') || line.trim() === '' || line === this.#lines[0]) return;
    this.#lines.unshift(line);
    this.#try(() => {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      appendFileSync(this.#path, `${line}\n`, { mode: fileMode });
    });
  }

  #try<T>(work: () => T): T | undefined {
    if (!this.#usable) return undefined;
    try {
      return work();
    } catch (thrown) {
      this.#usable = false;
      this.#failed(messageOf(thrown));
      return undefined;
    }
  }
}

/** Bounds the file and what Tab and the arrow keys go through. */
const linesMax = 1_000;

/** A line may hold a password. */
const fileMode = 0o600;

/** `given`: --history-file. XDG base directory specification: state, not configuration. */
export function historyPath(given: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  if (given !== undefined) return given;
  const state = env['XDG_STATE_HOME'];
  return `${state?.startsWith('/') === true ? state : `${homedir()}/.local/state`}/portherd/history`;
}

function readLines(path: string): string[] {
  try {
    const written = readFileSync(path, 'utf8').split('\n');
    return written.filter((line) => line !== '').toReversed();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
}
