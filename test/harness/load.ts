import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { LossOptions } from './loss-client.ts';
import type { LoadCommand } from './loss-client-main.ts';
import type { LossReport } from './loss-report.ts';
import { within } from './until.ts';

/** The loss client as a child process. Dispose kills it; `stop` reports first. */
export interface Load extends AsyncDisposable {
  readonly pid: number;
  report(): Promise<LossReport>;
  /** Stops and reports, but keeps the process for `resume`: its code stays compiled, which matters to benchmarks. */
  halt(): Promise<LossReport>;
  /** A new load, with a report of its own. */
  resume(options: LossOptions): Promise<void>;
  /** Waits for the clients' `rounds`. */
  finished(limitMs?: number): Promise<LossReport>;
  stop(): Promise<LossReport>;
}

/** Beyond the client's own limit of an exchange. */
const replyLimitMs = 30_000;

/** `inside`: a command that runs it, such as the one that enters a network namespace. */
export async function startLoad(options: LossOptions, inside: readonly string[] = []): Promise<Load> {
  const load = new LoadProcess(inside);
  await load.resume(options);
  return load;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

class LoadProcess implements Load {
  readonly #child: Child;
  readonly #replies: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;

  constructor(inside: readonly string[]) {
    const main = join(import.meta.dirname, 'loss-client-main.ts');
    const words = [...inside, process.execPath, '--disable-warning=ExperimentalWarning', main];
    this.#child = spawn(words[0] ?? '', words.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#replies = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    const exited = Promise.withResolvers<void>();
    this.#child.once('exit', () => exited.resolve());
    this.#exited = exited.promise;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ask(command: LoadCommand, limitMs = replyLimitMs): Promise<LossReport> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const reply = await within(limitMs, this.#replies.next());
    if (reply === undefined) throw new Error(`the load process did not answer ${command.do} within ${limitMs} ms`);
    if (reply.done === true) throw new Error('the load process has ended');
    const report: LossReport = JSON.parse(reply.value); // Our own child wrote it (loss-client-main.ts).
    return report;
  }

  report(): Promise<LossReport> {
    return this.ask({ do: 'report' });
  }

  finished(limitMs = replyLimitMs): Promise<LossReport> {
    return this.ask({ do: 'finish' }, limitMs);
  }

  halt(): Promise<LossReport> {
    return this.ask({ do: 'stop' });
  }

  async resume(options: LossOptions): Promise<void> {
    await this.ask({ do: 'start', options });
  }

  async stop(): Promise<LossReport> {
    const report = await this.halt();
    await this[Symbol.asyncDispose]();
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
