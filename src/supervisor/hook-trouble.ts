import type { Delivery, HookQueueEffect } from '../core/hook-queue.ts';
import type { HookRecord } from './hook-message.ts';
import type { Log } from './ports.ts';

type Note = HookQueueEffect<HookRecord> & { do: 'note' };

/** What the daemon's log says of one hook: that it is in trouble, once, and then how much is lost, at most once a minute. */
export class HookTrouble {
  readonly #hook: string;
  readonly #log: Log;
  readonly #kinds = new Map<string, { toldAt: number; untold: number }>();
  #failing = false;
  #lost = 0;

  constructor(hook: string, log: Log) {
    this.#hook = hook;
    this.#log = log;
  }

  /** `now`: monotonic ms. */
  note({ what, delivery, why }: Note, now: number): void {
    if (delivery.isTest) return;
    const about = aboutOf(this.#hook, delivery);
    switch (what) {
      case 'delivered':
        this.#log.debug({ event: 'hookDelivered', ...about }, 'a hook has told an event');
        if (!this.#failing) return;
        this.#log.info({ event: 'hookRecovered', hook: this.#hook, lost: this.#lost }, 'a hook works again');
        this.#failing = false;
        this.#lost = 0;
        return;
      case 'failed':
        this.#log.debug({ event: 'hookFailed', ...about, why }, 'a hook’s attempt failed');
        if (this.#failing || this.#count('failing', now) === undefined) return;
        this.#log.warn({ event: 'hookFailing', ...about, why }, 'a hook does not work; it is tried again');
        this.#failing = true;
        return;
      case 'givenUp':
      case 'dropped': {
        this.#lost += 1;
        const events = this.#count(what, now);
        if (events === undefined) return;
        if (what === 'givenUp') this.#log.warn({ event: 'hookGaveUp', ...about, why, events }, 'events are given up');
        else this.#log.warn({ event: 'hookDropped', ...about, why, events }, 'events are dropped');
        return;
      }
      // Told once for all of them, by whoever closes it.
      case 'left':
        return;
    }
  }

  /** How many since it was last told, if it may be told now. */
  #count(kind: string, now: number): number | undefined {
    const { toldAt, untold } = this.#kinds.get(kind) ?? { toldAt: Number.NEGATIVE_INFINITY, untold: 0 };
    const tell = now - toldAt >= tellEveryMs;
    this.#kinds.set(kind, tell ? { toldAt: now, untold: 0 } : { toldAt, untold: untold + 1 });
    return tell ? untold + 1 : undefined;
  }
}

const tellEveryMs = 60_000;

function aboutOf(hook: string, { id, event, attempt }: Delivery<HookRecord>): Record<string, unknown> {
  return { hook, about: event.event, id, attempt };
}
