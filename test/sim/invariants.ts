import type { ProgramConfig } from '../../src/config/schema.ts';
import type { FleetEvent } from '../../src/core/events.ts';
import { isStalled } from '../../src/core/health.ts';
import type { Fleet } from '../../src/core/fleet.ts';
import type { Slot } from '../../src/core/seat.ts';
import { isVacant } from '../../src/core/seat.ts';
import type { World } from './world.ts';

/** The invariants of the design that one program's fleet must keep, whatever happens. Numbers are the design's. */
export function checkStep(before: Fleet, after: Fleet, event: FleetEvent, world: World, config: ProgramConfig): void {
  const [violation] = world.violations;
  if (violation !== undefined) throw new Error(`3: ${violation}`);
  checkWorkers(after, world);
  checkReadyDuringRoll(before, after, event, config);
  checkSoak(before, after, world.now, config);
  checkWeights(after, world);
  checkDeadlines(after);
}

/** 1: a live worker exists exactly where its slot says so; none is forgotten; at most one more than the seat. */
function checkWorkers(fleet: Fleet, world: World): void {
  const known = new Set<number>();
  for (const slot of fleet.slots) {
    const here = workersOf(slot);
    if (here.filter((id) => !world.strays.has(id)).length > 2)
      throw new Error(`1: slot ${slot.index} has ${here.length} workers`);
    for (const id of here) {
      if (known.has(id)) throw new Error(`1: worker ${id} is in two places`);
      known.add(id);
      const process = world.alive.get(id);
      if (process !== undefined && process.slot !== slot.index) throw new Error(`1: worker ${id} runs in another slot`);
    }
  }
  for (const id of world.alive.keys()) if (!known.has(id)) throw new Error(`1: worker ${id} lives, forgotten`);
}

/** 2: a roll takes no more than maxUnavailable ready workers away; what crashes or is stopped is not the roll's doing. */
function checkReadyDuringRoll(before: Fleet, after: Fleet, event: FleetEvent, config: ProgramConfig): void {
  const others = ['exited', 'stop', 'restart', 'scale', 'listenFailed', 'strayed', 'start'];
  if (after.roll === undefined || others.includes(event.is)) return;
  // Neither does one that was given up as hung.
  const givenUp = stayingOf(before).filter(({ seat }) => seat.is === 'RUNNING' && seat.hung !== undefined).length;
  const taken = ready(before) - givenUp - ready(after);
  const allowed = config.roll.maxSurge > 0 ? 0 : config.roll.maxUnavailable;
  const down = stayingOf(after).filter(
    ({ seat }) => seat.is !== 'RUNNING' && seat.is !== 'STOPPED' && seat.is !== 'EXITED',
  ).length;
  if (taken > 0 && down > allowed)
    throw new Error(`2: ${event.is} took ${taken} ready workers, ${down} are down, ${allowed} allowed`);
}

/** In place too, a slot is done only when its worker has been ready for minReady. */
function checkSoak(before: Fleet, after: Fleet, now: number, config: ProgramConfig): void {
  if (before.roll === undefined || config.roll.maxSurge > 0) return;
  // A roll that is over has finished, when its generation is the fleet's now; else it failed, and what was active is not done.
  const finished = before.roll.undoing === undefined && after.generation === before.roll.to;
  const done = after.roll?.done ?? (finished ? before.roll.active : []);
  for (const { index, seat } of after.slots) {
    const justDone = before.roll.active.includes(index) && done.includes(index);
    if (!justDone || seat.is !== 'RUNNING' || seat.worker.generation !== after.generation) continue;
    if (now < seat.readyAt + config.roll.minReady) throw new Error(`slot ${index} was done before it had soaked`);
  }
}

/**
 * 4: never all zero while one is ready; then zero for every other, and for a stalled one while another moves; without any,
 * only where somebody will serve.
 */
function checkWeights(fleet: Fleet, world: World): void {
  if (world.sockets.length === 0) return;
  if (world.sockets.length !== fleet.slots.length)
    throw new Error(`3: ${world.sockets.length} sockets for ${fleet.slots.length} slots`);
  // One that is being scaled away gets nothing while others serve or will.
  const stay = stayingOf(fleet);
  const staying = stay.some((slot) => slot.seat.is === 'RUNNING' || isComing(slot)) ? stay : fleet.slots;
  const someReady = staying.some(({ seat }) => seat.is === 'RUNNING');
  const moving = staying.some(({ index, seat }) => seat.is === 'RUNNING' && !isStalled(fleet.health[index]));
  for (const slot of fleet.slots) {
    const { index, seat } = slot;
    const weight = world.weights[index] ?? 0;
    const may = staying.includes(slot) && (someReady ? seat.is === 'RUNNING' : isComing(slot));
    if (weight !== 0 && !may) throw new Error(`4: slot ${index} is ${seat.is} with weight ${weight}`);
    if (!someReady && may && weight === 0) throw new Error(`4: slot ${index} is coming without weight`);
    if (weight !== 0 && isStalled(fleet.health[index]) && moving)
      throw new Error(`4: slot ${index} is stalled with weight ${weight}`);
  }
  if (someReady && !world.weights.some((weight) => weight > 0)) throw new Error('4: no slot has a weight');
}

/** 7: every wait has a deadline. */
function checkDeadlines(fleet: Fleet): void {
  for (const { seat, leaving } of fleet.slots) {
    const waits = [
      ...(seat.is === 'STARTING' ? [seat.starting.deadline] : []),
      ...(seat.is === 'STOPPING' ? [seat.departure.deadline] : []),
      ...(seat.is === 'BACKOFF' ? [seat.until] : []),
      ...leaving.map(({ departure }) => departure.deadline),
    ];
    if (!waits.every(Number.isFinite)) throw new Error(`7: a wait without a deadline in ${seat.is}`);
  }
}

/**
 * 5: forks are bounded. One series of failures is startRetries + 1 lives; it begins anew only after a healthy life or an
 * operator's command, both of which are rare in a history: with 30 of them a minute this still bounds a fork bomb.
 */
export function checkForks(world: World, config: ProgramConfig): void {
  const bound = (config.startRetries + 2) * 30;
  for (const [index, { at, slot }] of world.spawnsAt.entries()) {
    const inAMinute = world.spawnsAt
      .slice(index)
      .filter((spawn) => spawn.slot === slot && spawn.at < at + 60_000).length;
    if (inAMinute > bound) throw new Error(`5: ${inAMinute} forks in a minute in slot ${slot}, ${bound} allowed`);
  }
}

/** When trouble ends, every slot reaches what is wanted of it, and nothing is left half done. */
export function checkSettled(fleet: Fleet, world: World, wanted: 'RUNNING' | 'STOPPED', config: ProgramConfig): void {
  if (fleet.roll !== undefined) throw new Error(`still rolling: ${JSON.stringify(fleet.roll)}`);
  if (fleet.slots.length !== fleet.wanted) throw new Error(`${fleet.slots.length} slots, ${fleet.wanted} wanted`);
  for (const slot of fleet.slots) {
    const settled = wanted === 'RUNNING' ? slot.seat.is === 'RUNNING' && slot.leaving.length === 0 : isVacant(slot);
    if (!settled)
      throw new Error(`slot ${slot.index} is ${slot.seat.is} with ${slot.leaving.length} leaving, ${wanted} wanted`);
    if (wanted === 'RUNNING' && !workersOf(slot).every((id) => world.alive.has(id)))
      throw new Error(`slot ${slot.index} runs a dead worker`);
    if (wanted === 'RUNNING') checkMoving(slot, world, config);
  }
}

/** Whoever has been blocked for hungAfter is replaced, if there is a channel on which its silence is heard. */
function checkMoving({ index, seat }: Slot, world: World, { health, balance }: ProgramConfig): void {
  const process = seat.is === 'RUNNING' ? world.alive.get(seat.worker.id) : undefined;
  if (process?.stall === undefined || !process.attached || !world.isStalled(process)) return;
  const forMs = world.now - process.stall.since;
  if (health.hungAfter !== 'never' && forMs > health.hungAfter + 3 * balance.interval + 5_000)
    throw new Error(`slot ${index} has been hung for ${forMs} ms`);
}

function workersOf({ seat, leaving }: Slot): readonly number[] {
  const others = leaving.map(({ worker }) => worker.id);
  switch (seat.is) {
    case 'STARTING':
      return [seat.starting.worker.id, ...others];
    case 'RUNNING': {
      const { replacement } = seat;
      const next =
        replacement === undefined
          ? []
          : [replacement.is === 'starting' ? replacement.starting.worker.id : replacement.worker.id];
      return [seat.worker.id, ...next, ...others];
    }
    case 'STOPPING':
      return [seat.worker.id, ...others];
    default:
      return others;
  }
}

function isComing({ seat }: Slot): boolean {
  return seat.is === 'STARTING' || seat.is === 'BACKOFF' || (seat.is === 'STOPPING' && seat.after !== 'STOPPED');
}

/** What is being scaled away is nobody's loss. */
function stayingOf({ slots, wanted }: Fleet): readonly Slot[] {
  return slots.slice(0, wanted);
}

function ready(fleet: Fleet): number {
  return stayingOf(fleet).filter(({ seat }) => seat.is === 'RUNNING').length;
}
