import type { FleetEvent } from '../../src/core/events.ts';

interface Entry {
  readonly at: number;
  event: FleetEvent;
  /** The world's own side of it, just before the core hears of it. */
  readonly act: (() => void) | undefined;
}

/** What will happen in the simulated world, and when. */
export class Agenda {
  #entries: Entry[] = [];

  add(at: number, event: FleetEvent, act?: () => void): void {
    this.#entries.push({ at, event, act });
  }

  /** When the next thing happens. */
  get next(): number {
    return this.#entries.reduce((earliest, { at }) => Math.min(earliest, at), Number.POSITIVE_INFINITY);
  }

  take(): Entry | undefined {
    const at = this.next;
    const index = this.#entries.findIndex((entry) => entry.at === at);
    return index < 0 ? undefined : this.#entries.splice(index, 1)[0];
  }

  /** Nobody listens: what processes do by themselves happens all the same, what was on its way to the supervisor does not. */
  loseListener(): void {
    this.#entries = this.#entries.filter(({ event, act }) => act !== undefined || isRepeated(event));
  }

  /** From now on the worker has another number. */
  rename(before: number, worker: number): void {
    for (const entry of this.#entries) {
      const { event } = entry;
      if ('worker' in event && event.worker === before) entry.event = { ...event, worker };
    }
  }
}

/** A worker tells these to whoever listens next. */
function isRepeated({ is }: FleetEvent): boolean {
  return is === 'attached' || is === 'listening' || is === 'saidReady';
}
