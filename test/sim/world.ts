import type { ProgramConfig } from '../../src/config/schema.ts';
import type { Verdict } from '../../src/core/group-order.ts';
import type { FleetEffect, Look } from '../../src/core/effects.ts';
import type { Fact, FleetEvent } from '../../src/core/events.ts';
import type { Reading } from '../../src/core/reading.ts';
import { Agenda } from './agenda.ts';
import type { Dice } from './dice.ts';
import { calm, type Weather } from './weather.ts';

/** A process as the simulated kernel knows it. */
export interface FakeProcess {
  worker: number;
  readonly slot: number;
  readonly generation: number;
  accepting: boolean;
  attached: boolean;
  /** Its event loop is blocked from `since` to `until`, which may be Infinity. */
  stall: Stall | undefined;
}

interface Stall {
  readonly since: number;
  readonly until: number;
  /** Since when nobody could have seen it move: another stall that ended right before this one looks the same from outside. */
  readonly seemsSince: number;
}

/**
 * Kernel, processes and sockets of one program, without any of them: obeys effects, and answers with events later.
 * It also keeps the books that the invariants are checked against.
 */
export class World {
  readonly alive = new Map<number, FakeProcess>();
  readonly sockets: number[] = [];
  /** Connections that wait in each slot's accept queue. */
  readonly queue = new Map<number, number>();
  readonly halfOpen = new Map<string, number>();
  readonly facts: Fact[] = [];
  readonly violations: string[] = [];
  /** Slots whose queue must be empty when a scale-down closes them, with the number of facts at its beginning. */
  readonly owed = new Map<number, number>();
  /** Processes that a supervisor found and did not know; they leave, whatever else sits in their slots. */
  readonly strays = new Set<number>();
  readonly #crashes = new Map<number, number>();
  readonly spawnsAt: { at: number; slot: number }[] = [];
  weights: readonly number[] = [];
  weather: Weather = calm;
  now = 0;
  readonly agenda = new Agenda();
  readonly #dice: Dice;
  readonly #config: () => ProgramConfig;
  #tuples = 0;

  constructor(dice: Dice, config: () => ProgramConfig) {
    this.#dice = dice;
    this.#config = config;
  }

  /** When the next thing happens by itself. */
  get next(): number {
    return this.agenda.next;
  }

  /** It happens; answers what the core hears of it, which is nothing when it is about a process that is gone. */
  happen(): FleetEvent | undefined {
    const { event, act } = this.agenda.take() ?? {};
    if (event === undefined) return undefined;
    const dead = 'worker' in event && !this.alive.has(event.worker);
    if (event.is === 'exited' && act !== undefined && dead) return undefined;
    act?.();
    const heard = event.is === 'exited' || event.is === 'spawnFailed' || event.is === 'probed' || !dead;
    return heard ? event : undefined;
  }

  obey(effects: readonly FleetEffect[]): void {
    for (const effect of effects) this.#do(effect);
  }

  /** A process dies; the event follows. */
  crash(worker: number, code: number | undefined): void {
    const slot = this.alive.get(worker)?.slot ?? -1;
    if (!this.alive.delete(worker)) return;
    this.#crashes.set(slot, (this.#crashes.get(slot) ?? 0) + 1);
    const exit = code === undefined ? { code, signal: 'SIGKILL' } : { code, signal: undefined };
    this.#in(this.#dice.below(5), { is: 'exited', worker, exit });
  }

  /** Clients connect and finish handshakes; workers accept. */
  traffic(): void {
    const open = this.sockets.filter((slot) => (this.weights[slot] ?? 0) > 0);
    const targets = open.length > 0 ? open : this.sockets;
    if (targets.length > 0) this.halfOpen.set(`client:${(this.#tuples += 1)}`, this.#dice.pick(targets));
    for (const [tuple, slot] of this.halfOpen) {
      if (!this.#dice.chance(0.5)) continue;
      this.halfOpen.delete(tuple);
      this.queue.set(slot, (this.queue.get(slot) ?? 0) + 1);
    }
    for (const process of this.alive.values()) {
      if (this.isStalled(process) || !process.accepting) continue;
      this.queue.set(process.slot, 0);
      const until = this.now + this.#dice.pick([300, 3_000, 20_000, Number.POSITIVE_INFINITY]);
      if (this.#dice.chance(this.weather.stalls)) process.stall = this.#stallUntil(until, process.stall);
    }
  }

  #stallUntil(until: number, last: Stall | undefined): Stall {
    const unseen = last !== undefined && this.now - last.until < betweenLooksMs;
    return { since: this.now, until, seemsSince: unseen ? last.seemsSince : this.now };
  }

  /** Trouble ends, also the stalls that would have lasted: who is silent for ever fails whenever it is noticed. */
  calmDown(): void {
    this.weather = calm;
    for (const process of this.alive.values()) process.stall = undefined;
  }

  isStalled({ stall }: FakeProcess): boolean {
    return stall !== undefined && this.now < stall.until;
  }

  #do(effect: FleetEffect): void {
    const dice = this.#dice;
    switch (effect.do) {
      case 'listen':
        for (const slot of effect.slots) {
          if (this.sockets.includes(slot)) this.violations.push(`slot ${slot} listens twice`);
          if (slot === 0 && this.alive.size > 0) this.violations.push('a worker still holds the old sockets');
          if (slot !== this.sockets.length) this.violations.push(`slot ${slot} listens out of order`);
          this.sockets.push(slot);
        }
        return;
      case 'unlisten':
        if (effect.slots.length < this.sockets.length) this.#checkEmptied(effect.slots);
        for (const slot of effect.slots.toReversed()) this.#close(slot);
        return;
      case 'steer':
        this.weights = effect.weights;
        return;
      case 'spawn':
        return this.#spawn(effect.slot, effect.worker, effect.generation);
      case 'drain': {
        const process = this.alive.get(effect.worker);
        if (process === undefined) return;
        if (this.isStalled(process)) return;
        process.accepting = false;
        if (!dice.chance(this.weather.ignoresDrain))
          this.#in(dice.below(400), { is: 'drained', worker: effect.worker });
        return;
      }
      case 'terminate':
        if (!dice.chance(this.isDeaf(effect.worker) ? 0.5 : this.weather.ignoresSignal))
          this.#exit(effect.worker, dice.below(300), 0);
        return;
      case 'kill':
        return this.#exit(effect.worker, 1 + dice.below(5), undefined);
      case 'sweep':
        if (this.alive.has(effect.worker)) this.violations.push(`swept worker ${effect.worker} while it lives`);
        return;
      case 'ask':
        return;
      case 'verify':
        return this.#in(dice.below(30), { is: 'verified', verdict: dice.pick(verdicts) });
      case 'measure':
        return this.#in(0, { is: 'measured', readings: effect.slots.map((look) => this.#reading(look)) });
      case 'diagnose':
        return this.#diagnose(effect.worker);
      case 'probe':
        return this.#probe(effect.worker);
      case 'look':
        return this.#look(effect.slot);
      case 'flush':
        this.queue.set(effect.slot, 0);
        return;
      case 'announce':
        this.facts.push(effect.fact);
        return;
      case 'restoreBacklog':
        return;
    }
  }

  #spawn(slot: number, worker: number, generation: number): void {
    const dice = this.#dice;
    this.spawnsAt.push({ at: this.now, slot });
    if (!this.sockets.includes(slot)) this.violations.push(`worker ${worker} starts in slot ${slot} without a socket`);
    if (dice.chance(this.weather.spawnFails)) return this.#in(0, { is: 'spawnFailed', worker, why: 'EAGAIN' });
    const process: FakeProcess = { worker, slot, generation, accepting: false, attached: false, stall: undefined };
    this.alive.set(worker, process);
    this.#in(0, { is: 'spawned', worker, pid: 1000 + worker });
    if (dice.chance(this.weather.diesAtBoot)) return this.#exit(worker, dice.below(500), 1);
    if (dice.chance(this.weather.neverReady)) return;
    // A program that announces itself over the channel has one.
    const attached = this.#config().readiness.type === 'message' || !dice.chance(this.weather.noChannel);
    if (attached)
      this.#in(dice.below(30), { is: 'attached', worker }, () => {
        process.attached = true;
      });
    const open = (): void => {
      process.accepting = true;
    };
    const boot = 30 + dice.below(400);
    if (!attached) return this.#in(boot, { is: 'tick' }, open);
    for (const { port } of this.#config().listen)
      this.#in(boot, { is: 'listening', worker, port, adopted: true }, open);
    this.#in(boot + 1, { is: 'saidReady', worker });
  }

  #probe(worker: number): void {
    const passed = this.alive.get(worker)?.accepting === true && this.#dice.chance(0.9);
    this.#in(this.#dice.below(50), { is: 'probed', worker, passed, why: 'nobody accepted' });
  }

  /** What a worker's silence is told by: the beats of one that moves are young, and it empties its queue. */
  #reading({ slot, worker }: Look): Reading {
    const process = this.alive.get(worker);
    const stalled = process !== undefined && this.isStalled(process);
    if (process?.accepting === true && !stalled) this.queue.set(slot, 0);
    const kernel = { slot, worker, queue: this.queue.get(slot) ?? 0, backlog: 511, drops: 0 };
    if (process?.attached !== true) return kernel;
    const beatAgeMs = stalled ? this.now - (process.stall?.since ?? 0) : this.#dice.below(60);
    const open = this.#dice.below(50);
    const total = open + worker;
    const dealt = this.sockets.length % 2 === 0 ? { dealt: total + slot } : {};
    return { ...kernel, ...dealt, open, total, inFlight: 0, lagMs: this.#dice.below(100), elu: 0.5, beatAgeMs };
  }

  #diagnose(worker: number): void {
    const process = this.alive.get(worker);
    const { hungAfter } = this.#config().health;
    if (process !== undefined) {
      const forMs = process.stall === undefined ? 0 : this.now - process.stall.seemsSince;
      if (hungAfter === 'never' || !this.isStalled(process) || forMs + betweenLooksMs < hungAfter)
        this.violations.push(`worker ${worker} is given up after ${forMs} ms`);
    }
    // It may be lost: a wait with a deadline.
    if (this.#dice.chance(0.8)) this.#in(this.#dice.below(300), { is: 'diagnosed', worker, diagnosis: 'it waits' });
  }

  isDeaf(worker: number): boolean {
    const process = this.alive.get(worker);
    return process !== undefined && this.isStalled(process);
  }

  #look(slot: number): void {
    const queue = this.queue.get(slot) ?? 0;
    const halfOpen = [...this.halfOpen.keys()];
    this.#in(0, { is: 'looked', slot, queue, halfOpen });
  }

  /** A scale-down begins: what waits in the sockets of these slots, now or later, is to be served before they close. */
  owe(slots: readonly number[]): void {
    this.owed.clear();
    this.#crashes.clear();
    for (const slot of slots) this.owed.set(slot, this.facts.length);
  }

  /** The real close of a scale-down resets what waits there: only after the slot was emptied, or trouble ran its course. */
  #checkEmptied(slots: readonly number[]): void {
    for (const slot of slots) {
      const since = this.owed.get(slot);
      const waiting =
        (this.queue.get(slot) ?? 0) + [...this.halfOpen.values()].filter((target) => target === slot).length;
      if (waiting === 0 || since === undefined) continue;
      const excused = this.facts
        .slice(since)
        .some((fact) => (fact.event === 'overdue' || fact.event === 'failed') && fact.slot === slot);
      const crashes = this.#crashes.get(slot) ?? 0;
      if (!excused && crashes <= this.#config().startRetries)
        this.violations.push(`slot ${slot} closed on ${waiting} connections`);
    }
  }

  #close(slot: number): void {
    if (this.sockets.at(-1) !== slot) this.violations.push(`slot ${slot} closes, which renumbers the group`);
    this.sockets.splice(this.sockets.indexOf(slot), 1);
    this.queue.delete(slot);
    for (const [tuple, target] of this.halfOpen) if (target === slot) this.halfOpen.delete(tuple);
  }

  #exit(worker: number, afterMs: number, code: number | undefined): void {
    const exit = code === undefined ? { code, signal: 'SIGKILL' } : { code, signal: undefined };
    const process = this.alive.get(worker);
    this.#in(afterMs, { is: 'exited', worker, exit }, () => {
      if (process !== undefined) this.alive.delete(process.worker);
    });
  }

  #in(ms: number, event: FleetEvent, act?: () => void): void {
    this.agenda.add(this.now + ms, event, act);
  }
}

/** A slot in doubt is looked at four times a second, whatever the interval. */
const betweenLooksMs = 300;

const verdicts: readonly Verdict[] = [{ is: 'right' }, { is: 'unclear' }, { is: 'wrong', why: 'a dice said so' }];
