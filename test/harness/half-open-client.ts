import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type NetworkLink, serverAddress } from './network-link.ts';
import { within } from './until.ts';

/** What became of the handshakes that were finished. */
export interface HandshakeOutcome {
  /** Answered with 200 and a whole body. */
  readonly completed: number;
  readonly reset: number;
  /** Neither, until the limit. */
  readonly silent: number;
  /** How often each body came. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Opens connections as far as half, and finishes them when told: fixtures/half-open-client.py, which says how. */
export class HalfOpenClient implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #replies: AsyncIterator<string>;

  constructor({ inClient, clientDevice, clientAddress }: NetworkLink, port: number) {
    const [command = '', ...prefix] = inClient;
    const args = [...prefix, 'python3', fixture, clientDevice, clientAddress, serverAddress, String(port)];
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#replies = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Answers how many have their SYN-ACK. */
  async open(count: number): Promise<number> {
    const { halfOpen } = await this.#ask<{ halfOpen: number }>({ do: 'open', count, limit: 30 });
    return halfOpen;
  }

  /** Sends the withheld ACK and a request on so many, the oldest first; answers on how many. */
  async acknowledge(count: number): Promise<number> {
    const { sent } = await this.#ask<{ sent: number }>({ do: 'acknowledge', count });
    return sent;
  }

  /** Of the connections that were acknowledged last, at the latest `limit` seconds after that. */
  outcome(limit = 60): Promise<HandshakeOutcome> {
    return this.#ask<HandshakeOutcome>({ do: 'outcome', limit });
  }

  async #ask<T>(command: { readonly do: string; readonly limit?: number; readonly count?: number }): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const reply = await within(((command.limit ?? 0) + 30) * 1_000, this.#replies.next());
    if (reply === undefined) throw new Error(`the half-open client did not answer ${command.do}`);
    if (reply.done === true) throw new Error('the half-open client has ended');
    const answer: T = JSON.parse(reply.value); // Our own child wrote it.
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

const fixture = join(import.meta.dirname, '../fixtures/half-open-client.py');
