import type { SteerBy } from '../core/effects.ts';
import type { Sighting } from '../core/group-order.ts';
import type { Mechanism, SteeringInForce } from '../core/mechanism.ts';
import type { Result } from '../shared/result.ts';

export type Dealt = (slot: number) => number;

/** Which listener the kernel gives the next connection. Part of ports.ts. */
export interface Steering {
  /**
   * One weight per slot, ≥ 0; 0 gets nothing, all zero means the kernel's own hash. `by` cpu: the slot of the core that received
   * the packet; hash: the kernel's own as long as no weight is 0. For both a weight is only yes or no. By the first of the
   * mechanisms (cbpf unless given) that works; without any the hash chooses. Errors: STEERING_REFUSED (all of them were), FFI_UNAVAILABLE.
   */
  apply(
    program: string,
    weights: readonly number[],
    by?: SteerBy,
    mechanisms?: readonly Mechanism[],
  ): Result<undefined>;
  /** Of several ports the one that is steered worst; undefined while none is open, or nothing was ever applied. */
  inForce(program: string): SteeringInForce | undefined;
  /**
   * How many connections the kernel dealt each slot, of all ports: exact and as of now, from an arbitrary start on, which may change.
   * Who never finishes his handshake is counted too. Undefined unless eBPF steers all of them.
   */
  dealt(program: string): Dealt | undefined;
  /**
   * Sends the program's sockets a SYN for each slot, from this machine, and looks who gets it. Nobody's application notices: the
   * socket that gets it drops it. Bounded in time; empty when there is nothing to look at, or no right to.
   */
  look(program: string): Promise<readonly Sighting[]>;
}
