import type { Beat } from '../protocol/channel.ts';
import { beatMs, lagSampleMs, newsDelayMs } from '../shared/limits.ts';
import { guarded } from './guarded.ts';

/** A timer may fire that much before its time, because libuv counts whole milliseconds. */
const earlyMs = 2;

/** A connection with a request: it came, asked, was answered and went. */
const fewChanges = 4;

export type Counts = Omit<Beat, 't' | 'lagMs' | 'elu'>;

/**
 * When the worker beats, and how its event loop does. One timer for both, which never holds the process: how late it fires is
 * the event-loop delay. It fires often only while something changes, when the loop is awake anyway: so an idle worker takes
 * 0.1 % of a core in all, and 0.3 % with a timer each 50 ms. (perf_hooks.monitorEventLoopDelay takes 0.1 % by itself, 1.4 MB,
 * and 40 µs to read. All on Node 22.23, 24.21 and 26.10.)
 */
export class Pulse {
  readonly #source: PulseSource;
  #toldChanges = -1;
  #beatAt = 0;
  #dueAt = 0;
  #seenChanges = 0;
  #hasNews = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #fire = guarded(() => this.#tick());
  #latestMs = 0;
  #utilization = performance.eventLoopUtilization();

  constructor(source: PulseSource) {
    this.#source = source;
  }

  start(): void {
    this.#arm(beatMs.busy);
  }

  /** A connection came or went: told soon, because the next one is steered by it. Called for each, so it costs next to nothing. */
  stir(): void {
    if (this.#hasNews) return;
    this.#hasNews = true;
    const now = performance.now();
    const waitMs = Math.max(newsDelayMs, beatMs.news - (now - this.#beatAt));
    if (this.#dueAt - now <= waitMs) return;
    clearTimeout(this.#timer);
    this.#arm(waitMs);
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
    this.#hasNews = false;
    this.#beatAt = performance.now();
    this.#latestMs = 0;
    this.#utilization = now;
  }

  #arm(ms: number): void {
    this.#dueAt = performance.now() + ms;
    this.#timer = setTimeout(this.#fire, ms).unref();
  }

  #tick(): void {
    const now = performance.now();
    this.#latestMs = Math.max(this.#latestMs, now - this.#dueAt);
    const changes = this.#source.changes();
    const isBusy = changes !== this.#seenChanges;
    this.#seenChanges = changes;
    const since = now - this.#beatAt + earlyMs;
    // Where much happens at once no single connection matters, and each beat costs the supervisor something.
    const tellsAfterMs = this.#hasNews && changes - this.#toldChanges <= fewChanges ? beatMs.news : beatMs.busy;
    if (since >= beatMs.idle || (since >= tellsAfterMs && changes !== this.#toldChanges)) this.beat();
    // News that came too soon after the last beat are told as soon as the next may be.
    const waitMs = changes === this.#toldChanges ? beatMs.busy : Math.max(lagSampleMs, beatMs.busy - since);
    const usualMs = isBusy ? lagSampleMs : waitMs;
    this.#arm(this.#hasNews && since < tellsAfterMs ? Math.min(usualMs, tellsAfterMs - since) : usualMs);
  }
}

export interface PulseSource {
  counts(): Counts;
  /** Another number whenever a count has changed: asked often, so it makes no object. */
  changes(): number;
  /** False when the beat did not go out; the next one then covers its time too. */
  send(beat: Beat): boolean;
}
