import type { ProgramConfig } from '../config/schema.ts';

/** How many failures in a row lead to FATAL, and how long to wait before each respawn. */
export type Verdict =
  | { readonly is: 'retry'; readonly delayMs: number; readonly failures: number }
  | { readonly is: 'giveUp' };

/**
 * `failures` counts ends in a row, this one not included; a life of `resetAfter` or longer starts the count again, so a
 * crash loop leads to FATAL also when each life outlasts the start.
 */
export function judge(failures: number, livedMs: number, config: ProgramConfig, seed: number): Verdict {
  const inARow = livedMs >= config.backoff.resetAfter ? 1 : failures + 1;
  if (inARow > config.startRetries) return { is: 'giveUp' };
  return { is: 'retry', delayMs: delay(inARow, config.backoff, seed), failures: inARow };
}

/** Exponential with a cap, then spread by ± jitter so that slots that died together do not come back together. */
export function delay(failures: number, backoff: ProgramConfig['backoff'], seed: number): number {
  const exact = Math.min(backoff.max, backoff.initial * backoff.factor ** Math.min(failures - 1, 64));
  return Math.round(Math.min(backoff.max, exact * (1 + backoff.jitter * (2 * fraction(seed) - 1))));
}

/** A number in [0, 1) that depends on the seed alone (the finalizer of MurmurHash3): core has no dice. */
function fraction(seed: number): number {
  let hash = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
