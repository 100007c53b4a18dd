import type { Reading } from './reading.ts';

/**
 * How many connections come, learned from the slots' totals: how fast, in which bursts, and how long ago the last one. It
 * also keeps what was in force lately, because a count that is a quarter of a second old does not show what was steered since.
 */
export interface Arrivals {
  /** Connections per ms, over the last second or so. */
  readonly rate: number;
  /** The most that came at once in the last half minute or so; 0 when they come one by one. */
  readonly burst: number;
  /** How many came just now, if that was a burst. */
  readonly surge: number;
  /** Of the last ten seconds or so, those that came one by one; 0 after a burst. */
  readonly singles: number;
  /** Monotonic ms of the last reading that showed a new connection. */
  readonly lastAt: number;
  readonly at: number;
  /** Connections that end, per ms, and that are open, both over the last second or so. */
  readonly leaves: number;
  readonly open: number;
  /** Per slot what the kernel has dealt it; where it does not count that, the highest `total + queue` seen of its worker. */
  readonly came: readonly Came[];
  /** Shares that were in force, each from `from` to the next one's. */
  readonly shares: readonly { readonly from: number; readonly shares: readonly number[] }[];
}

interface Came {
  readonly worker: number;
  readonly by: 'kernel' | 'worker';
  readonly count: number;
  /** How many of them have ended. */
  readonly gone: number;
  /** When somebody was last seen in its queue. */
  readonly waitedAt: number;
}

/** A beat takes that long at most, unless the supervisor itself is busy. */
const onTheWayMs = 20;
const rateMs = 1_000;
const burstMs = 30_000;
const singlesMs = 10_000;
/** More together than that are not one by one: they may be the first of a pool. */
const atOnceMax = 2;
/** Fewer at once are what a steady trickle looks like. */
const burstMin = 8;
/** Counts older than this are of a worker that does not answer; what was steered before them is not made up for. */
const staleMsMax = 500;

export function noArrivals(now: number): Arrivals {
  return {
    rate: 0,
    burst: 0,
    surge: 0,
    singles: 0,
    lastAt: now,
    at: now,
    leaves: 0,
    open: 0,
    came: [],
    shares: [],
  };
}

export function noteArrivals(before: Arrivals, readings: readonly Reading[], now: number): Arrivals {
  const elapsed = now - before.at;
  const came: Came[] = [];
  let fresh = 0;
  let gone = 0;
  let allOpen = 0;
  for (const reading of readings) {
    const { slot, worker, open = 0, total = open } = reading;
    if (reading.total === undefined && reading.dealt === undefined) continue;
    const seen = before.came[slot];
    const next = countOf(seen, reading, total, now);
    allOpen += open;
    if (seen?.worker === worker && seen.by === next.by) {
      fresh += Math.max(0, next.count - seen.count);
      gone += Math.max(0, next.gone - seen.gone);
    }
    came[slot] = next;
  }
  const usual = before.rate * elapsed;
  const fade = Math.exp(-elapsed / rateMs);
  const rate = before.rate * fade + fresh / rateMs;
  const leaves = before.leaves * fade + gone / rateMs;
  const open = allOpen + (before.open - allOpen) * fade;
  const faded = before.burst * Math.exp(-elapsed / burstMs);
  const isBurst = fresh >= burstMin + 2 * usual;
  const burst = isBurst ? Math.max(faded, fresh) : faded;
  const oneByOne = fresh <= atOnceMax + 2 * usual ? fresh : 0;
  const singles = isBurst ? 0 : before.singles * Math.exp(-elapsed / singlesMs) + oneByOne;
  const lastAt = fresh > 0 ? now : before.lastAt;
  return {
    ...before,
    rate,
    burst: burst < burstMin ? 0 : burst,
    surge: isBurst ? fresh : 0,
    singles,
    lastAt,
    at: now,
    leaves,
    open,
    came,
  };
}

/**
 * The queue is as of now, the total as of the last beat: what was accepted in between is missing from both, so the sum may fall
 * without meaning anything. Not when the beat is younger than the last queue: what waited there is counted, or has gone.
 */
function countOf(
  seen: Came | undefined,
  { worker, queue, dealt, open = 0, beatAgeMs }: Reading,
  total: number,
  now: number,
): Came {
  const waitedAt = queue > 0 ? now : (seen?.waitedAt ?? Number.NEGATIVE_INFINITY);
  const gone = total - open;
  if (dealt !== undefined) return { worker, by: 'kernel', waitedAt, gone, count: dealt };
  const sum = total + queue;
  const whole = seen?.worker !== worker || (beatAgeMs !== undefined && now - beatAgeMs > seen.waitedAt + onTheWayMs);
  return { worker, by: 'worker', waitedAt, gone, count: whole ? sum : Math.max(seen.count, sum) };
}

/** From now on connections are steered in these shares. */
export function noteShares(arrivals: Arrivals, shares: readonly number[], now: number): Arrivals {
  const since = arrivals.shares.findLastIndex(({ from }) => from <= now - staleMsMax);
  return { ...arrivals, shares: [...arrivals.shares.slice(Math.max(0, since)), { from: now, shares }] };
}

/** The share of connections that are open now and still are after that long. */
export function keptFor(arrivals: Arrivals, ms: number): number {
  return Math.exp(-ms / lifeMs(arrivals));
}

/** Of the connections that came evenly in the last `ms`, the share that is still there. */
export function stayShare(arrivals: Arrivals, ms: number): number {
  return ms <= 0 ? 1 : stayMs(arrivals, ms) / ms;
}

/** How long a connection stays, on average, of the next `ms` since it came: what comes all that time leaves as many × the rate. */
function stayMs(arrivals: Arrivals, ms: number): number {
  const life = lifeMs(arrivals);
  return Number.isFinite(life) ? life * (1 - Math.exp(-ms / life)) : ms;
}

/** How long a connection lives: as many as are open end in that time (Little's law). */
function lifeMs({ leaves, open, came }: Arrivals): number {
  if (leaves * rateMs < leavesPerSlotMin * came.length || leaves * lifeMsMax <= open) return Number.POSITIVE_INFINITY;
  return Math.max(1, open / leaves);
}

/** Connections that a slot has probably been given since its count was taken, `ageMs` ago, and that it still has. */
export function unseen(arrivals: Arrivals, slot: number, ageMs: number, now: number): number {
  const { rate, shares } = arrivals;
  const span = Math.min(ageMs, staleMsMax);
  const begin = now - span;
  const stays = stayShare(arrivals, span);
  return (
    stays *
    shares.reduce((sum, { from, shares: share }, at) => {
      const until = shares[at + 1]?.from ?? now;
      return sum + rate * (share[slot] ?? 0) * Math.max(0, until - Math.max(from, begin));
    }, 0)
  );
}

/**
 * How many will probably come before there is news, at least one. What comes next may always be a whole pool at once, and all
 * of it would go to the one slot that lacks a single connection: so that is prepared for until some have come one by one, again
 * when a burst was seen, and after a silence the more the longer it lasts.
 */
export function expected(arrivals: Arrivals, horizonMs: number, slots: number, now: number): number {
  const { rate, burst, surge, singles, lastAt, came } = arrivals;
  const deals = came.some((one) => one?.by === 'kernel');
  const doubt = doubtPerSlot[deals ? 'deals' : 'draws'] * Math.max(0, 1 - singles / singlesTrusted);
  const silence = Math.min(silenceMsMax, Math.max(0, now - lastAt - rateMs)) / rateMs;
  // Who will have left again by then needs no preparation.
  const pool = Math.max(burst, surge * surgeGrows, slots * Math.max(doubt, silence)) * keptFor(arrivals, horizonMs);
  return Math.max(1, rate * stayMs(arrivals, horizonMs), pool);
}

/** What lives longer is as good as for ever: decisions look ahead a quarter of a second. */
const lifeMsMax = 60_000;
/** Fewer in a second tell nothing: they may be probes of readiness, and all else may stay. */
const leavesPerSlotMin = 2;
/** Who draws leaves differences that must be made good soon; who deals does not, and can wait for certainty. */
const doubtPerSlot = { deals: 32, draws: 4 } as const;
/** What comes at once is seen when it has just begun: as many more times are on their way. */
const surgeGrows = 4;
/** Eight one after the other are a trickle. */
const singlesTrusted = 8;
/** Thirty connections a slot: by then single ones no longer count. */
const silenceMsMax = 30_000;
