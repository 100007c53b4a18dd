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
  readonly #source: PulseSource;
  #toldChanges = -1;
  #beatAt = 0;
  #tickedAt = 0;
  #latestMs = 0;
  #utilization = performance.eventLoopUtilization();

  constructor(source: PulseSource) {
    this.#source = source;
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
    const changes = this.#source.changes();
    // Fewer than a hundred samples: the latest of them is their 99th percentile.
    const lagMs = Math.round(this.#latestMs);
    const elu = Math.round(utilization * 100) / 100;
    if (!this.#source.send({ t: 'beat', ...this.#source.counts(), lagMs, elu })) return;
    this.#toldChanges = changes;
    this.#beatAt = performance.now();
    this.#latestMs = 0;
    this.#utilization = now;
  }

  #tick(): void {
    const now = performance.now();
    const lateMs = now - this.#tickedAt - lagSampleMs;
    if (lateMs > this.#latestMs) this.#latestMs = lateMs;
    this.#tickedAt = now;
    const since = now - this.#beatAt;
    if (since < beatMs.busy) return;
    if (since >= beatMs.idle || this.#source.changes() !== this.#toldChanges) this.beat();
  }
}

export interface PulseSource {
  counts(): Counts;
  /** Another number whenever a count has changed: asked twenty times a second, so it makes no object. */
  changes(): number;
  /** False when the beat did not go out; the next one then covers its time too. */
  send(beat: Beat): boolean;
}
