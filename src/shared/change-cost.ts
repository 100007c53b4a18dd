/**
 * What a change of config costs, cheapest first; each includes the ones before it:
 * nothing · slots come or go · every worker is replaced without a loss · the program stops and starts.
 */
export const changeCosts = ['live', 'scale', 'roll', 'restart'] as const;

export type ChangeCost = (typeof changeCosts)[number];

/** The dearest of them; `live` when there are none. */
export function dearest(costs: readonly ChangeCost[]): ChangeCost {
  return changeCosts.findLast((cost) => costs.includes(cost)) ?? 'live';
}
