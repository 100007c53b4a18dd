import type { Beat } from '../protocol/channel.ts';
import { beatMs, lagSampleMs } from '../shared/limits.ts';
import { guarded } from './guarded.ts';

export type Counts = Omit<Beat, 't' | 'lagMs' | 'elu'>;

/**
 * When the worker beats, and how its event loop does. One timer for both, which never holds the process: how late it fires is
 * the event-loop delay. (perf_hooks.monitorEventLoopDelay measures the same for half the CPU time, but its histogram takes
 * 1.4 MB of each worker, and 40 µs to read: Node 22.23, 24.21, 26.10.)
 */
export class Pulse {
  readonly #counts: () => Counts;
  readonly #send: (beat: Beat) => boolean;
  #told: Counts | undefined;
  #beatAt = 0;
  #tickedAt = 0;
  #latestMs = 0;
  #utilization = performance.eventLoopUtilization();

  /** `send` answers false when the beat did not go out; the next one then covers its time too. */
  constructor(counts: () => Counts, send: (beat: Beat) => boolean) {
    this.#counts = counts;
    this.#send = send;
  }

  start(): void {
    this.#tickedAt = performance.now();
    setInterval(
      guarded(() => this.#tick()),
      lagSampleMs,
    ).unref();
  }

  beat(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization);
    const counts = this.#counts();
    // Fewer than a hundred samples: the latest of them is their 99th percentile.
    const lagMs = Math.round(this.#latestMs);
    if (!this.#send({ t: 'beat', ...counts, lagMs, elu: Math.round(utilization * 100) / 100 })) return;
    this.#told = counts;
    this.#beatAt = performance.now();
    this.#latestMs = 0;
    this.#utilization = now;
  }

  #tick(): void {
    const now = performance.now();
    this.#latestMs = Math.max(this.#latestMs, now - this.#tickedAt - lagSampleMs);
    this.#tickedAt = now;
    const since = now - this.#beatAt;
    if (since >= beatMs.idle || (since >= beatMs.busy && this.#hasNews())) this.beat();
  }

  #hasNews(): boolean {
    const told = this.#told;
    if (told === undefined) return true;
    const now = this.#counts();
    return countNames(now).some((name) => now[name] !== told[name]);
  }
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Counts has these keys and no others
const countNames = (counts: Counts) => Object.keys(counts) as (keyof Counts)[];
