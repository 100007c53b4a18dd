import type { ProgramConfig } from '../config/schema.ts';
import type { Context, ReadinessOf } from './context.ts';
import { announce, type FleetEffect } from './effects.ts';
import type { Fact, FleetEvent, SlotEvent } from './events.ts';
import { opinion } from './group-order.ts';
import { canLaunch, listenerChanges, listenersWanted, mayBeReordered } from './listening.ts';
import { newBalance } from './balance.ts';
import { hurry, measure, measureDue, type Measured, take } from './measuring.ts';
import { advise, beginRoll, type Failure, type Roll, turnRound } from './roll.ts';
import { emptySlot, isVacant } from './seat.ts';
import { stepSlot } from './slot.ts';
import { isComing, isSameSteering, type Steering, steeringOf, willServe } from './weights.ts';

/** All slots of one program. Pure: what it wants done comes back as effects, in the order they must happen. */
export interface Fleet extends Measured {
  /** Slots at this index and above are on their way out. */
  readonly wanted: number;
  /** Of workers started outside a roll. */
  readonly generation: number;
  /** The newest ever begun: the next roll's is higher. */
  readonly latest: number;
  readonly nextWorker: number;
  readonly roll: Roll | undefined;
  /** What the kernel was told last. */
  readonly steering: Steering | undefined;
}

export type FleetStep = readonly [Fleet, ...FleetEffect[]];

export function newFleet(workers: number): Fleet {
  const slots = Array.from({ length: workers }, (_, index) => emptySlot(index, 1));
  const begun = { wanted: workers, generation: 1, latest: 1, nextWorker: 1, roll: undefined };
  return { slots, ...begun, balance: newBalance(), health: [], measuredAt: 0, nextMeasure: 0, steering: undefined };
}

export function stepFleet(
  before: Fleet,
  event: FleetEvent,
  now: number,
  config: ProgramConfig,
  readinessOf: ReadinessOf = () => config.readiness,
): FleetStep {
  const draft = new Draft(before, now, config, readinessOf);
  draft.take(event);
  draft.advanceRoll();
  draft.retire();
  const changes = listenerChanges(before, draft.fleet);
  const { open, close, retired } = changes;
  const steering = steeringOf(draft.fleet, config);
  const listens = listenersWanted(draft.fleet) > 0;
  const steered = listens && (open.length > 0 || !isSameSteering(steering, before.steering));
  const doubtful = mayBeReordered(changes, before.steering !== undefined, draft.fleet);
  const fleet = { ...draft.fleet, ...(listens ? { steering } : { steering: undefined, distrust: undefined }) };
  // Sockets first, or a worker has nothing to inherit; a program that stops refuses clients before its workers drain.
  return [
    fleet,
    ...(open.length > 0 ? [{ do: 'listen', slots: open } as const] : []),
    ...(close.length > 0 ? [{ do: 'unlisten', slots: close } as const] : []),
    ...(steered ? [{ do: 'steer', ...steering } as const] : []),
    ...draft.effects,
    ...(retired.length > 0 ? [{ do: 'unlisten', slots: retired } as const] : []),
    ...(doubtful && config.steering !== 'off' ? [{ do: 'verify' } as const] : []),
  ];
}

/** A fleet in the making: one event may move several slots and the roll. Lives for one step. */
class Draft {
  fleet: Fleet;
  readonly effects: FleetEffect[] = [];
  readonly #now: number;
  readonly #config: ProgramConfig;
  readonly #readinessOf: ReadinessOf;

  constructor(fleet: Fleet, now: number, config: ProgramConfig, readinessOf: ReadinessOf) {
    this.fleet = fleet;
    this.#now = now;
    this.#config = config;
    this.#readinessOf = readinessOf;
  }

  take(event: FleetEvent): void {
    switch (event.is) {
      case 'roll':
        return this.#beginRoll(event.generation);
      case 'scale':
        return this.#scale(event.to);
      case 'start':
      case 'restart':
        // A slot that is being scaled away does not come back by name.
        return this.#each(
          event.slots.filter((index) => index < this.fleet.wanted),
          { is: event.is },
        );
      case 'stop':
        return this.#stop(event.slots);
      case 'looked':
        return this.#each([event.slot], { is: 'looked', queue: event.queue, halfOpen: event.halfOpen });
      case 'found':
        return this.#found(event);
      case 'counted':
        this.fleet = { ...this.fleet, nextMeasure: hurry(this.fleet, this.#config, this.#now) };
        return;
      case 'measured':
        return this.#measured(event);
      case 'verified': {
        const [distrust, ...facts] = opinion(this.fleet.distrust, event.verdict);
        this.fleet = { ...this.fleet, distrust };
        return facts.forEach((fact) => this.#announce(fact));
      }
      case 'tick':
        this.#each(
          this.fleet.slots.map(({ index }) => index),
          event,
        );
        return this.#measure();
      case 'listenFailed':
        return this.#each(event.slots, { is: 'listenFailed', why: event.why });
      default:
        return this.#each(
          this.fleet.slots.map(({ index }) => index),
          event,
        );
    }
  }

  advanceRoll(): void {
    // Each round begins one slot, or ends the roll; a failing `begin` shows in the facts of the next round.
    for (
      let seen = 0, rounds = 0;
      this.fleet.roll !== undefined && rounds <= this.fleet.slots.length + 1;
      rounds += 1
    ) {
      const facts = this.#facts().slice(seen);
      seen += facts.length;
      const staying = this.fleet.slots.slice(0, this.fleet.wanted);
      const advice = advise(this.fleet.roll, staying, facts, this.#now, this.#config);
      this.fleet = { ...this.fleet, roll: advice.roll };
      if (advice.is === 'wait') return;
      if (advice.is === 'finished') return this.#finishRoll(advice.roll);
      if (advice.is === 'failed') this.#failRoll(advice.roll, advice.failure);
      else this.#each([advice.slot], { is: 'replace', generation: advice.roll.to, surge: advice.surge });
    }
  }

  /** Only from the end, so that the kernel's group order stays: the last socket would move into a hole. */
  retire(): void {
    // Who came up only to serve what waits in the closing socket begins to leave; who failed at it had its chance.
    const done = this.fleet.slots.filter(({ seat }) => seat.is === 'RUNNING' || seat.is === 'BACKOFF');
    this.#each(
      done.map(({ index }) => index).filter((index) => index >= this.fleet.wanted),
      { is: 'stop' },
    );
    const { slots, wanted } = this.fleet;
    let count = slots.length;
    for (let last = slots[count - 1]; last !== undefined && count > wanted && isVacant(last); last = slots[count - 1])
      count -= 1;
    if (count === slots.length) return;
    this.fleet = { ...this.fleet, slots: slots.slice(0, count) };
    if (count === wanted) this.#announce({ event: 'scaled', from: slots.length, to: wanted });
  }

  #each(indexes: readonly number[], event: SlotEvent): void {
    for (const index of indexes) {
      const slot = this.fleet.slots[index];
      if (slot === undefined) continue;
      const others = this.fleet.slots.some(
        (other) =>
          other.index !== index &&
          other.index < this.fleet.wanted &&
          willServe(other) &&
          !(event.is === 'stop' && indexes.includes(other.index)),
      );
      const launchable = canLaunch(this.fleet);
      const ctx: Context = {
        now: this.#now,
        config: this.#config,
        readinessOf: this.#readinessOf,
        worker: this.fleet.nextWorker,
        steerable: others,
        retiring: index >= this.fleet.wanted,
        launchable,
      };
      const [next, ...effects] = stepSlot(slot, event, ctx);
      if (next === slot && effects.length === 0) continue;
      const spawned = effects.some((effect) => effect.do === 'spawn') ? 1 : 0;
      this.fleet = {
        ...this.fleet,
        slots: this.fleet.slots.with(index, next),
        nextWorker: this.fleet.nextWorker + spawned,
      };
      this.effects.push(...effects);
    }
  }

  #measure(): void {
    if (this.#now < measureDue(this.fleet)) return;
    const [nextMeasure, effect] = measure(this.fleet, this.#config, this.#now);
    this.fleet = { ...this.fleet, nextMeasure };
    this.effects.push(effect);
  }

  #measured({ readings }: FleetEvent & { is: 'measured' }): void {
    // Of workers that still serve: between asking and answering, one may have gone.
    const current = readings.filter(({ slot, worker }) => {
      const seat = this.fleet.slots[slot]?.seat;
      return seat?.is === 'RUNNING' && seat.worker.id === worker;
    });
    const { change, effects, hung } = take(this.fleet, current, this.#config, this.#now);
    this.fleet = { ...this.fleet, ...change };
    this.effects.push(...effects);
    for (const { slot, forMs } of hung) this.#each([slot], { is: 'hung', forMs });
  }

  /** A slot that was scaled away comes back for it, until it is gone. */
  #found(event: FleetEvent & { is: 'found' }): void {
    const { slots, generation, nextWorker } = this.fleet;
    const missing = Array.from({ length: Math.max(0, event.slot + 1 - slots.length) }, (_, more) =>
      emptySlot(slots.length + more, generation),
    );
    this.fleet = { ...this.fleet, slots: [...slots, ...missing], nextWorker: Math.max(nextWorker, event.worker + 1) };
    this.#each([event.slot], event);
  }

  #stop(indexes: readonly number[]): void {
    const { roll, slots } = this.fleet;
    const all = slots.every(({ index }) => indexes.includes(index));
    if (roll !== undefined && all) this.#endRoll(roll, { slot: 0, worker: undefined, why: 'the program was stopped' });
    this.#each(indexes, { is: 'stop' });
  }

  #scale(to: number): void {
    const { slots, generation, wanted } = this.fleet;
    const up = slots.some(({ seat }) => seat.is !== 'STOPPED' && seat.is !== 'EXITED');
    const fresh = Array.from({ length: Math.max(0, to - slots.length) }, (_, more) =>
      emptySlot(slots.length + more, generation),
    );
    // What goes has its retries anew, for serving what waits.
    const kept = slots.map((slot) => (slot.index < to ? slot : { ...slot, failures: 0 }));
    this.fleet = { ...this.fleet, wanted: to, slots: [...kept, ...fresh] };
    const indexes = this.fleet.slots.map(({ index }) => index);
    const added = indexes.filter((index) => index >= wanted && index < to);
    // `restart`, because a slot that is still on its way out must come back when it is gone.
    if (up) this.#each(added, { is: 'restart' });
    const leaving = indexes.filter((index) => index >= to);
    // Connections may wait in a socket whose worker is just starting, or crashed: somebody serves them before it closes.
    const served = this.#config.bind === 'slot' && this.fleet.slots.slice(0, to).some(willServe);
    const finishing = served ? leaving.filter((index) => this.fleet.slots.slice(index, index + 1).some(isComing)) : [];
    this.#each(
      finishing.filter((index) => this.fleet.slots[index]?.seat.is === 'BACKOFF'),
      { is: 'restart' },
    );
    this.#each(
      leaving.filter((index) => !finishing.includes(index)),
      { is: 'stop' },
    );
    if (to > wanted) this.#announce({ event: 'scaled', from: wanted, to });
  }

  #beginRoll(generation: number): void {
    const { generation: from, wanted } = this.fleet;
    const slots = this.fleet.slots.slice(0, wanted);
    this.fleet = { ...this.fleet, latest: generation, roll: beginRoll(slots, from, generation, this.#now) };
    this.#announce({ event: 'rollStarted', generation, slots: slots.length });
  }

  #finishRoll(roll: Roll): void {
    this.fleet = { ...this.fleet, generation: roll.to, roll: undefined };
    const { undoing } = roll;
    if (undoing === undefined) {
      this.#announce({ event: 'rollFinished', generation: roll.to, tookMs: Math.round(this.#now - roll.startedAt) });
      return;
    }
    this.#announce({ event: 'rolledBack', generation: roll.to, slots: roll.done.length });
    this.#announce({ event: 'rollFailed', generation: roll.from, ...undoing });
  }

  /** The old workers stay; with onFailure: rollback the replaced slots go back too. A failed way back ends there. */
  #failRoll(roll: Roll, failure: Failure): void {
    this.#each([...new Set([...roll.active, failure.slot])], { is: 'abandon', generation: roll.from });
    if (this.#config.roll.onFailure === 'rollback' && roll.undoing === undefined) {
      this.fleet = { ...this.fleet, roll: turnRound(roll, failure, this.fleet.slots, this.#now) };
      return;
    }
    this.#endRoll(roll, roll.undoing ?? failure);
  }

  #endRoll(roll: Roll, failure: Failure): void {
    this.fleet = { ...this.fleet, roll: undefined };
    this.#announce({ event: 'rollFailed', generation: roll.undoing === undefined ? roll.to : roll.from, ...failure });
  }

  #announce(fact: Fact): void {
    this.effects.push(announce(fact));
  }

  #facts(): readonly Fact[] {
    return this.effects.flatMap((effect) => (effect.do === 'announce' ? [effect.fact] : []));
  }
}
