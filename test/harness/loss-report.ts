import { type Latency, LatencyHistogram } from './latency-histogram.ts';
import { type Exchange, type FailureName, failureNames } from './loss-outcome.ts';

/** What the load saw, so far or at its end. Plain data: it crosses a process boundary as JSON. */
export interface LossReport {
  readonly elapsedMs: number;
  /** Clients with a connection per request. `tried` is without those that never left this machine. */
  readonly oneShot: Tally;
  readonly keepAlive: Tally & {
    readonly connections: number;
    /** Idle connections that the server closed in order, or reset: no request was open, so nothing failed. */
    readonly idleClosed: number;
    readonly idleReset: number;
  };
  readonly failures: readonly Failure[];
  /** Failures beyond those kept in `failures`. */
  readonly failuresNotListed: number;
}

export interface Tally {
  readonly tried: number;
  readonly ok: number;
  readonly failed: number;
  readonly by: Readonly<Record<FailureName, number>>;
  /** The client ran out of its own ports or descriptors; not the server's failure, but a run with many proves little. */
  readonly localExhaustion: number;
  readonly latency: Latency;
}

export interface Failure {
  /** Since the load began. */
  readonly atMs: number;
  readonly client: 'oneShot' | 'keepAlive';
  readonly outcome: FailureName;
  readonly detail: string;
  readonly tookMs: number;
}

/** Enough to see a pattern; a server that is down produces thousands a second. */
const failuresKept = 1_000;

export class LossRecord {
  keepAliveConnections = 0;
  idleClosed = 0;
  idleReset = 0;
  readonly #since = performance.now();
  readonly #counters = { oneShot: new Counter(), keepAlive: new Counter() };
  readonly #failures: Failure[] = [];
  #failuresNotListed = 0;

  add(client: 'oneShot' | 'keepAlive', { outcome, tookMs, detail }: Exchange): void {
    const counter = this.#counters[client];
    if (outcome === 'localExhaustion') {
      counter.localExhaustion += 1;
      return;
    }
    counter.tried += 1;
    if (outcome === 'ok') {
      counter.ok += 1;
      counter.latency.record(tookMs);
      return;
    }
    counter.by[outcome] += 1;
    if (this.#failures.length === failuresKept) this.#failuresNotListed += 1;
    else this.#failures.push({ atMs: performance.now() - this.#since, client, outcome, detail, tookMs });
  }

  report(): LossReport {
    const { keepAliveConnections: connections, idleClosed, idleReset } = this;
    return {
      elapsedMs: performance.now() - this.#since,
      oneShot: this.#counters.oneShot.tally(),
      keepAlive: { ...this.#counters.keepAlive.tally(), connections, idleClosed, idleReset },
      failures: [...this.#failures],
      failuresNotListed: this.#failuresNotListed,
    };
  }
}

/** A paragraph for a person: what failed, when, and how. */
export function describeLoss(report: LossReport): string {
  const { oneShot, keepAlive } = report;
  const lines = [
    `one connection per request: ${describeTally(oneShot)}`,
    `keep-alive: ${describeTally(keepAlive)}, ${keepAlive.connections} connections, ` +
      `${keepAlive.idleClosed} closed and ${keepAlive.idleReset} reset while idle`,
    ...report.failures
      .slice(0, 20)
      .map(
        ({ atMs, client, outcome, detail, tookMs }) =>
          `  at ${(atMs / 1_000).toFixed(3)} s ${client} ${outcome} ${detail} after ${tookMs.toFixed(1)} ms`,
      ),
  ];
  const more = Math.max(report.failures.length - 20, 0) + report.failuresNotListed;
  return [...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

function describeTally({ tried, failed, by, localExhaustion, latency }: Tally): string {
  const kinds = failureNames.filter((name) => by[name] > 0).map((name) => `${by[name]} ${name}`);
  const { p50Ms, p99Ms, maxMs } = latency;
  const times = `p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} max ${maxMs.toFixed(1)} ms`;
  const exhausted = localExhaustion > 0 ? `, ${localExhaustion} never left for want of ports` : '';
  return `${tried} tried, ${failed} failed${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}${exhausted}, ${times}`;
}

class Counter {
  tried = 0;
  ok = 0;
  localExhaustion = 0;
  readonly latency = new LatencyHistogram();
  readonly by: Record<FailureName, number> = {
    refused: 0,
    resetBefore: 0,
    resetAfter: 0,
    empty: 0,
    truncated: 0,
    badStatus: 0,
    malformed: 0,
    timedOut: 0,
    keepAliveFailed: 0,
    unexpected: 0,
  };

  tally(): Tally {
    const { tried, ok, localExhaustion } = this;
    return { tried, ok, failed: tried - ok, by: { ...this.by }, localExhaustion, latency: this.latency.summary() };
  }
}
