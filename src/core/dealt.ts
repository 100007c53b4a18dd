import type { Reading } from './reading.ts';

/**
 * Connections that the kernel has dealt a slot and that its worker has not told of yet: on their way through the handshake, in the queue,
 * or accepted since its last count. Where the kernel counts what it deals (eBPF) this needs no guess.
 *
 * Not everything that is dealt arrives: who never finishes his handshake is dealt a slot too. So what is missing counts from the least
 * that was missing lately: nothing real stays on its way for that long.
 */
export interface Dealt {
  /** Who serves there. */
  readonly worker: number;
  /** As of the last look, and before this worker could accept any. */
  readonly dealt: number;
  readonly before: number;
  /** Nothing until the worker has told of a count. */
  readonly told?: Told;
}

interface Told {
  /** What was dealt less what the worker has told of; only its changes mean anything. */
  readonly missing: number;
  /** Of this period and the one before, since `from`. */
  readonly least: number;
  readonly leastBefore: number;
  readonly from: number;
}

/** ms. Counts are late by a quarter of a second at most, unless the worker is blocked: then its queue is what counts. */
const periodMs = 1_000;

export function noteDealt(last: Dealt | undefined, reading: Reading, now: number): Dealt | undefined {
  const { worker, dealt, total, queue } = reading;
  if (dealt === undefined) return undefined;
  // Less than before: another program counts, from 0 on.
  const known = last === undefined || last.dealt > dealt ? { worker, dealt: 0, before: 0 } : last;
  const before = known.worker === worker ? known.before : known.dealt;
  if (total === undefined) return { worker, dealt, before };
  const missing = dealt - total;
  const told = known.worker === worker && 'told' in known ? known.told : undefined;
  if (told === undefined) {
    // A worker from before this program has told of more than was ever dealt.
    const least = missing - Math.max(queue, missing - before);
    return { worker, dealt, before, told: { missing, least, leastBefore: least, from: now } };
  }
  const goesOn = now - told.from < periodMs;
  const least = goesOn ? Math.min(told.least, missing) : missing;
  const period = goesOn ? { leastBefore: told.leastBefore, from: told.from } : { leastBefore: told.least, from: now };
  return { worker, dealt, before, told: { missing, least, ...period } };
}

/** Undefined when that is not known. */
export function onTheWay(dealt: Dealt | undefined): number | undefined {
  if (dealt?.told === undefined) return undefined;
  const { missing, least, leastBefore } = dealt.told;
  return missing - Math.min(missing, least, leastBefore);
}
