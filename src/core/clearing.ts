/**
 * May a listener that was steered away from be given up? Only when its accept queue is empty and the handshakes that were
 * half-open when steering took effect are gone: those still belong to it (facts: 51 of 200 reset without the second wait).
 */
export interface Clearing {
  readonly nextLook: number;
  /** Half-open handshakes of the first look that are not gone yet; undefined before the first look. */
  readonly awaited: readonly string[] | undefined;
  /** Looks in a row that found nothing. */
  readonly quiet: number;
}

/** A SYN being processed on another CPU may use the old program for one RCU section; 20 ms is many of those. */
const settleMs = 20;
/** A handshake that ends between two looks shows up in the queue of the next. */
const looksNeeded = 2;

export function beginClearing(now: number): Clearing {
  return { nextLook: now + settleMs, awaited: undefined, quiet: 0 };
}

export function look(clearing: Clearing, queue: number, halfOpen: readonly string[], now: number): Clearing {
  const present = new Set(halfOpen);
  const awaited = clearing.awaited === undefined ? halfOpen : clearing.awaited.filter((tuple) => present.has(tuple));
  const quiet = queue === 0 && awaited.length === 0 ? clearing.quiet + 1 : 0;
  return { nextLook: now + settleMs, awaited, quiet };
}

export function isClear(clearing: Clearing): boolean {
  return clearing.quiet >= looksNeeded;
}
