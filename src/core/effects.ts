import type { Fact } from './events.ts';
import type { Mechanism } from './mechanism.ts';

/** What shall be done in the world. Imperative: supervisor/perform.ts obeys, one page for all of them. */
export type SlotEffect =
  | { readonly do: 'spawn'; readonly slot: number; readonly worker: number; readonly generation: number }
  | { readonly do: 'drain'; readonly worker: number }
  /** The program's stop signal, to the process that serves. */
  | { readonly do: 'terminate'; readonly worker: number }
  /** SIGKILL, to the whole process group unless stop.killGroup says otherwise. */
  | { readonly do: 'kill'; readonly worker: number }
  /** The process is gone: kill what it left behind (stop.killGroup), forget its token. */
  | { readonly do: 'sweep'; readonly worker: number }
  | { readonly do: 'restoreBacklog'; readonly slot: number }
  | {
      readonly do: 'probe';
      readonly slot: number;
      readonly worker: number;
      readonly want: 'accept' | 'http';
      readonly timeoutMs: number;
    }
  /** Read the slot's accept queue and the program's half-open handshakes; answered by `looked`. */
  | { readonly do: 'look'; readonly slot: number }
  /** Ask the worker for a beat: its silence means something. */
  | { readonly do: 'ask'; readonly worker: number }
  /** Look what a hung worker is doing; answered by `diagnosed`. */
  | { readonly do: 'diagnose'; readonly worker: number }
  /** Reset what waits in the queue of a slot that nobody will serve. */
  | { readonly do: 'flush'; readonly slot: number }
  | { readonly do: 'announce'; readonly fact: Fact };

export type FleetEffect =
  | SlotEffect
  | { readonly do: 'listen'; readonly slots: readonly number[] }
  | { readonly do: 'unlisten'; readonly slots: readonly number[] }
  /** New connections go to the slots in proportion, or as `by` says; all zero leaves it to the kernel's hash. */
  | {
      readonly do: 'steer';
      readonly weights: readonly number[];
      readonly by: SteerBy;
      readonly mechanisms: readonly Mechanism[];
    }
  /** A member has left the kernel's group, or come to it: look whether the others are where we think; answered by `verified`. */
  | { readonly do: 'verify' }
  /** A reading of each of these slots; answered by `measured`. */
  | { readonly do: 'measure'; readonly slots: readonly Look[] };

export type SteerBy = 'weight' | 'cpu' | 'hash';

export interface Look {
  readonly slot: number;
  /** The worker that serves, and the others that accept on the same socket. */
  readonly worker: number;
  readonly beside: readonly number[];
}

export function announce(fact: Fact): SlotEffect {
  return { do: 'announce', fact };
}

/** What follows the end of every process, wherever it sat: it is swept, and told. */
export function gone(slot: number, worker: number, how: string, expected: boolean): readonly [SlotEffect, SlotEffect] {
  return [{ do: 'sweep', worker }, announce({ event: 'exited', slot, worker, how, expected })];
}
