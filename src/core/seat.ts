import type { StateName } from '../shared/states.ts';
import { judge } from './backoff.ts';
import type { Context } from './context.ts';
import { beginDeparture, beginTermination, type Departure } from './departure.ts';
import { announce, type SlotEffect } from './effects.ts';
import type { Leaving } from './leaving.ts';
import { beginStarting, type Starting } from './starting.ts';
import type { Exit, Worker } from './worker.ts';

/**
 * A numbered seat that outlives its workers. The seat is the state that operators see:
 *
 *   STOPPED ──start──▶ STARTING ──ready──▶ RUNNING ──stop──▶ STOPPING ──exited──▶ STOPPED
 *      ▲                │  │  ▲               │                 ▲  │
 *      │            late│  │  │due        exited, hung          │  └─(after)─▶ STARTING: restart, roll in place
 *      │                │  ▼  │               ▼                 │
 *      └──stop─────── BACKOFF ◀──(unexpected)─┤             (late: terminate, then BACKOFF)
 *                          │                  └─(expected)─▶ EXITED
 *                          └──too many──▶ FATAL ──start──▶ STARTING
 *
 * A roll with surge starts the replacement beside a RUNNING seat; the replaced worker leaves beside the seat too.
 */
export type Seat =
  | { readonly is: 'STOPPED'; readonly since: number | undefined; readonly nextFlush: number }
  | { readonly is: 'STARTING'; readonly starting: Starting }
  | {
      readonly is: 'RUNNING';
      readonly worker: Worker;
      readonly readyAt: number;
      /** When it will have been ready for `minReady`: a roll in place goes on then. */
      readonly provenAt: number;
      readonly replacement?: Replacement;
      /** It is given up; what it was doing is being looked at, until `deadline`. */
      readonly hung?: { readonly forMs: number; readonly deadline: number };
    }
  | { readonly is: 'BACKOFF'; readonly until: number; readonly why: string }
  | {
      readonly is: 'STOPPING';
      readonly worker: Worker;
      readonly departure: Departure;
      readonly after: 'STOPPED' | 'STARTING' | 'BACKOFF';
      /** Why it will be in BACKOFF. */
      readonly why: string;
    }
  | { readonly is: 'EXITED'; readonly exit: Exit; readonly at: number; readonly nextFlush: number }
  | { readonly is: 'FATAL'; readonly why: string; readonly at: number; readonly nextFlush: number };

/** The next worker of a RUNNING seat: first it must be ready, then it serves beside the old one for `minReady`. */
export type Replacement =
  | { readonly is: 'starting'; readonly starting: Starting }
  | { readonly is: 'soaking'; readonly worker: Worker; readonly until: number };

export interface Slot {
  readonly index: number;
  /** Of the next worker that is started here. */
  readonly generation: number;
  readonly seat: Seat;
  /** Replaced workers that finish what is open. */
  readonly leaving: readonly Leaving[];
  /** Failed lives in a row. */
  readonly failures: number;
  /** Processes started here, the first included. */
  readonly spawns: number;
  /** The last worker that was given up here, and what it was doing. */
  readonly lastHung: { readonly at: number; readonly why: string } | undefined;
}

export type SlotStep = readonly [Slot, ...SlotEffect[]];

/** Every state name is supervisord's. */
export type SeatName = Seat['is'] & StateName;

export function emptySlot(index: number, generation: number): Slot {
  return {
    index,
    generation,
    seat: { is: 'STOPPED', since: undefined, nextFlush: 0 },
    leaving: [],
    failures: 0,
    spawns: 0,
    lastHung: undefined,
  };
}

/** A client that waits in the queue of a slot where nobody serves, while others do, is told so within this time. */
export const flushEveryMs = 1_000;

/* The moves between seats that more than one state makes. */

/** From a vacant seat; nothing happens while that is not possible yet. */
export function relaunch(slot: Slot, ctx: Context): SlotStep {
  return ctx.launchable ? launch({ ...slot, failures: 0 }, ctx) : [slot];
}

export function launch(slot: Slot, ctx: Context): SlotStep {
  const [starting, spawn] = beginStarting(slot.index, slot.generation, ctx);
  return [{ ...slot, seat: { is: 'STARTING', starting }, spawns: slot.spawns + 1 }, spawn];
}

/** Nobody sits here and nobody is coming: whoever still waits in the queue (a worker died while it was emptied) is told so. */
export function settled(slot: Slot, ctx: Context): SlotStep {
  const seat: Seat = { is: 'STOPPED', since: ctx.now, nextFlush: ctx.now + flushEveryMs };
  const flush: SlotEffect = { do: 'flush', slot: slot.index };
  return [{ ...slot, seat, failures: 0 }, flush, announce({ event: 'stopped', slot: slot.index })];
}

/** A life ended that should not have: BACKOFF, or FATAL when that happened too often in a row. */
export function fail(
  slot: Slot,
  worker: Worker,
  why: string,
  ctx: Context,
  how: { livedMs?: number; fatal?: boolean } = {},
): SlotStep {
  const { index } = slot;
  const { id, generation } = worker;
  const failed = announce({ event: 'failed', slot: index, worker: id, generation, why });
  const verdict = how.fatal
    ? { is: 'giveUp' as const }
    : judge(slot.failures, how.livedMs ?? 0, ctx.config, id * 977 + index);
  if (verdict.is === 'giveUp') {
    const seat: Seat = { is: 'FATAL', why, at: ctx.now, nextFlush: ctx.now };
    return [{ ...slot, seat }, failed, announce({ event: 'fatal', slot: index, why })];
  }
  const { delayMs, failures } = verdict;
  const seat: Seat = { is: 'BACKOFF', until: ctx.now + delayMs, why };
  return [{ ...slot, seat, failures }, failed, announce({ event: 'backoff', slot: index, delayMs, failures, why })];
}

/**
 * A worker that never served has nothing to drain; one that serves is steered away from first if the slot falls silent. `serves`: also when
 * it does not sit here.
 */
export function stopping(
  slot: Slot,
  worker: Worker,
  after: 'STOPPED' | 'STARTING' | 'BACKOFF',
  ctx: Context,
  { why = '', serves = slot.seat.is === 'RUNNING' }: { why?: string; serves?: boolean } = {},
): SlotStep {
  const clear = after === 'STOPPED' && ctx.steerable && ctx.config.bind === 'slot';
  const [departure, ...effects] = serves
    ? beginDeparture(worker, slot.index, clear, ctx)
    : beginTermination(worker, ctx);
  return [{ ...slot, seat: { is: 'STOPPING', worker, departure, after, why } }, ...effects];
}

/** No process here and none coming by itself. */
export function isVacant(slot: Slot): boolean {
  const { is } = slot.seat;
  return slot.leaving.length === 0 && (is === 'STOPPED' || is === 'EXITED' || is === 'FATAL');
}
