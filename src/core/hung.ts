import type { Context } from './context.ts';
import { beginTermination } from './departure.ts';
import { announce, type SlotEffect } from './effects.ts';
import type { SlotEvent } from './events.ts';
import type { Seat, Slot, SlotStep } from './seat.ts';

type Running = Seat & { is: 'RUNNING' };

/** Looking takes some 100 ms; it must not keep a hung worker in its seat. */
const diagnosisMsMax = 2_000;

/**
 * A RUNNING seat whose worker shows no sign of life: first it is looked at, because afterwards nobody can say what it was
 * doing, then it is sent away. It cannot drain: it does not hear. Undefined: this event changes nothing here.
 */
export function stepHung(slot: Slot, seat: Running, event: SlotEvent, ctx: Context): GiveUp | SlotStep | undefined {
  if (event.is === 'hung') {
    if (seat.hung !== undefined) return [slot];
    const hung = { forMs: event.forMs, deadline: ctx.now + diagnosisMsMax };
    return [
      { ...slot, seat: { ...seat, hung } },
      { do: 'diagnose', worker: seat.worker.id },
    ];
  }
  if (seat.hung === undefined) return undefined;
  if (event.is === 'diagnosed' && event.worker === seat.worker.id) return giveUp(slot, seat, event.diagnosis, ctx);
  if (event.is === 'tick' && ctx.now >= seat.hung.deadline) return giveUp(slot, seat, 'nobody could look at it', ctx);
  return undefined;
}

/** What is left to do depends on whether a replacement is there already: running.ts knows. */
export interface GiveUp {
  readonly slot: Slot;
  readonly why: string;
  readonly effects: readonly SlotEffect[];
}

export function isGivenUp(step: GiveUp | SlotStep): step is GiveUp {
  return 'why' in step;
}

/** The seat while its worker is being terminated; then it is a failed life like any other. */
export function terminating({ slot, why, effects }: GiveUp, ctx: Context): SlotStep {
  if (slot.seat.is !== 'RUNNING') return [slot, ...effects];
  const { worker } = slot.seat;
  const [departure, ...more] = beginTermination(worker, ctx);
  return [{ ...slot, seat: { is: 'STOPPING', worker, departure, after: 'BACKOFF', why } }, ...effects, ...more];
}

function giveUp(slot: Slot, seat: Running, diagnosis: string, ctx: Context): GiveUp {
  const { worker, hung, readyAt } = seat;
  const why = `hung for ${((hung?.forMs ?? 0) / 1_000).toFixed(1)} s: ${diagnosis}`;
  const healthy = ctx.now - (hung?.forMs ?? 0) - readyAt >= ctx.config.backoff.resetAfter;
  const failures = healthy ? 0 : slot.failures;
  const fact = announce({ event: 'hung', slot: slot.index, worker: worker.id, why });
  return { slot: { ...slot, failures, lastHung: { at: ctx.now, why } }, why, effects: [fact] };
}
