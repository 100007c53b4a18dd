import type { RebalanceProgress } from '../../protocol/control-rebalance.ts';
import { evenSkew } from '../../shared/limits.ts';
import { formatTook } from './uptime.ts';

/** One line for a terminal, at most `columns` wide: `web  skew 4.00 → 1.62  31 moved, 12 asked  1.4 s`. */
export function rebalancingLine(progress: RebalanceProgress, columns: number): string {
  const { program, left, asked, tookMs } = progress;
  const waiting = asked === 0 ? '' : `, ${asked} asked`;
  return `${program}  ${skews(progress)}  ${left} moved${waiting}  ${formatTook(tookMs)}`.slice(0, columns - 1);
}

export function balancedLine(progress: RebalanceProgress): string {
  const { program, skew, left, tookMs } = progress;
  // A few connections cannot be dealt out evenly: one on two workers is a skew of 2.
  if (left === 0 && skew > evenSkew) return `${program}: as even as it can be (skew ${skew.toFixed(2)})`;
  if (left === 0) return `${program}: balanced already (skew ${skew.toFixed(2)})`;
  return `${program}: balanced, ${skews(progress)}, ${connections(left)} moved in ${formatTook(tookMs)}`;
}

export function unbalancedLine(progress: RebalanceProgress, why: string): string {
  return `${progress.program}: ERROR (${why}; ${connections(progress.left)} moved, ${skews(progress)})`;
}

function skews({ skewBefore, skew }: RebalanceProgress): string {
  return `skew ${skewBefore.toFixed(2)} → ${skew.toFixed(2)}`;
}

function connections(count: number): string {
  return count === 1 ? '1 connection' : `${count} connections`;
}
