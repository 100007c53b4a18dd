import type { ProgramConfig } from '../../src/config/schema.ts';
import { nextDeadline } from '../../src/core/deadlines.ts';
import type { FleetEffect } from '../../src/core/effects.ts';
import type { FleetEvent } from '../../src/core/events.ts';
import { type Fleet, newFleet, stepFleet } from '../../src/core/fleet.ts';
import { restore, type SavedFleet, snapshot } from '../../src/core/restore.ts';
import { isVacant } from '../../src/core/seat.ts';
import { willServe } from '../../src/core/weights.ts';
import { Dice } from './dice.ts';
import { checkForks, checkSettled, checkStep } from './invariants.ts';
import { calm, randomWeather } from './weather.ts';
import { loseSupervisor } from './succession.ts';
import { World } from './world.ts';

/** One seeded history of a fleet: random operators, random trouble, then calm; invariants are checked after every step. */
export class History {
  readonly world: World;
  readonly trace: string[] = [];
  fleet: Fleet;
  config: ProgramConfig;
  steps = 0;
  readonly #dice: Dice;
  readonly #keepTrace: boolean;

  constructor(seed: number, keepTrace = false) {
    this.#dice = new Dice(seed);
    this.#keepTrace = keepTrace;
    this.config = randomConfig(this.#dice);
    this.fleet = newFleet(this.config.workers);
    this.#before = this.fleet;
    this.world = new World(this.#dice, () => this.config);
  }

  /** Throws with what went wrong; the caller adds the seed. */
  run(): void {
    const { world } = this;
    this.#push({ is: 'start', slots: this.#all() });
    world.weather = randomWeather(this.#dice);
    for (let round = 4 + this.#dice.below(12); round > 0; round -= 1) {
      this.#trouble();
      this.#advance(this.#dice.pick([5, 40, 300, 3_000, 40_000]));
    }
    world.calmDown();
    this.#advance(90_000);
    checkForks(world, this.config);
    this.#push({ is: 'start', slots: this.#all() });
    this.#advance(90_000);
    checkSettled(this.fleet, world, 'RUNNING', this.config);
    this.#push({ is: 'stop', slots: this.#all() });
    this.#advance(90_000);
    checkSettled(this.fleet, world, 'STOPPED', this.config);
    if (world.alive.size > 0) throw new Error(`left behind: workers ${[...world.alive.keys()].join()}`);
    if (world.sockets.length > 0) throw new Error(`left open: sockets ${world.sockets.join()}`);
  }

  #trouble(): void {
    const { fleet, world } = this;
    const dice = this.#dice;
    const some = dice.chance(0.3) ? this.#all() : [dice.below(fleet.slots.length)];
    switch (dice.below(10)) {
      case 0:
        return this.#push({ is: 'start', slots: some });
      case 1:
        return this.#push({ is: 'stop', slots: some });
      case 2:
        if (fleet.roll === undefined) this.#push({ is: 'restart', slots: some });
        return;
      case 3:
      case 4:
        if (fleet.roll === undefined) this.#push({ is: 'roll', generation: fleet.latest + 1 });
        return;
      case 5:
        if (fleet.roll === undefined) this.#push({ is: 'scale', to: 1 + dice.below(6) });
        return;
      case 6:
      case 7: {
        const victims = [...world.alive.keys()];
        if (victims.length > 0) world.crash(dice.pick(victims), dice.chance(0.5) ? undefined : dice.below(2));
        return;
      }
      case 8:
        return this.#loseSupervisor();
      default:
        world.weather = dice.chance(0.5) ? calm : randomWeather(dice);
    }
  }

  /** Its state comes from the file, which may be one decision old. */
  #loseSupervisor(): void {
    const { world } = this;
    const stale = this.#dice.chance(0.3);
    // Nobody could owe what was forgotten.
    if (stale) world.owed.clear();
    const text = JSON.stringify(snapshot(stale ? this.#before : this.fleet));
    const saved: SavedFleet = JSON.parse(text);
    const [fleet, ...events] = loseSupervisor(world, restore(saved, world.now), this.config, this.#dice);
    this.fleet = fleet;
    if (this.#keepTrace) this.trace.push(`${world.now} THE SUPERVISOR DIES${stale ? ' before it could write' : ''}`);
    // Until all of them are told, the fleet knows a part of the world.
    for (const event of events) this.#push(event, false);
    this.#push({ is: 'tick' });
  }

  #before: Fleet;

  /** Lets `ms` pass: events in order, ticks when the fleet asked for them. */
  #advance(ms: number): void {
    const { world } = this;
    const until = world.now + ms;
    for (let guard = 0; guard < 20_000; guard += 1) {
      const due = nextDeadline(this.fleet);
      const next = world.next;
      const at = Math.max(world.now, Math.min(due, next));
      if (at > until) break;
      // A tick asked for in the past that changes nothing would spin for ever.
      if (due <= world.now && next > world.now) this.#spins += 1;
      else this.#spins = 0;
      if (this.#spins > 50) throw new Error(`asks for ticks at ${due}, now is ${world.now}`);
      world.now = at;
      if (this.#dice.chance(0.3)) world.traffic();
      const event: FleetEvent | undefined = next <= due ? world.happen() : { is: 'tick' };
      if (event !== undefined) this.#push(event);
    }
    world.now = Math.max(world.now, until);
  }

  #spins = 0;

  #push(event: FleetEvent, check = true): void {
    const before = this.fleet;
    const [after, ...effects] = stepFleet(before, event, this.world.now, this.config);
    this.fleet = after;
    this.#before = before;
    this.steps += 1;
    if (this.#keepTrace && effects.some((effect) => effect.do !== 'flush'))
      this.trace.push(describe(this.world.now, event, after, effects));
    if (event.is === 'scale') this.world.owe(owedBy(before, event.to));
    if (event.is === 'stop') for (const slot of event.slots) this.world.owed.delete(slot);
    // With nobody left who stays and serves, the program is stopping: what waits is refused.
    if (!after.slots.slice(0, after.wanted).some(willServe)) this.world.owed.clear();
    this.world.obey(effects);
    if (check) checkStep(before, after, event, this.world, this.config);
  }

  #all(): readonly number[] {
    return this.fleet.slots.map(({ index }) => index);
  }
}

/** Slots above `to` in which connections may wait, while others go on serving. */
function owedBy({ slots, wanted }: Fleet, to: number): readonly number[] {
  const serving = slots.filter(
    ({ seat }) =>
      seat.is === 'RUNNING' ||
      seat.is === 'STARTING' ||
      seat.is === 'BACKOFF' ||
      (seat.is === 'STOPPING' && seat.after !== 'STOPPED'),
  );
  const staying = serving.some(({ index }) => index < Math.min(to, wanted));
  return staying ? serving.map(({ index }) => index).filter((index) => index >= to && index < wanted) : [];
}

function describe(now: number, event: FleetEvent, fleet: Fleet, effects: readonly FleetEffect[]): string {
  const slots = fleet.slots.map(
    (slot) =>
      `${slot.seat.is}${isVacant(slot) ? '' : '*'}${slot.leaving.map(({ departure }) => `-${departure.is}`).join('')}`,
  );
  const done = effects.map((effect) => JSON.stringify(effect)).join(' ');
  return `${now} ${JSON.stringify(event)} → ${slots.join(' ')}\n      ${done}`;
}

function randomConfig(dice: Dice): ProgramConfig {
  const surge = dice.chance(0.7);
  const readiness = dice.pick(['listening', 'listening', 'message', 'http'] as const);
  return {
    name: 'web',
    command: ['node', 'server.js'],
    directory: '/',
    environment: {},
    rlimits: {},
    stdin: 'pipe',
    workers: 1 + dice.below(5),
    listen: readiness === 'message' && dice.chance(0.5) ? [] : [{ name: 'http', host: '::', port: 8080, backlog: 511 }],
    bind: 'slot',
    autostart: true,
    autorestart: dice.pick([true, true, 'unexpected', false] as const),
    exitCodes: [0],
    startRetries: dice.below(6),
    backoff: { initial: 100, max: 30_000, factor: 2, jitter: 0.2, resetAfter: 10_000 },
    readiness: { type: readiness, path: '/', timeout: 5_000 },
    stop: {
      signal: 'SIGTERM',
      drainTimeout: 3_000,
      idleTimeout: 1_000,
      killTimeout: 2_000,
      group: false,
      killGroup: true,
    },
    roll: {
      maxSurge: surge ? 1 + dice.below(2) : 0,
      maxUnavailable: surge ? 0 : 1 + dice.below(2),
      minReady: dice.pick([0, 0, 500, 2_000]),
      pause: dice.pick([0, 0, 1_000]),
      onFailure: dice.pick(['abort', 'rollback'] as const),
    },
    steering: 'auto',
    balance: {
      policy: dice.pick(['connections', 'connections', 'load', 'cpu', 'hash'] as const),
      // Looking often makes a history long: a few of them do.
      interval: dice.chance(0.01) ? 100 : 10_000,
      shed: { automatic: false, above: 1.25, perSecond: 0.2 },
    },
    health: { hungAfter: dice.pick([1_000, 5_000, 'never'] as const) },
    logs: {
      stdout: 'auto',
      stderr: 'auto',
      maxSize: 'never',
      keep: 10,
      compress: false,
      maxAge: 'never',
      events: [],
      capture: 'never',
    },
    events: { subscribe: [], buffer: 10 },
    priority: 999,
  };
}
