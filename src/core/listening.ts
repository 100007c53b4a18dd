import type { Fleet } from './fleet.ts';
import { isVacant, type Slot } from './seat.ts';

/** Which slots' sockets are open follows from what the slots are doing: nobody stores it. */
export function listenersWanted(fleet: Fleet): number {
  return fleet.slots.some(needsSocket) ? fleet.slots.length : 0;
}

/** False while workers of a stopped program still hold its closed sockets: new ones would queue up behind those. */
export function canLaunch(fleet: Fleet): boolean {
  return listenersWanted(fleet) > 0 || fleet.slots.every(isVacant);
}

export interface ListenerChanges {
  readonly open: readonly number[];
  /** The program stops: at once, so that clients are refused rather than left hanging. */
  readonly close: readonly number[];
  /** Scaled down: after the worker is gone. */
  readonly retired: readonly number[];
}

export function listenerChanges(before: Fleet, after: Fleet): ListenerChanges {
  const had = listenersWanted(before);
  const has = listenersWanted(after);
  return { open: range(had, has), close: has === 0 ? range(0, had) : [], retired: has === 0 ? [] : range(has, had) };
}

/**
 * Others than the first have joined the kernel's group, or somebody has left it who may not have been its last. And of a group that
 * was `steered` by another supervisor nobody knows how it has come to be.
 */
export function mayBeReordered({ open, retired }: ListenerChanges, steered: boolean, after: Fleet): boolean {
  const count = listenersWanted(after);
  return count > 0 && (retired.length > 0 || (open.length > 0 ? open.length < count : !steered));
}

/** One slot that serves or will serve keeps all sockets: closing one would renumber the group. */
function needsSocket({ seat }: Slot): boolean {
  switch (seat.is) {
    case 'STARTING':
    case 'RUNNING':
    case 'BACKOFF':
      return true;
    case 'STOPPING':
      return seat.after !== 'STOPPED';
    case 'STOPPED':
    case 'EXITED':
    case 'FATAL':
      return false;
  }
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, step) => from + step);
}
