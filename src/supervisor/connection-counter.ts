import type { ConnectionsReply } from '../protocol/control.ts';
import { censusOrders, connectionsReport } from './connections-report.ts';
import { freshBeats } from './fresh-beats.ts';
import type { Supervisor } from './supervisor.ts';

/**
 * Counts connections when somebody asks: both views at one moment, so that their difference means something. A count that
 * cost more than a few ms is given again for twenty times as long, at most a second, however many watch: the daemon
 * spends at most 5 % of a core on them, 10 % from some 8,000 connections on.
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
      const reuseMs = count.busyMs < cheapMs ? 0 : Math.min(reuseMsMax, count.busyMs * reuseFactor);
      this.#last = { reply: connectionsReport(this.#supervisor, count), at, until: clock.now() + reuseMs };
    } finally {
      this.#counting = undefined;
    }
  }
}

/** Some 500 connections: no watching, however eager, is felt. */
const cheapMs = 10;
const reuseFactor = 20;
const reuseMsMax = 1_000;
