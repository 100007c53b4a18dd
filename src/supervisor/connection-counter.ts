import type { ConnectionsReply } from '../protocol/control.ts';
import { censusOrders, connectionsReport } from './connections-report.ts';
import { freshBeats } from './fresh-beats.ts';
import type { Supervisor } from './supervisor.ts';

/**
 * Counts connections when somebody asks: both views at one moment, so that their difference means something. A count over a
 * thousand descriptors is given again for twenty times as long as it took, at most a second, however many watch: they take 5 %
 * of a core together at 2,000 connections, 10 % at 16,000.
 */
export class ConnectionCounter {
  readonly #supervisor: Supervisor;
  #last: { readonly reply: ConnectionsReply; readonly at: number; readonly until: number } | undefined;
  #counting: Promise<void> | undefined;

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  async counts(): Promise<ConnectionsReply> {
    const { clock } = this.#supervisor.ports;
    // One that began before the question may have missed what the asker has just done.
    await this.#counting;
    if (this.#last === undefined || clock.now() >= this.#last.until) await (this.#counting ??= this.#count());
    const last = this.#last;
    return last === undefined
      ? { programs: [], ageMs: 0 }
      : { ...last.reply, ageMs: Math.round(clock.now() - last.at) };
  }

  async #count(): Promise<void> {
    try {
      const { clock, census } = this.#supervisor.ports;
      await freshBeats(this.#supervisor);
      const at = clock.now();
      const count = await census.count(censusOrders(this.#supervisor));
      const { descriptors } = count;
      const reuseMs = descriptors < cheap ? 0 : Math.min(reuseMsMax, descriptors * reuseMsEach);
      this.#last = { reply: connectionsReport(this.#supervisor, count), at, until: clock.now() + reuseMs };
    } finally {
      this.#counting = undefined;
    }
  }
}

/** 10 ms: no watching, however eager, is felt. */
const cheap = 1_000;
const reuseMsEach = 0.2;
const reuseMsMax = 1_000;
