import { departureDue } from './departure.ts';
import type { Fleet } from './fleet.ts';
import { listenersWanted } from './listening.ts';
import { measureDue } from './measuring.ts';
import { rollDue } from './roll.ts';
import type { Slot } from './seat.ts';
import { startingDue } from './starting.ts';

/** When the fleet next wants a tick (monotonic ms), or Infinity. Timers follow from the state: nobody stores one. */
export function nextDeadline(fleet: Fleet): number {
  const rolling = fleet.roll === undefined ? Number.POSITIVE_INFINITY : rollDue(fleet.roll, fleet.slots);
  const open = listenersWanted(fleet) > 0;
  return Math.min(...fleet.slots.map((slot) => slotDue(slot, open)), rolling, measureDue(fleet));
}

/** `open`: the program's sockets are, so somebody may wait in a queue that nobody will serve. */
function slotDue(slot: Slot, open: boolean): number {
  return Math.min(seatDue(slot, open), ...slot.leaving.map(({ departure }) => departureDue(departure)));
}

function seatDue({ seat }: Slot, open: boolean): number {
  switch (seat.is) {
    case 'STARTING':
      return startingDue(seat.starting);
    case 'RUNNING': {
      const { replacement, hung } = seat;
      const diagnosed = hung?.deadline ?? Number.POSITIVE_INFINITY;
      if (replacement === undefined) return diagnosed;
      return Math.min(diagnosed, replacement.is === 'soaking' ? replacement.until : startingDue(replacement.starting));
    }
    case 'BACKOFF':
      return seat.until;
    case 'STOPPING':
      return departureDue(seat.departure);
    case 'STOPPED':
    case 'EXITED':
    case 'FATAL':
      return open ? seat.nextFlush : Number.POSITIVE_INFINITY;
  }
}
