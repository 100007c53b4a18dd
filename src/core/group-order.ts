import type { Fact } from './events.ts';

/**
 * Does the kernel send connections where we think? A classic steering program answers with an index of the kernel's group, and when a
 * listener leaves the group, or comes back to it, others change places (net/core/sock_reuseport.c). So after that each slot is
 * sent one SYN, and this says what follows from who got them.
 */
export interface Sighting {
  readonly port: number;
  /** Where it was sent. */
  readonly slot: number;
  /** Slots whose sockets got something; with luck exactly one. */
  readonly got: readonly number[];
}

export type Verdict =
  /** Every slot got what was sent to it, as far as could be seen. */
  | { readonly is: 'right' }
  /** Look again: something else arrived at the same time, or nothing was seen. */
  | { readonly is: 'unclear' }
  | { readonly is: 'wrong'; readonly why: string };

export function judge(sightings: readonly Sighting[]): Verdict {
  const wrong = sightings.find(({ slot, got }) => got.length === 1 && got[0] !== slot);
  if (wrong !== undefined) {
    const { port, slot, got } = wrong;
    return { is: 'wrong', why: `on port ${port} slot ${got[0]} got what was for slot ${slot}` };
  }
  const seen = sightings.length > 0 && sightings.every(({ slot, got }) => got.length === 1 && got[0] === slot);
  return { is: seen ? 'right' : 'unclear' };
}

/** What is distrusted from now on, and why; then what is told of it. What could not be seen changes nothing. */
export function opinion(before: string | undefined, verdict: Verdict): readonly [string | undefined, ...Fact[]] {
  if (verdict.is === 'unclear') return [before];
  if (verdict.is === 'right') return before === undefined ? [undefined] : [undefined, { event: 'orderRight' }];
  return before === undefined ? [verdict.why, { event: 'orderWrong', why: verdict.why }] : [verdict.why];
}
