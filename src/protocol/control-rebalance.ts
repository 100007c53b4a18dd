import type { ErrorBody } from './control.ts';

/** POST /v1/rebalance: what is asked, and what is told line by line. */

export interface RebalanceRequest {
  /** None means all that can be balanced. */
  readonly programs: readonly string[];
  /** False: `finished` at once, while it goes on. */
  readonly wait: boolean;
  /** It ends by then, balanced or not. */
  readonly timeoutMs: number;
}

/** Skew is the most connections of a worker ÷ the mean, in hundredths: 1 is even. */
export interface RebalanceProgress {
  readonly program: string;
  readonly workers: number;
  readonly skewBefore: number;
  readonly skew: number;
  /** Connections that have left since it began. */
  readonly left: number;
  /** Connections that were asked to leave and are still open. */
  readonly asked: number;
  readonly tookMs: number;
}

export type RebalanceLine =
  | { readonly t: 'progress'; readonly rebalance: RebalanceProgress }
  | { readonly t: 'balanced'; readonly rebalance: RebalanceProgress }
  | { readonly t: 'unbalanced'; readonly rebalance: RebalanceProgress; readonly why: string }
  | {
      readonly t: 'finished';
      readonly programs: readonly string[];
      readonly tookMs: number;
      /** Of the first that was not balanced. */
      readonly error?: ErrorBody;
    };
