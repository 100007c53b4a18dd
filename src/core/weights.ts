import type { Slot } from './seat.ts';

/**
 * The share of new connections that each slot should get. Equal among slots that are ready and stay; 0 for one that is
 * starting, stopping, crashed or stopped. While nobody is ready, what comes waits with those who will serve next, so that
 * nothing is stranded in the queue of a slot that was stopped by hand.
 */
export function weightsOf(slots: readonly Slot[]): readonly number[] {
  const chosen = slots.some(isReady) ? isReady : isComing;
  return slots.map((slot) => (chosen(slot) ? 1 : 0));
}

/** A worker serves here and is not on its way out. */
function isReady({ seat }: Slot): boolean {
  return seat.is === 'RUNNING';
}

/** Traffic can go here, now or soon. */
export function willServe(slot: Slot): boolean {
  return isReady(slot) || isComing(slot);
}

/** Somebody will serve here without being asked to. */
function isComing({ seat }: Slot): boolean {
  return seat.is === 'STARTING' || seat.is === 'BACKOFF' || (seat.is === 'STOPPING' && seat.after !== 'STOPPED');
}
