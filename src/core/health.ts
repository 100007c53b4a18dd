import type { Reading } from './reading.ts';

/**
 * Does the worker of a slot still take what waits for it? Judged from outside, because a blocked event loop cannot say so:
 *
 *   well ──queue does not fall, or no beat──▶ suspected ──still so, asked in vain──▶ stalled ──for hungAfter──▶ hung
 *     ▲            │                              │                            │
 *     └────────────┴──a beat, or the queue falls──┴──────(for recoverMs)───────┘
 *
 * suspected for doubtMs: gets no new connections while most others are well. stalled: gets none. hung: it is diagnosed, terminated and replaced (running.ts), so it has no state here.
 */
export type Health =
  | { readonly is: 'well'; readonly worker: number; readonly queue: number }
  | { readonly is: 'suspected'; readonly worker: number; readonly queue: number; readonly since: number }
  | {
      readonly is: 'stalled';
      readonly worker: number;
      readonly queue: number;
      /** Monotonic ms at which it was first suspected. */
      readonly from: number;
      /** Of the last sign of life. */
      readonly since: number;
      /** It moves again, since then. */
      readonly movingSince: number | undefined;
    };

/** A loop that has not answered by then is late for every client, whether it is blocked or only busy. */
export const verdictMs = 80;
/** One that has not answered by then is avoided while it is still only suspected. */
export const doubtMs = 35;
/** A program that sends no beats cannot be asked, so it gets more time to take somebody from its queue. */
const silentVerdictMs = 500;
/** A worker that has beaten since then is not blocked. */
const beatFreshMs = 30;
/** Workers beat each second; two that are missing are no accident. */
const beatMissingMs = 2_500;
/** A worker that is blocked, serves one request and is blocked again shall not be in and out with each. */
const recoverMs = 200;

/** `gapped`: nobody looked for a while (the supervisor itself was stopped), so what is missing proves nothing. */
export function stepHealth(before: Health | undefined, reading: Reading, gapped: boolean, now: number): Health {
  const { worker, queue } = reading;
  const well: Health = { is: 'well', worker, queue };
  if (before === undefined || before.worker !== worker || gapped) return well;
  switch (before.is) {
    case 'well':
      return looksStuck(before, reading) ? { is: 'suspected', worker, queue, since: now } : well;
    case 'suspected': {
      if (moved(before, reading, now) || !looksStuck(before, reading)) return well;
      const enough = reading.beatAgeMs === undefined ? silentVerdictMs : verdictMs;
      const { since } = before;
      return now - since < enough
        ? { ...before, queue }
        : { is: 'stalled', worker, queue, from: since, since, movingSince: undefined };
    }
    case 'stalled': {
      if (!moved(before, reading, now)) {
        // A queue that was emptied stays empty while nobody is sent there: that is no stall.
        const idle = before.movingSince !== undefined && !looksStuck(before, reading);
        if (!idle) return { ...before, queue, movingSince: undefined };
      }
      const movingSince = before.movingSince ?? now;
      return now - movingSince >= recoverMs ? well : { ...before, queue, since: now, movingSince };
    }
  }
}

export function isStalled(health: Health | undefined): boolean {
  return health?.is === 'stalled';
}

/** Asked, and silent at the next look too. Of a program that cannot be asked, a queue that stays is doubtful as well. */
export function isDoubtful(health: Health | undefined, measuredAt: number): boolean {
  return health?.is === 'suspected' && measuredAt - health.since >= doubtMs;
}

/** Stalled for `hungAfterMs` without a sign of life. */
export function isHung(health: Health | undefined, hungAfterMs: number, now: number): boolean {
  return health?.is === 'stalled' && health.movingSince === undefined && now - health.since >= hungAfterMs;
}

function looksStuck(before: Health, { queue, beatAgeMs }: Reading): boolean {
  if (beatAgeMs !== undefined && beatAgeMs >= beatMissingMs) return true;
  if (beatAgeMs !== undefined && beatAgeMs < beatFreshMs) return false;
  return queue > 0 && queue >= before.queue;
}

/** A sign of life since `since`. */
function moved(before: Health & { readonly since: number }, { queue, beatAgeMs }: Reading, now: number): boolean {
  return queue < before.queue || (beatAgeMs !== undefined && now - beatAgeMs > before.since);
}
