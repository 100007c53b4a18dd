import type { ProgramConfig } from '../config/schema.ts';
import type { Fact } from './events.ts';
import type { Slot } from './seat.ts';

/**
 * Replaces a generation slot by slot:
 *
 *   waiting ──begin (room, pause over)──▶ active ──new worker proved, old one gone──▶ done
 *                                           │
 *                                           └──replacement failed──▶ the roll ends, or turns round (`undoing`)
 *
 * It keeps lists of slot numbers only; what a slot is doing is read from the slot.
 */
export interface Roll {
  readonly to: number;
  readonly from: number;
  readonly waiting: readonly number[];
  readonly active: readonly number[];
  readonly done: readonly number[];
  /** Monotonic ms before which no further slot begins; undefined when there is no pause, or it is over. */
  readonly pausedUntil: number | undefined;
  readonly startedAt: number;
  /** The first failure, while this roll takes the replaced slots back to the old generation. */
  readonly undoing: Failure | undefined;
}

export interface Failure {
  readonly slot: number;
  readonly worker: number | undefined;
  readonly why: string;
}

export function beginRoll(slots: readonly Slot[], from: number, to: number, now: number): Roll {
  return {
    to,
    from,
    waiting: slots.map(({ index }) => index),
    active: [],
    done: [],
    pausedUntil: undefined,
    startedAt: now,
    undoing: undefined,
  };
}

/** What the roll wants now, in the order of asking: failed, then progress, then finished. */
export type Advice =
  | { readonly is: 'wait'; readonly roll: Roll }
  | { readonly is: 'begin'; readonly roll: Roll; readonly slot: number; readonly surge: boolean }
  | { readonly is: 'finished'; readonly roll: Roll }
  | { readonly is: 'failed'; readonly roll: Roll; readonly failure: Failure };

export function advise(
  before: Roll,
  slots: readonly Slot[],
  facts: readonly Fact[],
  now: number,
  config: ProgramConfig,
): Advice {
  const failure = findFailure(before, facts);
  if (failure !== undefined) return { is: 'failed', roll: before, failure };
  const roll = collect(resume(before, now), slots, now, config);
  const next = roll.waiting.find((index) => isDown(slots[index])) ?? roll.waiting[0];
  if (next === undefined) return { is: roll.active.length === 0 ? 'finished' : 'wait', roll };
  const surge = config.roll.maxSurge > 0;
  const slot = slots[next];
  if (roll.pausedUntil !== undefined || !hasRoom(roll, slots, slot, config) || isBusy(slot))
    return { is: 'wait', roll };
  const waiting = roll.waiting.filter((index) => index !== next);
  return { is: 'begin', roll: { ...roll, waiting, active: [...roll.active, next] }, slot: next, surge };
}

/** When the roll next wants a tick: its pause ends, or a slot whose old worker is gone has soaked. */
export function rollDue(roll: Roll, slots: readonly Slot[]): number {
  const soaking = roll.active.flatMap((index) => provenAt(slots[index], roll.to) ?? []);
  return Math.min(roll.pausedUntil ?? Number.POSITIVE_INFINITY, ...soaking);
}

/** Turns round: every slot of the new generation is taken back. */
export function turnRound(roll: Roll, failure: Failure, slots: readonly Slot[], now: number): Roll {
  const back = slots.filter(({ generation }) => generation === roll.to).map(({ index }) => index);
  return { ...beginRoll([], roll.to, roll.from, now), startedAt: roll.startedAt, waiting: back, undoing: failure };
}

function findFailure(roll: Roll, facts: readonly Fact[]): Failure | undefined {
  for (const fact of facts) {
    if (fact.event !== 'replacementFailed' && fact.event !== 'failed') continue;
    const concerned = roll.active.includes(fact.slot) || roll.done.includes(fact.slot);
    if (concerned && fact.generation === roll.to) return { slot: fact.slot, worker: fact.worker, why: fact.why };
  }
  return undefined;
}

function resume(roll: Roll, now: number): Roll {
  return roll.pausedUntil !== undefined && now >= roll.pausedUntil ? { ...roll, pausedUntil: undefined } : roll;
}

function collect(roll: Roll, slots: readonly Slot[], now: number, config: ProgramConfig): Roll {
  const active = roll.active.filter((index) => !isReplaced(slots[index], roll.to, now));
  if (active.length === roll.active.length) return roll;
  const finished = roll.active.filter((index) => !active.includes(index));
  // What was stopped needs no pause: nothing new serves there.
  const pause = finished.some((index) => slots[index]?.seat.is === 'RUNNING') ? config.roll.pause : 0;
  const pausedUntil = pause > 0 ? now + pause : roll.pausedUntil;
  return { ...roll, active, done: [...roll.done, ...finished], pausedUntil };
}

/** Also when an operator stopped the slot meanwhile, or removed it: there is nothing left to replace. */
function isReplaced(slot: Slot | undefined, generation: number, now: number): boolean {
  if (slot === undefined || slot.seat.is === 'STOPPED' || slot.seat.is === 'EXITED' || slot.seat.is === 'FATAL')
    return true;
  const proven = provenAt(slot, generation);
  return proven !== undefined && now >= proven;
}

/** Of a slot where only a worker of `generation` is left: when it has been ready for `minReady`. */
function provenAt(slot: Slot | undefined, generation: number): number | undefined {
  if (slot?.seat.is !== 'RUNNING' || slot.leaving.length > 0 || slot.seat.replacement !== undefined) return undefined;
  return slot.seat.worker.generation === generation ? slot.seat.provenAt : undefined;
}

/** With surge nothing goes down; in place, one more may go down only while fewer than maxUnavailable are. */
function hasRoom(roll: Roll, slots: readonly Slot[], slot: Slot | undefined, config: ProgramConfig): boolean {
  const { maxSurge, maxUnavailable } = config.roll;
  if (maxSurge > 0) return roll.active.length < maxSurge;
  return roll.active.length < maxUnavailable && (isDown(slot) || slots.filter(isDown).length < maxUnavailable);
}

/** It should serve and does not. These are replaced first: that takes nothing away from anybody. */
function isDown(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.seat.is !== 'RUNNING' && slot.seat.is !== 'STOPPED' && slot.seat.is !== 'EXITED';
}

/** It still sees somebody out: its turn comes when that is over. */
function isBusy(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.leaving.length > 0;
}
