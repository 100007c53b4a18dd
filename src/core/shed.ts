import { evenSkew } from '../shared/limits.ts';

/**
 * Which slots should ask how many of their connections to leave, so that the clients come back where there is room. Pure: the
 * supervisor looks, asks this what follows, tells the workers, and looks again.
 */

/** A slot whose worker serves, as it told last. */
export interface ShedReading {
  readonly slot: number;
  readonly open: number;
  /** Asked to leave and still open. */
  readonly shedding: number;
  /** Left after being asked, since the worker started. */
  readonly shed: number;
}

/** One rebalance of one program, between two looks. */
export interface Shedding {
  readonly startedAt: number;
  /** Of the last look, monotonic ms. */
  readonly at: number;
  /** Connections that may be asked by now. */
  readonly credit: number;
  /**
   * Connections that there are, those that have just left and are not back yet included. It follows what is open slowly,
   * because workers beat at different times: a client may be counted where it went before it is missed where it was.
   */
  readonly expected: number;
  /** The last look at which something was different, and what was seen. */
  readonly movedAt: number;
  readonly seen: string;
  /** Was even at the last look. */
  readonly even: boolean;
  /** Slots that were asked and have not told since, with what they had told before, and when they were asked. */
  readonly asked: ReadonlyMap<number, { readonly told: string; readonly at: number }>;
}

export interface Plan {
  /** `even`: the skew is gone. `still`: it is not, and nothing moves any more. */
  readonly is: 'going' | 'even' | 'still';
  readonly next: Shedding;
  readonly give: readonly { readonly slot: number; readonly count: number }[];
}

/** Time between two looks: a beat of a worker that is busy. */
export const shedLookMs = 250;

/** Nothing has moved for this long: longer than Node keeps a silent connection (5 s, and 1 s more for itself). */
const stillMs = 8_000;

/** Clients that were asked to leave are back within a think time; who is not by then has gone for good. */
const returnMs = 5_000;

/** A worker tells how many it has asked in the turn in which it hears of it; one that is silent for longer is asked again. */
const answerMs = 2_000;

export function beginShedding(readings: readonly ShedReading[], now: number): Shedding {
  const expected = sumOpen(readings);
  const seen = textOf(readings);
  return { startedAt: now, at: now, credit: 0, expected, movedAt: now, seen, even: false, asked: new Map() };
}

/** `perSecond` is the share of all open connections that may be asked each second. */
export function planShedding(before: Shedding, readings: readonly ShedReading[], perSecond: number, now: number): Plan {
  const passed = now - before.at;
  const open = sumOpen(readings);
  const expected = open + (before.expected - open) * Math.exp(-passed / returnMs);
  const seen = textOf(readings);
  const movedAt = seen === before.seen ? before.movedAt : now;
  const even = isEven(readings);
  // The first look counts for a whole interval; a pause of the supervisor does not count for more than a second.
  const earned = (perSecond * expected * (now === before.startedAt ? shedLookMs : passed)) / 1_000;
  const credit = Math.min(before.credit + earned, Math.max(1, perSecond * expected));
  const asked = new Map(
    [...before.asked].filter(([slot, { told, at }]) => now - at < answerMs && told === textIn(readings, slot)),
  );
  const give = even ? [] : sharesOf(wanted(readings, expected, asked), Math.floor(credit));
  const given = give.reduce((sum, { count }) => sum + count, 0);
  for (const { slot } of give) asked.set(slot, { told: textIn(readings, slot), at: now });
  const next = { ...before, at: now, credit: credit - given, expected, movedAt, seen, even, asked };
  // Between two looks that are even nobody was merely on the way.
  if (even && (before.even || now === before.startedAt)) return { is: 'even', next, give };
  if (!even && now - movedAt >= stillMs) return { is: 'still', next, give: [] };
  return { is: 'going', next, give };
}

/** The most ÷ the mean: 1 is even, the number of slots is all on one. 1 when nothing is open. */
export function skewOf(readings: readonly ShedReading[]): number {
  const mean = sumOpen(readings) / readings.length;
  return mean > 0 ? Math.max(...readings.map(({ open }) => open)) / mean : 1;
}

/** Also when it could not be more even: three connections on two slots are two and one. */
export function isEven(readings: readonly ShedReading[]): boolean {
  const bound = allowed(sumOpen(readings) / readings.length, evenSkew);
  return readings.every(({ open }) => open <= bound);
}

/** Slots that have had more than `above` × the mean since that time (monotonic ms), look after look. */
export type Crowded = ReadonlyMap<number, number>;

export function stepCrowded(before: Crowded, readings: readonly ShedReading[], above: number, now: number): Crowded {
  const bound = allowed(sumOpen(readings) / readings.length, above);
  const over = readings.filter(({ open }) => open > bound);
  return new Map(over.map(({ slot }) => [slot, before.get(slot) ?? now]));
}

/** Connections that come and go make one slot or another crowded at any moment; kept ones stay where they are. */
export const crowdedMs = 2_000;

export function isCrowded(crowded: Crowded, now: number): boolean {
  return [...crowded.values()].some((since) => now - since >= crowdedMs);
}

function allowed(mean: number, above: number): number {
  return Math.max(Math.ceil(mean), above * mean);
}

interface Want {
  readonly slot: number;
  readonly count: number;
}

/** What each slot has too much, when those on their way out and those on their way back are where they go. */
function wanted(readings: readonly ShedReading[], expected: number, asked: Shedding['asked']): readonly Want[] {
  const mean = sumOpen(readings) / readings.length;
  // Rounded down, because a client or two too many are always expected: those who are counted twice.
  const level = Math.max(Math.ceil(mean), Math.floor(expected / readings.length));
  const bound = Math.max(level, evenSkew * mean);
  return readings.flatMap(({ slot, open, shedding }) => {
    const stays = open - shedding;
    return stays <= bound || asked.has(slot) ? [] : [{ slot, count: stays - level }];
  });
}

/** `credit` shared out in proportion; what rounding leaves over goes to the most crowded. */
function sharesOf(wants: readonly Want[], credit: number): readonly Want[] {
  const total = wants.reduce((sum, { count }) => sum + count, 0);
  const most = Math.min(credit, total);
  let left = most;
  const shares = wants
    .toSorted((one, other) => other.count - one.count)
    .map(({ slot, count }) => {
      const share = Math.min(left, Math.ceil((most * count) / total));
      left -= share;
      return { slot, count: share };
    });
  return shares.filter(({ count }) => count > 0);
}

function sumOpen(readings: readonly ShedReading[]): number {
  return readings.reduce((sum, { open }) => sum + open, 0);
}

function textOf(readings: readonly ShedReading[]): string {
  return readings.map(({ slot, open, shedding, shed }) => `${slot}:${open}/${shedding}/${shed}`).join(' ');
}

function textIn(readings: readonly ShedReading[], slot: number): string {
  return textOf(readings.filter((reading) => reading.slot === slot));
}
