import { beginClearing, type Clearing, isClear, look } from './clearing.ts';
import type { Context } from './context.ts';
import { announce, type SlotEffect } from './effects.ts';
import type { SlotEvent } from './events.ts';
import type { Worker } from './worker.ts';

/**
 * A worker's way out:
 *
 *   clearing ──queue empty──▶ draining ──drained──▶ terminating ──late──▶ killing ──┐
 *      └────────late────────▶    └──────late──────▶      │                  ▲   └late┘ (again)
 *                                                        └──── exited at any step: the slot forgets it
 *
 * clearing: steered away from, still accepting, until nothing waits in its queue (only when the slot itself falls silent).
 * draining: accepts nothing new and finishes what is open; for workers on the channel.
 * terminating: the stop signal was sent, so that the app's own shutdown code runs. A program in another language starts
 * here: its drain is the stop signal.
 * killing: SIGKILL was sent.
 */
export type Departure =
  | { readonly is: 'clearing'; readonly deadline: number; readonly clearing: Clearing }
  | { readonly is: 'draining'; readonly deadline: number }
  | { readonly is: 'terminating'; readonly deadline: number }
  | { readonly is: 'killing'; readonly deadline: number };

export type DepartureStep = readonly [Departure, ...SlotEffect[]];

/** The worker ends its own drain at the deadline; this much later the supervisor stops waiting for it to say so. */
const drainGraceMs = 1_000;
/** A process in an uninterruptible sleep may need more than one SIGKILL's time. */
const killAgainMs = 1_000;

export function beginDeparture(worker: Worker, slot: number, clear: boolean, ctx: Context): DepartureStep {
  if (clear) {
    const deadline = ctx.now + ctx.config.stop.drainTimeout;
    return [{ is: 'clearing', deadline, clearing: beginClearing(ctx.now) }];
  }
  if (!worker.attached) return terminate(worker, ctx, ctx.config.stop.drainTimeout + ctx.config.stop.killTimeout);
  const deadline = ctx.now + ctx.config.stop.drainTimeout + drainGraceMs;
  const effects: SlotEffect[] = [{ do: 'drain', worker: worker.id }];
  return [{ is: 'draining', deadline }, ...effects, announce({ event: 'draining', slot, worker: worker.id })];
}

/** For a worker that never served: no drain, but its shutdown code may run. */
export function beginTermination(worker: Worker, ctx: Context): DepartureStep {
  return terminate(worker, ctx, ctx.config.stop.killTimeout);
}

export function stepDeparture(
  departure: Departure,
  worker: Worker,
  slot: number,
  event: SlotEvent,
  ctx: Context,
): DepartureStep {
  if (event.is === 'tick' && ctx.now >= departure.deadline) {
    const overdue = announce({ event: 'overdue', slot, worker: worker.id, step: departure.is });
    const [next, ...effects] = late(departure, worker, slot, ctx);
    return [next, overdue, ...effects];
  }
  switch (departure.is) {
    case 'clearing':
      if (event.is === 'tick' && ctx.now >= departure.clearing.nextLook) {
        const asked = { ...departure.clearing, nextLook: departure.deadline };
        return [
          { ...departure, clearing: asked },
          { do: 'look', slot },
        ];
      }
      if (event.is === 'looked') {
        const clearing = look(departure.clearing, event.queue, event.halfOpen, ctx.now);
        return isClear(clearing) ? beginDeparture(worker, slot, false, ctx) : [{ ...departure, clearing }];
      }
      return [departure];
    case 'draining':
      // It dials again: a supervisor that died may not have told it.
      if (event.is === 'attached') return [departure, { do: 'drain', worker: worker.id }];
      return event.is === 'drained' ? terminate(worker, ctx, ctx.config.stop.killTimeout) : [departure];
    case 'terminating':
    case 'killing':
      return [departure];
  }
}

/** When it next wants a tick. */
export function departureDue(departure: Departure): number {
  return departure.is === 'clearing' ? Math.min(departure.deadline, departure.clearing.nextLook) : departure.deadline;
}

function late(departure: Departure, worker: Worker, slot: number, ctx: Context): DepartureStep {
  switch (departure.is) {
    case 'clearing':
      return beginDeparture(worker, slot, false, ctx);
    case 'draining':
      return terminate(worker, ctx, ctx.config.stop.killTimeout);
    case 'terminating':
    case 'killing':
      return [
        { is: 'killing', deadline: ctx.now + killAgainMs },
        { do: 'kill', worker: worker.id },
      ];
  }
}

function terminate(worker: Worker, ctx: Context, withinMs: number): DepartureStep {
  return [
    { is: 'terminating', deadline: ctx.now + withinMs },
    { do: 'terminate', worker: worker.id },
  ];
}
