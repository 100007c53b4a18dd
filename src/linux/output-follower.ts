import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../shared/errors.ts';
import { LogFollower } from '../shared/follow-log.ts';
import { eventLogEveryMs, eventOutputBytesMax } from '../shared/limits.ts';
import { logDiskOf } from '../shared/log-disk.ts';
import type { Log } from '../supervisor/ports.ts';
import type { OutputFollowing } from '../supervisor/ports-events.ts';

/**
 * Reads the logs of workers whose output is told as events: one after the other, four times a second, and no more in a second than is
 * good for the supervisor. Who writes more than that for long is not told in full; the log itself has everything.
 */
export function followOutputs(log: Pick<Log, 'warn'>): OutputFollowing & { end(): void } {
  const followed = new Map<string, Followed>();
  let running = false;
  let [spent, second] = [0, performance.now()];

  async function run(): Promise<void> {
    while (followed.size > 0) {
      for (const [path, one] of followed) await look(path, one);
      await sleep(lookMs, undefined, { ref: false });
    }
    running = false;
  }

  async function look(path: string, one: Followed): Promise<void> {
    const bytes = async (part: Uint8Array): Promise<void> => {
      if (followed.get(path) === one) one.tell(part);
      spent += part.length;
      const now = performance.now();
      if (now - second < 1_000 && spent < eventOutputBytesMax) return;
      if (now - second < 1_000) await sleep(1_000 - (now - second), undefined, { ref: false });
      [spent, second] = [0, performance.now()];
    };
    try {
      await one.begun;
      for (let parts = 0; parts < partsMax; parts += 1) {
        if (followed.get(path) !== one) return;
        if (await one.follower.look({ bytes, gap: (why) => missed(path, one, why) })) continue;
        one.behind = 0;
        return;
      }
      one.behind += 1;
      if (one.behind < roundsBehindMax) return;
      one.behind = 0;
      missed(path, one, 'more is written than can be told');
      await one.follower.begin(0);
    } catch (thrown) {
      missed(path, one, messageOf(thrown));
    }
  }

  return {
    follow(path, tell) {
      const follower = new LogFollower(disk, path);
      const begun = follower.begin(0).catch((thrown: unknown) => missed(path, one, messageOf(thrown)));
      const one: Followed = { tell, follower, begun, behind: 0, toldAt: -Infinity };
      followed.set(path, one);
      if (running) return;
      running = true;
      void run();
    },
    unfollow: (path) => void followed.delete(path),
    end: () => followed.clear(),
  };

  function missed(path: string, one: Followed, why: string): void {
    const now = performance.now();
    if (now - one.toldAt < eventLogEveryMs) return;
    one.toldAt = now;
    log.warn({ event: 'outputNotTold', path, why }, 'part of what a worker wrote is in its log, and in no event');
  }
}

interface Followed {
  readonly tell: (bytes: Uint8Array) => void;
  readonly follower: LogFollower;
  /** From the end as it was when it was asked for; a follower takes one thing at a time. */
  readonly begun: Promise<void>;
  /** Rounds in a row after which there was still more. */
  behind: number;
  toldAt: number;
}

const disk = logDiskOf({ stat, open }, constants.O_RDONLY | constants.O_NONBLOCK);

const lookMs = 250;
/** Of 64 KiB: then it is the next one's turn. */
const partsMax = 8;
const roundsBehindMax = 8;
