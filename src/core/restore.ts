import { newBalance } from './balance.ts';
import { beginClearing } from './clearing.ts';
import type { Departure } from './departure.ts';
import type { Fleet } from './fleet.ts';
import { emptySlot, type Replacement, type Seat, type Slot } from './seat.ts';
import type { Starting } from './starting.ts';
import type { Worker } from './worker.ts';

/**
 * What of a fleet outlives the supervisor: plain data, for the state file. Its times are CLOCK_MONOTONIC, so they mean the same to
 * the next supervisor of the same boot. What is measured anew at once (balance, health, steering) is not kept.
 */
export type SavedFleet = Pick<Fleet, 'slots' | 'wanted' | 'generation' | 'latest' | 'nextWorker' | 'roll'>;

export function snapshot({ slots, wanted, generation, latest, nextWorker, roll }: Fleet): SavedFleet {
  return { slots, wanted, generation, latest, nextWorker, roll };
}

/**
 * The fleet as it was, but for what was under way between core and world: that is asked again. Who has died meanwhile, or was
 * started after the last write, comes as ordinary events afterwards. `saved` may have been through JSON, where Infinity becomes
 * null.
 */
export function restore(saved: SavedFleet, now: number): Fleet {
  const { wanted, generation, latest, nextWorker, roll } = saved;
  return {
    slots: saved.slots.map((slot) => restoreSlot(slot, now)),
    wanted,
    generation,
    latest,
    nextWorker,
    roll,
    balance: newBalance(),
    health: [],
    measuredAt: now,
    nextMeasure: now,
    steering: undefined,
  };
}

/** Every process that the fleet counts on, wherever it sits. */
export function workersOf({ seat, leaving }: Slot): readonly Worker[] {
  return [...sitting(seat), ...leaving.map(({ worker }) => worker)];
}

function sitting(seat: Seat): readonly Worker[] {
  switch (seat.is) {
    case 'STARTING':
      return [seat.starting.worker];
    case 'RUNNING': {
      const { replacement } = seat;
      if (replacement === undefined) return [seat.worker];
      return [seat.worker, replacement.is === 'starting' ? replacement.starting.worker : replacement.worker];
    }
    case 'STOPPING':
      return [seat.worker];
    case 'STOPPED':
    case 'EXITED':
    case 'BACKOFF':
    case 'FATAL':
      return [];
  }
}

/** A process without a place in the saved state (which was lost, or is older than it). */
export interface Found {
  readonly slot: number;
  readonly generation: number;
  readonly pid: number;
  /** It has the preload, and will dial. */
  readonly attached: boolean;
}

/**
 * A fleet made from nothing but its processes, the oldest first, whose ids are their places in `found` plus one: the newest of
 * each slot serves there, those before it were being replaced.
 */
export function rebuild(found: readonly Found[], workers: number, now: number): SavedFleet {
  const count = Math.max(workers, ...found.map(({ slot }) => slot + 1));
  const generation = Math.max(1, ...found.map((one) => one.generation));
  const seats = new Map(found.map((one, at) => [one.slot, workerOf(one, at, now)]));
  const slots = Array.from({ length: count }, (_, index): Slot => {
    const worker = seats.get(index);
    const empty = emptySlot(index, worker?.generation ?? generation);
    if (worker === undefined) return empty;
    const leaving = found.flatMap((one, at) =>
      one.slot === index && at + 1 !== worker.id
        ? [{ worker: workerOf(one, at, now), departure: { is: 'draining', deadline: now } as const }]
        : [],
    );
    return { ...empty, seat: { is: 'RUNNING', worker, readyAt: now, provenAt: now }, leaving, spawns: 1 };
  });
  return { slots, wanted: workers, generation, latest: generation, nextWorker: found.length + 1, roll: undefined };
}

function workerOf({ generation, pid, attached }: Found, at: number, now: number): Worker {
  return { id: at + 1, generation, startedAt: now, pid, attached };
}

function restoreSlot(slot: Slot, now: number): Slot {
  const leaving = slot.leaving.map(({ worker, departure }) => ({ worker, departure: onItsWay(departure, now) }));
  return { ...slot, seat: restoreSeat(slot.seat, now), leaving };
}

function restoreSeat(seat: Seat, now: number): Seat {
  switch (seat.is) {
    case 'STARTING':
      return { ...seat, starting: startAgain(seat.starting, now) };
    case 'RUNNING': {
      // Whether it still hangs shows soon enough.
      const { replacement, hung: _, ...running } = seat;
      return replacement === undefined ? running : { ...running, replacement: nextInLine(replacement, now) };
    }
    case 'STOPPING':
      return { ...seat, departure: onItsWay(seat.departure, now) };
    case 'STOPPED':
    case 'EXITED':
    case 'FATAL':
      return { ...seat, nextFlush: now };
    case 'BACKOFF':
      return seat;
  }
}

function nextInLine(replacement: Replacement, now: number): Replacement {
  return replacement.is === 'soaking'
    ? replacement
    : { is: 'starting', starting: startAgain(replacement.starting, now) };
}

/** A probe's answer may be lost, and what it listens on it tells again when it dials. */
function startAgain(starting: Starting, now: number): Starting {
  return { ...starting, ports: [], nextProbe: now, doubt: '' };
}

/** A drain is asked for again when the worker dials; a signal was sent before the state was written. */
function onItsWay(departure: Departure, now: number): Departure {
  return departure.is === 'clearing' ? { ...departure, clearing: beginClearing(now) } : departure;
}
