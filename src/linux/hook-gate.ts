import { hookShareMax } from '../shared/limits.ts';
import { pause } from './pause.ts';

/**
 * Starts deliveries one after the other, so seldom that all hooks together take at most `hookShareMax` of the supervisor's time: a process is
 * started within one turn of its event loop, 2 ms on an idle machine and many times that on a busy one. A crash loop with a hook on every
 * event would otherwise leave it no time for its own work.
 */
export class HookGate {
  readonly #time: GateTime;
  #last: Promise<void> = Promise.resolve();
  #opensAt = 0;

  constructor(time: GateTime = machineTime) {
    this.#time = time;
  }

  /**
   * What `begin` answers, when it was its turn; undefined when `abort` came first. `atLeastMs`: what it costs beyond the call itself.
   * `hurried`: there is no other work that it would keep waiting.
   */
  async pass<T>(begin: () => T, atLeastMs: number, hurried: boolean, abort: AbortSignal): Promise<T | undefined> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      const wait = hurried ? 0 : this.#opensAt - this.#time.now();
      if (wait > 0) await this.#time.pause(wait, abort);
      if (abort.aborted) return undefined;
      const begun = this.#time.now();
      const started = begin();
      const ended = this.#time.now();
      const cost = Math.max(atLeastMs, ended - begun);
      this.#opensAt = ended + Math.min(waitMsMax, cost * (1 / hookShareMax - 1));
      return started;
    } finally {
      resolve();
    }
  }
}

/** Monotonic ms. A pause ends early when it is aborted. */
export interface GateTime {
  now(): number;
  pause(ms: number, abort: AbortSignal): Promise<void>;
}

const machineTime: GateTime = { now: () => performance.now(), pause };

/** One slow start, on a machine that swaps, is not the rule. */
const waitMsMax = 500;
