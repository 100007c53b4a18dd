import type { Reading } from './reading.ts';

/**
 * Connections that the kernel has dealt a slot and that its worker has not told of yet: on their way through the handshake, in the queue,
 * or accepted since its last count. Where the kernel counts what it deals (eBPF) this needs no guess.
 *
 * Not everything that is dealt arrives: who never finishes his handshake is dealt a slot too. So what is missing counts from the least
 * that was missing lately: nothing real stays on its way for that long.
 */
export interface Dealt {
  readonly worker: number;
  /** What was dealt less what the worker has told of; only its changes mean anything. */
  readonly missing: number;
  /** Of this period and the one before, since `from`. */
  readonly least: number;
  readonly leastBefore: number;
  readonly from: number;
}

/** ms. Counts are late by a quarter of a second at most, unless the worker is blocked: then its queue is what counts. */
const periodMs = 1_000;

export function noteDealt(before: Dealt | undefined, reading: Reading, now: number): Dealt | undefined {
  const { worker, dealt, total, queue } = reading;
  if (dealt === undefined || total === undefined) return undefined;
  const missing = dealt - total;
  // Of another worker nothing is known yet but who waits.
  if (before?.worker !== worker)
    return { worker, missing, least: missing - queue, leastBefore: missing - queue, from: now };
  if (now - before.from < periodMs) return { ...before, missing, least: Math.min(before.least, missing) };
  return { worker, missing, least: missing, leastBefore: before.least, from: now };
}

export function onTheWay({ missing, least, leastBefore }: Dealt): number {
  return missing - Math.min(missing, least, leastBefore);
}
