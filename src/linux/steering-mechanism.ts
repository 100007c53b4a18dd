import type { SteerBy } from '../core/effects.ts';
import type { Result } from '../shared/result.ts';
import type { Dealt } from '../supervisor/ports-steering.ts';
import type { GroupMember } from './port-group.ts';

/** One of the ways to tell the kernel who gets the next connection: classic-steering.ts or ebpf-steering.ts. Chooses nothing itself. */
export interface SteeringMechanism {
  /** Puts all of it in force for one port. The error is an errno's name; then nothing of it is, and what was before goes on. */
  steer(key: string, group: readonly GroupMember[], order: SteeringOrder): Result<undefined, string>;
  /** Makes sure that every member is where the order counts on it, whatever happened to its socket meanwhile. */
  repair(key: string, group: readonly GroupMember[]): void;
  /** How many connections each slot was dealt since some time, if this mechanism counts that. */
  dealt?(key: string): Dealt | undefined;
  /** The group is somebody else's business now, or gone. What the kernel has stays in force. */
  forget(key: string): void;
}

export interface SteeringOrder {
  /** Per slot; see supervisor/ports.ts. */
  readonly weights: readonly number[];
  readonly by: SteerBy;
  /** Of two with the same source port the first holds. */
  readonly diversions: ReadonlySet<Diversion>;
}

/** Connections of this machine to itself from `sourcePort` go to `slot`. */
export interface Diversion {
  readonly sourcePort: number;
  readonly slot: number;
}
