import { departureDue } from './departure.ts';
import type { Fleet } from './fleet.ts';
import type { Slot } from './seat.ts';
import { startingDue } from './starting.ts';

/** When the fleet next wants a tick (monotonic ms), or Infinity. Timers follow from the state: nobody stores one. */
export function nextDeadline(fleet: Fleet, now: number): number {
  const paused = fleet.roll !== undefined && fleet.roll.resumeAt > now ? [fleet.roll.resumeAt] : [];
  return Math.min(...fleet.slots.map(slotDue), ...paused);
}

function slotDue(slot: Slot): number {
  return Math.min(seatDue(slot), ...slot.leaving.map(({ departure }) => departureDue(departure)));
}

function seatDue({ seat }: Slot): number {
  switch (seat.is) {
    case 'STARTING':
      return startingDue(seat.starting);
    case 'RUNNING': {
      const { replacement } = seat;
      if (replacement === undefined) return Number.POSITIVE_INFINITY;
      return replacement.is === 'soaking' ? replacement.until : startingDue(replacement.starting);
    }
    case 'BACKOFF':
      return seat.until;
    case 'STOPPING':
      return departureDue(seat.departure);
    case 'FATAL':
      return seat.nextFlush;
    case 'STOPPED':
    case 'EXITED':
      return Number.POSITIVE_INFINITY;
  }
}
