import { expect, test } from 'vitest';
import type { ProgramConfig } from '../../../src/config/schema.ts';
import { nextDeadline } from '../../../src/core/deadlines.ts';
import type { FleetEffect } from '../../../src/core/effects.ts';
import type { FleetEvent } from '../../../src/core/events.ts';
import { type Fleet, newFleet, stepFleet } from '../../../src/core/fleet.ts';
import type { Reading } from '../../../src/core/reading.ts';
import { sharesOf } from '../../../src/core/weights.ts';
import { load } from '../config/load-text.ts';

/** When a fleet is looked at, and what becomes of what is seen. */

function program(options = ''): ProgramConfig {
  const [web] = load(
    `programs: { web: { command: node a.js, listen: [{ port: 80 }], workers: 3, ${options} } }`,
  ).programs;
  if (web === undefined) throw new Error('no program');
  return web;
}

class Trial {
  fleet: Fleet;
  effects: readonly FleetEffect[] = [];
  readonly #config: ProgramConfig;

  constructor(config: ProgramConfig) {
    this.#config = config;
    this.fleet = newFleet(config.workers);
    this.push(0, { is: 'start', slots: this.fleet.slots.map(({ index }) => index) });
    for (const { index } of this.fleet.slots) {
      const worker = index + 1;
      this.push(0, { is: 'spawned', worker, pid: 100 + worker });
      this.push(0, { is: 'attached', worker });
      for (const { port } of config.listen) this.push(0, { is: 'listening', worker, port, adopted: true });
    }
  }

  push(now: number, event: FleetEvent): readonly FleetEffect[] {
    [this.fleet, ...this.effects] = stepFleet(this.fleet, event, now, this.#config);
    return this.effects;
  }

  /** Looks, and sees this. Answers when it looked. */
  look(see: (slot: number) => Partial<Reading>): number {
    const now = nextDeadline(this.fleet);
    const [measure] = this.push(now, { is: 'tick' }).filter((effect) => effect.do === 'measure');
    if (measure === undefined) throw new Error(`no look at ${now}`);
    const well = { open: 0, total: 0, queue: 0, backlog: 511, drops: 0, beatAgeMs: 10 };
    this.push(now, {
      is: 'measured',
      readings: measure.slots.map(({ slot, worker }) => ({ slot, worker, ...well, ...see(slot) })),
    });
    return now;
  }
}

const nothing = (): Partial<Reading> => ({});
const news = (): Partial<Reading> => ({ open: 1, total: 1 });
const crowded = (slot: number): Partial<Reading> => ({ open: slot === 1 ? 90 : 3, total: 90 });
const frozen = (slot: number, beatAt: number, now: number): Partial<Reading> =>
  slot === 1 ? { queue: 5, beatAgeMs: now - beatAt } : {};

test('a program that runs is looked at each interval, all its slots at once', () => {
  const trial = new Trial(program('balance: { interval: 250ms }'));
  expect([1, 2, 3].map(() => trial.look(nothing))).toEqual([0, 250, 500]);
});

test('many slots are looked at less often, since a look at them takes longer', () => {
  const trial = new Trial({ ...program(), workers: 128 });
  expect([1, 2, 3].map(() => trial.look(nothing))).toEqual([0, 192, 384]);
});

test('news of connections are looked at within 20 ms of the last look, but not more often', () => {
  const trial = new Trial(program());
  expect(trial.look(nothing)).toBe(0);
  trial.push(5, { is: 'counted' });
  expect(trial.look(nothing)).toBe(20);
  trial.push(60, { is: 'counted' });
  expect(trial.look(nothing)).toBe(60);
  expect(trial.look(nothing)).toBe(160);
});

test('what cannot be steered is looked at each second, for a sign of life', () => {
  for (const options of ['workers: 1', 'bind: worker']) {
    const text = options === 'workers: 1' ? program() : program(options);
    const trial = new Trial({ ...text, workers: options === 'workers: 1' ? 1 : 3 });
    expect([1, 2].map(() => trial.look(nothing))).toEqual([0, 1_000]);
    trial.push(1_100, { is: 'counted' });
    expect(nextDeadline(trial.fleet)).toBe(2_000);
  }
});

test('where nobody is told of weights, none are made of the counts', () => {
  for (const [options, even] of [
    ['', false],
    ['bind: worker', true],
    ['steering: off', true],
  ] as const) {
    const trial = new Trial(program(options));
    for (let looks = 0; looks < 3; looks += 1) trial.look(crowded);
    expect(
      sharesOf(trial.fleet).every((share) => share === 1 / 3),
      options,
    ).toBe(even);
  }
});

test('a stalled slot is asked, gets nothing, and gets its part back when it moves again', () => {
  const trial = new Trial(program());
  trial.look(nothing);
  expect(trial.look((slot) => frozen(slot, 0, 100))).toBe(100);
  expect(trial.effects).toContainEqual({ do: 'ask', worker: 2 });
  expect(trial.look((slot) => frozen(slot, 0, 135))).toBe(135);
  expect(trial.fleet.steering?.weights.map((weight) => weight > 0)).toEqual([true, false, true]);
  expect(trial.look((slot) => frozen(slot, 0, 180))).toBe(180);
  expect(trial.fleet.steering?.weights.map((weight) => weight > 0)).toEqual([true, false, true]);
  expect(trial.effects).toContainEqual(
    expect.objectContaining({ do: 'announce', fact: expect.objectContaining({ event: 'stalled', slot: 1 }) }),
  );
  for (let looks = 0; looks < 4; looks += 1) trial.look(nothing);
  expect(trial.fleet.steering?.weights.every((weight) => weight > 0)).toBe(true);
});

test('one that serves again is told of with the whole time in which it did not', () => {
  const trial = new Trial(program());
  trial.look(nothing);
  while (trial.look((slot) => frozen(slot, 0, 5_000)) < 5_000);
  const movingSince = trial.look(nothing);
  while (trial.fleet.health[1]?.is === 'stalled') trial.look(nothing);
  const stalledMs = movingSince - 100;
  expect(trial.effects).toContainEqual(
    expect.objectContaining({ fact: { event: 'recovered', slot: 1, worker: 2, stalledMs } }),
  );
});

test('when all are stalled none is steered away from', () => {
  const trial = new Trial(program());
  trial.look(nothing);
  for (let looks = 0; looks < 4; looks += 1) trial.look(() => ({ queue: 5, beatAgeMs: 3_000 }));
  expect(trial.fleet.health.map((health) => health?.is)).toEqual(['stalled', 'stalled', 'stalled']);
  expect(trial.fleet.steering?.weights).toEqual([1_000, 1_000, 1_000]);
});

test('a hung worker is looked at, then terminated without a drain, and counts as a failure', () => {
  const trial = new Trial(program('health: { hungAfter: 1s }'));
  let now = trial.look(nothing);
  while (!trial.effects.some((effect) => effect.do === 'diagnose') && now < 5_000)
    now = trial.look((slot) => (slot === 1 ? { queue: 5, beatAgeMs: 1e6 } : {}));
  expect(now).toBeLessThan(1_500);
  expect(trial.fleet.slots[1]?.seat.is).toBe('RUNNING');
  trial.push(now + 100, { is: 'diagnosed', worker: 2, diagnosis: 'it waits' });
  expect(trial.effects).toContainEqual({ do: 'terminate', worker: 2 });
  expect(trial.effects.some((effect) => effect.do === 'drain')).toBe(false);
  expect(trial.fleet.slots[1]?.seat).toMatchObject({ is: 'STOPPING', after: 'BACKOFF' });
  trial.push(now + 200, { is: 'exited', worker: 2, exit: { code: undefined, signal: 'SIGTERM' } });
  expect(trial.fleet.slots[1]).toMatchObject({ failures: 1, seat: { is: 'BACKOFF' } });
  expect(trial.fleet.slots[1]?.lastHung?.why).toMatch(/^hung for 1\.\d s: it waits$/);
});

test('a diagnosis that does not come in time is done without', () => {
  const trial = new Trial(program('health: { hungAfter: 1s }'));
  let now = trial.look(nothing);
  while (!trial.effects.some((effect) => effect.do === 'diagnose'))
    now = trial.look((slot) => (slot === 1 ? { queue: 5, beatAgeMs: 1e6 } : {}));
  trial.push(now + 2_000, { is: 'tick' });
  expect(trial.fleet.slots[1]?.lastHung?.why).toContain('nobody could look at it');
});

test('a change of policy is in force at the next look', () => {
  const trial = new Trial(program());
  trial.look(nothing);
  const [fleet, ...effects] = stepFleet(trial.fleet, { is: 'tick' }, 50, program('balance: { policy: cpu }'));
  expect(effects).toContainEqual({
    do: 'steer',
    mechanisms: ['ebpf', 'cbpf'],
    weights: [1_000, 1_000, 1_000],
    by: 'cpu',
  });
  expect(fleet.steering?.by).toBe('cpu');
});

test('when nobody has come for two seconds the looks are five times rarer, until a beat tells of somebody', () => {
  const trial = new Trial(program());
  let now = 0;
  while (now < 2_000) now = trial.look(nothing);
  expect([1, 2, 3].map(() => trial.look(nothing) - now)).toEqual([500, 1_000, 1_500]);
  trial.push(3_600, { is: 'counted' });
  expect([1, 2, 3].map(() => trial.look(news))).toEqual([3_600, 3_700, 3_800]);
});

test('a beat that tells of somebody ends the quiet time also where counts decide nothing, but no look comes earlier', () => {
  for (const policy of ['cpu', 'hash']) {
    const trial = new Trial(program(`balance: { policy: ${policy} }`));
    let now = 0;
    while (now < 2_000) now = trial.look(nothing);
    trial.push(2_020, { is: 'counted' });
    expect(trial.look(news), policy).toBe(2_100);
    trial.push(2_110, { is: 'counted' });
    expect(trial.look(news), policy).toBe(2_200);
  }
});

test('a program that does not count is never taken for idle', () => {
  const trial = new Trial(program());
  const bare = { open: undefined, total: undefined, beatAgeMs: undefined };
  let now = 0;
  // @ts-expect-error -- absent, which a spread cannot say
  while (now < 5_000) now = trial.look(() => bare);
  expect(trial.look(nothing) - now).toBe(100);
});
