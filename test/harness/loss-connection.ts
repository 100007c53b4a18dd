import { connect, type Socket } from 'node:net';
import { ResponseReader } from './http-response.ts';
import { type Exchange, type Outcome, outcomeOf } from './loss-outcome.ts';

/** One TCP connection of the load, on raw node:net so that no agent retries, pools or hides anything. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Source address; undefined leaves it to the kernel. */
  readonly localAddress: string | undefined;
  /** Limit of a whole exchange, the connect included, ms. */
  readonly timeoutMs: number;
  /** Waits this long between being connected and writing the first request, ms. */
  readonly writeDelayMs: number;
}

/** How a connection with no open request ended: the server closed it, reset it, spoke unasked, or we closed it. */
export type IdleEnd = 'closed' | 'reset' | 'unasked' | 'own';

interface Pending {
  readonly since: number;
  readonly request: string;
  readonly settle: (exchange: Exchange) => void;
  readonly timer: NodeJS.Timeout;
  written: boolean;
}

export class LossConnection {
  /** Answers given so far. */
  served = 0;
  /** Resolves when the socket is closed; says how, if no request was open then. */
  readonly gone: Promise<IdleEnd>;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #reader = new ResponseReader();
  #pending: Pending | undefined;
  #connected = false;
  #reusable = true;
  #end: IdleEnd = 'own';

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { host, port, localAddress } = options;
    const socket = connect(localAddress === undefined ? { host, port } : { host, port, localAddress });
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<IdleEnd>();
    this.gone = promise;
    socket.on('connect', () => this.#onConnect());
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(error.code ?? error.message));
    socket.on('close', () => {
      // Every way out has settled by now; this is for the one that nobody thought of.
      this.#fail('unexpected', 'closed');
      resolve(this.#end);
    });
  }

  /** False once the server has closed, reset or announced to close: the next request needs another connection. */
  get reusable(): boolean {
    return this.#reusable && !this.#socket.destroyed;
  }

  /** One request, one outcome; never rejects. One at a time. */
  exchange(lastOne: boolean): Promise<Exchange> {
    const { host, port, path, timeoutMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    const request = `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n${lastOne ? 'Connection: close\r\n' : ''}\r\n`;
    const timer = setTimeout(() => {
      this.#fail('timedOut', this.#connected ? 'connected' : 'connecting');
      this.#socket.destroy();
    }, timeoutMs);
    this.#pending = { since: performance.now(), request, settle: resolve, timer, written: false };
    if (this.#connected) this.#write();
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #onConnect(): void {
    this.#connected = true;
    if (this.#options.writeDelayMs === 0) this.#write();
    else setTimeout(() => this.#write(), this.#options.writeDelayMs);
  }

  #write(): void {
    const pending = this.#pending;
    if (pending === undefined || this.#socket.destroyed) return;
    this.#socket.write(pending.request, (error) => {
      pending.written = !error;
    });
  }

  #onData(chunk: Buffer): void {
    const progress = this.#pending === undefined ? 'malformed' : this.#reader.push(chunk);
    if (progress === 'more') return;
    if (progress === 'complete') return this.#answered();
    this.#reusable = false;
    this.#end = 'unasked';
    this.#fail('malformed', chunk.subarray(0, 40).toString('latin1'));
    this.#socket.destroy();
  }

  #answered(): void {
    const { status, keepAlive } = this.#reader;
    this.served += 1;
    this.#reader.next();
    if (!keepAlive) this.#reusable = false;
    const good = status >= 200 && status < 300;
    this.#settle(good ? 'ok' : 'badStatus', good ? '' : String(status));
  }

  #onEnd(): void {
    this.#reusable = false;
    if (this.#pending === undefined) this.#end = 'closed';
    else if (this.#reader.end() === 'complete') this.#answered();
    else this.#broken('');
  }

  #onError(code: string): void {
    this.#reusable = false;
    if (this.#pending === undefined) this.#end = 'reset';
    else this.#broken(code);
  }

  #broken(code: string): void {
    const { received } = this.#reader;
    const written = this.#pending?.written ?? false;
    this.#fail(outcomeOf({ code, connected: this.#connected, written, served: this.served, received }), code);
  }

  #fail(outcome: Outcome, detail: string): void {
    if (this.#pending !== undefined) this.#settle(outcome, detail);
  }

  #settle(outcome: Outcome, detail: string): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    clearTimeout(pending.timer);
    pending.settle({ outcome, tookMs: performance.now() - pending.since, detail });
  }
}
