import type { Context } from './context.ts';
import { beginDeparture, type Departure, stepDeparture } from './departure.ts';
import { gone, type SlotEffect } from './effects.ts';
import { describeEnd, isEnd, type SlotEvent } from './events.ts';
import type { Slot, SlotStep } from './seat.ts';
import type { Worker } from './worker.ts';

/** A worker that was replaced and finishes what is open, beside the seat. */
export interface Leaving {
  readonly worker: Worker;
  readonly departure: Departure;
}

export function stepLeaving(slot: Slot, event: SlotEvent, ctx: Context): SlotStep {
  if (slot.leaving.length === 0) return [slot];
  const effects: SlotEffect[] = [];
  const leaving: Leaving[] = [];
  for (const one of slot.leaving) {
    const { worker } = one;
    if (isEnd(event) && event.worker === worker.id) {
      effects.push(...gone(slot.index, worker.id, describeEnd(event), true));
      continue;
    }
    const concerned = event.is === 'tick' || ('worker' in event && event.worker === worker.id);
    const [departure, ...more] = concerned
      ? stepDeparture(one.departure, worker, slot.index, event, ctx)
      : [one.departure];
    leaving.push({ worker, departure });
    effects.push(...more);
  }
  return [{ ...slot, leaving }, ...effects];
}

export function leave(slot: Slot, worker: Worker, ctx: Context): SlotStep {
  const [departure, ...effects] = beginDeparture(worker, slot.index, false, ctx);
  return [{ ...slot, leaving: [...slot.leaving, { worker, departure }] }, ...effects];
}
