import { type ChildProcess, spawn } from 'node:child_process';
import { within } from './until.ts';

/** One line of the daemon's own log (pino). */
export interface LogLine {
  readonly event?: string;
  readonly level?: number | string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

export interface DaemonExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A daemon that logs megabytes in a test is in a loop; what came first tells why. */
const outputBytesMax = 32 * 1024 * 1024;

/** The daemon as a child process: its output, its log lines, its end. Knows nothing of what it serves. */
export class DaemonProcess {
  readonly log: LogLine[] = [];
  /** Everything printed, both streams as they came. */
  output = '';
  readonly exited: Promise<DaemonExit>;
  exit: DaemonExit | undefined;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();

  constructor(node: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>, cwd: string) {
    const child = spawn(node, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<DaemonExit>();
    this.exited = promise;
    child.on('error', (error) => (this.output += String(error)));
    child.on('close', (code, signal) => {
      this.exit = { code, signal };
      resolve(this.exit);
      this.#notify();
    });
    for (const stream of [child.stdout, child.stderr]) this.#read(stream);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): boolean {
    return this.#child.kill(signal);
  }

  /** Whoever read its output is gone: a write to it is an EPIPE from now on. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** The first line, past or future, with this event for which `predicate` holds. Rejects at the deadline and at the exit. */
  async waitForLog(event: string, predicate: (line: LogLine) => boolean, deadlineMs: number): Promise<LogLine> {
    const since = performance.now();
    for (;;) {
      const found = this.log.find((line) => line.event === event && predicate(line));
      if (found !== undefined) return found;
      const left = deadlineMs - (performance.now() - since);
      if (this.exit !== undefined || left <= 0) {
        const why = this.exit === undefined ? `within ${deadlineMs} ms` : 'before the daemon ended';
        throw new Error(`no log line ${event} ${why}\n${this.tail()}`);
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await within(left, promise);
      this.#waiting.delete(resolve);
    }
  }

  /** The last of what it printed, for messages. */
  tail(lines = 40): string {
    return this.output.trimEnd().split('\n').slice(-lines).join('\n');
  }

  #read(stream: ChildProcess['stdout']): void {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      if (this.output.length < outputBytesMax) this.output += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
      this.#notify();
    });
  }

  #take(line: string): void {
    if (!line.startsWith('{')) return;
    try {
      const parsed: LogLine = JSON.parse(line);
      this.log.push(parsed);
    } catch {
      // Not a log line: it stays in `output`, as every line does.
    }
  }

  #notify(): void {
    for (const wake of this.#waiting) wake();
  }
}
