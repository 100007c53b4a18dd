import type { Context } from './context.ts';
import { beginDeparture, stepDeparture } from './departure.ts';
import { announce, gone } from './effects.ts';
import { describeEnd, isEnd, type SlotEvent } from './events.ts';
import { leave, stepLeaving } from './leaving.ts';
import { stepRunning } from './running.ts';
import {
  fail,
  flushEveryMs,
  isVacant,
  launch,
  relaunch,
  type Seat,
  type Slot,
  type SlotStep,
  settled,
  stopping,
} from './seat.ts';
import { type Starting, stepStarting } from './starting.ts';
import { describeExit } from './worker.ts';

/** One slot's decisions, grouped by state; the picture is in seat.ts. */
export function stepSlot(before: Slot, event: SlotEvent, ctx: Context): SlotStep {
  if (event.is === 'found') {
    const { worker: id, generation, pid, attached } = event;
    const worker = { id, generation, startedAt: ctx.now, pid, attached };
    // Where nobody else sits nobody else serves what waits in the socket.
    return isVacant(before) ? stopping(before, worker, 'STOPPED', ctx, { serves: true }) : leave(before, worker, ctx);
  }
  const [slot, ...parting] = stepLeaving(before, event, ctx);
  const [next, ...effects] = stepSeat(slot, event, ctx);
  return [next, ...parting, ...effects];
}

function stepSeat(slot: Slot, event: SlotEvent, ctx: Context): SlotStep {
  const { seat } = slot;
  if (event.is === 'replace' || event.is === 'abandon') return retarget(slot, event, ctx);
  switch (seat.is) {
    case 'STOPPED':
    case 'EXITED':
    case 'FATAL':
      if (event.is === 'start' || event.is === 'restart') return relaunch(slot, ctx);
      if (event.is !== 'tick' || ctx.now < seat.nextFlush) return [slot];
      return [
        { ...slot, seat: { ...seat, nextFlush: ctx.now + flushEveryMs } },
        { do: 'flush', slot: slot.index },
      ];
    case 'STARTING':
      return stepStartingSeat(slot, seat.starting, event, ctx);
    case 'RUNNING':
      return stepRunning(slot, seat, event, ctx);
    case 'BACKOFF':
      if (event.is === 'stop') return settled(slot, ctx);
      if (event.is === 'restart') return launch({ ...slot, failures: 0 }, ctx);
      return event.is === 'tick' && ctx.now >= seat.until ? launch(slot, ctx) : [slot];
    case 'STOPPING':
      return stepStopping(slot, seat, event, ctx);
  }
}

function stepStartingSeat(slot: Slot, starting: Starting, event: SlotEvent, ctx: Context): SlotStep {
  const { worker } = starting;
  if (event.is === 'stop') return stopping(slot, worker, 'STOPPED', ctx);
  if (event.is === 'restart') return stopping(slot, worker, 'STARTING', ctx);
  if (event.is === 'listenFailed') return fail(slot, worker, event.why, ctx, { fatal: true });
  if ('worker' in event && event.worker !== worker.id) return [slot];
  if (event.is === 'spawnFailed') return fail(slot, worker, event.why, ctx);
  if (event.is === 'exited') {
    const why = `${describeExit(event.exit)} before it was ready`;
    const [next, ...effects] = fail(slot, worker, why, ctx);
    return [next, ...gone(slot.index, worker.id, describeExit(event.exit), false), ...effects];
  }
  const step = stepStarting(starting, slot.index, event, ctx);
  if (step.is === 'starting') return [{ ...slot, seat: { is: 'STARTING', starting: step.starting } }, ...step.effects];
  if (step.is === 'failed') return stopping(slot, worker, 'BACKOFF', ctx, { why: step.why });
  const { id, generation, startedAt } = step.worker;
  const fact = {
    event: 'ready',
    slot: slot.index,
    worker: id,
    generation,
    tookMs: Math.round(ctx.now - startedAt),
  } as const;
  const provenAt = ctx.now + ctx.config.roll.minReady;
  const seat = { is: 'RUNNING', worker: step.worker, readyAt: ctx.now, provenAt } as const;
  return [{ ...slot, seat }, ...step.effects, announce(fact)];
}

function stepStopping(slot: Slot, seat: Seat & { is: 'STOPPING' }, event: SlotEvent, ctx: Context): SlotStep {
  const { worker } = seat;
  if (event.is === 'stop') {
    // The others stop too: there is nobody to steer to, so emptying the queue would never end.
    const cut = seat.departure.is === 'clearing' && !ctx.steerable;
    const [departure, ...effects] = cut ? beginDeparture(worker, slot.index, false, ctx) : [seat.departure];
    return [{ ...slot, seat: { ...seat, departure, after: 'STOPPED' } }, ...effects];
  }
  if (event.is === 'restart') return ctx.launchable ? [{ ...slot, seat: { ...seat, after: 'STARTING' } }] : [slot];
  if ('worker' in event && event.worker !== worker.id) return [slot];
  if (isEnd(event)) {
    const [next, ...effects] = afterStopping(slot, seat, ctx);
    return [next, ...gone(slot.index, worker.id, describeEnd(event), true), ...effects];
  }
  const [departure, ...effects] = stepDeparture(seat.departure, worker, slot.index, event, ctx);
  return [{ ...slot, seat: { ...seat, departure } }, ...effects];
}

function afterStopping(slot: Slot, seat: Seat & { is: 'STOPPING' }, ctx: Context): SlotStep {
  switch (seat.after) {
    case 'STOPPED': {
      // It died while its queue was emptied, and the socket closes next: another one serves the rest.
      const unfinished = ctx.retiring && ctx.steerable && seat.departure.is === 'clearing';
      const again = unfinished && slot.failures < ctx.config.startRetries;
      return again ? launch({ ...slot, failures: slot.failures + 1 }, ctx) : settled(slot, ctx);
    }
    case 'STARTING':
      return launch(slot, ctx);
    case 'BACKOFF':
      return fail(slot, seat.worker, seat.why, ctx);
  }
}

/** A roll reached this slot (`replace`), or failed here (`abandon`). */
function retarget(before: Slot, event: SlotEvent & { is: 'replace' | 'abandon' }, ctx: Context): SlotStep {
  const slot = { ...before, generation: event.generation };
  const { seat } = slot;
  switch (seat.is) {
    case 'STOPPED':
    case 'EXITED':
    case 'STOPPING':
      return [slot];
    case 'STARTING': {
      const { worker } = seat.starting;
      return worker.generation === event.generation ? [slot] : stopping(slot, worker, 'STARTING', ctx);
    }
    case 'RUNNING':
      return stepRunning(slot, seat, event, ctx);
    case 'BACKOFF':
    case 'FATAL':
      return relaunch(slot, ctx);
  }
}
