import type { ProgramConfig } from '../config/schema.ts';

/** What a decision about one slot may depend on besides the slot and the event. */
export interface Context {
  /** Monotonic ms. */
  readonly now: number;
  readonly config: ProgramConfig;
  /** What proves a worker of this generation ready: that belongs to the build, so a roll to another may change it. */
  readonly readinessOf: ReadinessOf;
  /** Id for the worker that this step may start; a step starts at most one. */
  readonly worker: number;
  /** Another slot serves or will: traffic can be steered away from this one. */
  readonly steerable: boolean;
  /** This slot is being scaled away: its socket will close for good. */
  readonly retiring: boolean;
  /** See canLaunch in listening.ts. */
  readonly launchable: boolean;
}

export type ReadinessOf = (generation: number) => ProgramConfig['readiness'];
