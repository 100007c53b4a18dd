import { type IdleEnd, LossConnection } from './loss-connection.ts';
import { LossRecord, type LossReport } from './loss-report.ts';
import { pause, within } from './until.ts';

/**
 * A load that sees every loss: closed-loop clients that open a connection per request as fast as they are answered, and
 * keep-alive clients that think between requests. It never retries: what fails, failed.
 */
export interface LossOptions {
  readonly port: number;
  readonly host?: string;
  readonly path?: string;
  /** Clients with a connection per request: each has one open at a time. */
  readonly connections?: number;
  readonly keepAlive?: KeepAliveOptions;
  /** Limit of one exchange, ms. */
  readonly timeoutMs?: number;
  /** How long a fresh connection stays silent before its request, ms. */
  readonly writeDelayMs?: number;
  /** Share of writeDelayMs by which it varies either way, 0..1; 0 unless given. */
  readonly writeDelayJitter?: number;
  /** Rounds of one-shot connections per client; unlimited unless given. */
  readonly rounds?: number;
}

export interface KeepAliveOptions {
  readonly clients: number;
  /** Between an answer and the next request, ms; 0 asks again at once. */
  readonly thinkMs: number;
  /** Share of thinkMs by which it varies either way, 0..1. */
  readonly jitter?: number;
}

/** Ports run out per source address: 28,000 each by ip_local_port_range, for a minute of TIME_WAIT. */
const sourceAddresses = 20;

/** An orderly server closes at once after `Connection: close`; one that does not is closed by us, without blame. */
const closeGraceMs = 1_000;

/** So that a client whose every attempt fails at once does not burn the core that the server needs. */
const afterFailureMs = 2;

export class LossClient {
  readonly #options: Required<Omit<LossOptions, 'keepAlive' | 'rounds'>>;
  readonly #record = new LossRecord();
  readonly #stopping = new AbortController();
  readonly #clients: Promise<void>[];
  #source = 0;

  /** Starts at once. */
  constructor(options: LossOptions) {
    const { keepAlive, rounds = Number.POSITIVE_INFINITY, ...given } = options;
    const writing = { writeDelayMs: 0, writeDelayJitter: 0 };
    const defaults = { host: '127.0.0.1', path: '/', connections: 32, timeoutMs: 10_000, ...writing };
    this.#options = { ...defaults, ...given };
    const oneShots = Array.from({ length: this.#options.connections }, () => this.#oneShotClient(rounds));
    const keepAlives = keepAlive && Array.from({ length: keepAlive.clients }, () => this.#keepAliveClient(keepAlive));
    this.#clients = [...oneShots, ...(keepAlives ?? [])];
  }

  report(): LossReport {
    return this.#record.report();
  }

  /** When every client has done its rounds. */
  async finished(): Promise<LossReport> {
    await Promise.all(this.#clients);
    return this.report();
  }

  /** Lets every open exchange come to its outcome (at most `timeoutMs`), then reports. */
  stop(): Promise<LossReport> {
    this.#stopping.abort();
    return this.finished();
  }

  async #oneShotClient(rounds: number): Promise<void> {
    for (let round = 0; round < rounds && !this.#stopping.signal.aborted; round++) {
      const connection = this.#connect();
      const exchange = await connection.exchange(true);
      this.#record.add('oneShot', exchange);
      await letServerClose(connection);
      if (exchange.outcome !== 'ok') await pause(afterFailureMs);
    }
  }

  async #keepAliveClient({ thinkMs, jitter = 0.5 }: KeepAliveOptions): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const connection = this.#connect();
      let idle = false;
      do {
        const exchange = await connection.exchange(false);
        this.#record.add('keepAlive', exchange);
        if (connection.served === 1) this.#record.keepAliveConnections += 1;
        if (exchange.outcome !== 'ok') await pause(afterFailureMs);
        idle = exchange.outcome === 'ok' && connection.reusable;
        // The pause ends early when the server closes the connection meanwhile.
        if (idle && thinkMs > 0) await within(thinkMs * (1 - jitter + 2 * jitter * Math.random()), connection.gone);
      } while (idle && connection.reusable && !this.#stopping.signal.aborted);
      if (!idle) await letServerClose(connection);
      connection.close();
      this.#noteIdleEnd(idle ? await connection.gone : 'own');
    }
  }

  #noteIdleEnd(end: IdleEnd): void {
    if (end === 'closed') this.#record.idleClosed += 1;
    if (end === 'reset') this.#record.idleReset += 1;
    if (end === 'unasked') this.#record.add('keepAlive', { outcome: 'malformed', tookMs: 0, detail: 'unasked' });
  }

  #connect(): LossConnection {
    const { host, port, path, timeoutMs, writeDelayMs: usualMs, writeDelayJitter: jitter } = this.#options;
    const writeDelayMs = usualMs * (1 - jitter + 2 * jitter * Math.random());
    const loopback = host.startsWith('127.');
    this.#source = (this.#source + 1) % sourceAddresses;
    const localAddress = loopback ? `127.0.0.${this.#source + 1}` : undefined;
    return new LossConnection({ host, port, path, localAddress, timeoutMs, writeDelayMs });
  }
}

/** The side that closes first keeps the port for a minute (TIME_WAIT): better the server, which needs no other. */
async function letServerClose(connection: LossConnection): Promise<void> {
  await within(closeGraceMs, connection.gone);
  connection.close();
}
