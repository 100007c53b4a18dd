import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseBackup } from '../../src/core/log-rotation.ts';
import { fixtureApps } from './daemon-config.ts';

const text = 'some text to make a line of it';
const whole = new RegExp(`^#\\d+ ${text}$`);

/** A process that writes numbered lines to a log as fast as it can, on an O_APPEND descriptor as a worker has it. */
export class LineWriter implements AsyncDisposable {
  readonly #child: ChildProcess;
  #said = '';

  constructor(log: string) {
    const fd = openSync(log, 'a');
    this.#child = spawn(process.execPath, [join(fixtureApps, 'writes-lines.cjs'), text], {
      stdio: ['ignore', fd, 'pipe'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#said += String(chunk)));
    closeSync(fd);
  }

  /** How many lines it has written. */
  async end(): Promise<number> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await closed;
    return Number(this.#said);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}

export interface LinesFound {
  /** One more than the highest number. */
  readonly next: number;
  readonly lost: number;
  /** Places where some are missing. */
  readonly gaps: number;
  /** Out of order too. */
  readonly twice: number;
  /** That are not whole. */
  readonly broken: number;
  readonly backups: number;
  readonly compressed: number;
}

/** What is in a log and its backups, the oldest first, as one text. */
export function linesIn(log: string): LinesFound {
  const backups = readdirSync(dirname(log))
    .flatMap((file) => parseBackup(basename(log), file) ?? [])
    .toSorted((one, other) => other.number - one.number);
  const files = backups.map(({ number, compressed }) => ({
    path: `${log}.${number}${compressed ? '.gz' : ''}`,
    compressed,
  }));
  let [next, lost, gaps, twice, broken] = [0, 0, 0, 0, 0];
  let rest = '';
  for (const { path, compressed } of [...files, { path: log, compressed: false }]) {
    const bytes = readFileSync(path);
    const lines = (rest + (compressed ? gunzipSync(bytes) : bytes).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const number = whole.test(line) ? Number(line.slice(1, line.indexOf(' '))) : Number.NaN;
      if (Number.isNaN(number)) broken += 1;
      else if (number < next) twice += 1;
      else {
        if (number > next) gaps += 1;
        lost += number - next;
        next = number + 1;
      }
    }
  }
  if (rest !== '') broken += 1;
  const compressed = files.filter((file) => file.compressed).length;
  return { next, lost, gaps, twice, broken, backups: files.length, compressed };
}
