import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { until } from './until.ts';

export interface Notice {
  readonly lines: readonly string[];
  /** Of the descriptors that came with it. */
  readonly inodes: readonly number[];
  /** Who sent it, says the kernel. */
  readonly pid: number;
}

/** What a service manager would hear on `address`: fixtures/notify-receiver.py. Deaf until `listen`. */
export class NotifySocket implements AsyncDisposable {
  readonly notices: Notice[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #bound = false;

  private constructor(address: string) {
    this.#child = spawn('python3', [fixture, address], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const said: Notice = JSON.parse(line); // Our own child wrote it; its first line has no lines.
      if (this.#bound) this.notices.push(said);
      this.#bound = true;
    });
  }

  static async open(address: string): Promise<NotifySocket> {
    const socket = new NotifySocket(address);
    await until(() => socket.#bound, { what: `a receiver on ${address}` });
    return socket;
  }

  /** Reads so many datagrams, or all that come. */
  listen(count = -1): void {
    this.#child.stdin.write(`${count}\n`);
  }

  /** The first notice, from the one numbered `from` on, that has this line. */
  heard(line: string | RegExp, from = 0): Promise<Notice> {
    const fits = (one: string): boolean => (typeof line === 'string' ? one === line : line.test(one));
    return until(() => this.notices.slice(from).find(({ lines }) => lines.some(fits)), {
      what: `a notice with ${line}`,
      explain: () => this.notices.slice(from),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

const fixture = join(import.meta.dirname, '../fixtures/notify-receiver.py');
