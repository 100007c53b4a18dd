import { expect, test } from 'vitest';
import { type Health, isHung, stepHealth } from '../../../src/core/health.ts';
import type { Reading } from '../../../src/core/reading.ts';

/** Time, queue, time of the last beat (none: a program without beats). */
type Look = readonly [now: number, queue: number, beatAt?: number];

function reading([now, queue, beatAt]: Look, worker = 1): Reading {
  return {
    slot: 0,
    worker,
    queue,
    backlog: 511,
    drops: 0,
    ...(beatAt === undefined ? {} : { beatAgeMs: now - beatAt }),
  };
}

function after(...looks: readonly Look[]): Health | undefined {
  return looks.reduce<Health | undefined>(
    (health, look) => stepHealth(health, reading(look), false, look[0]),
    undefined,
  );
}

function states(...looks: readonly Look[]): readonly (string | undefined)[] {
  return looks.map((_, at) => after(...looks.slice(0, at + 1))?.is);
}

test('a queue that does not fall and a beat that does not come make a stall, within two looks', () => {
  expect(states([0, 0, -100], [100, 1, -100], [180, 3, -100])).toEqual(['well', 'suspected', 'stalled']);
});

test('a worker that answers when it is asked is only busy', () => {
  expect(states([0, 0, -100], [100, 1, -100], [180, 9, 110])).toEqual(['well', 'suspected', 'well']);
});

test('a worker that empties its queue is not stalled, however old its beat is', () => {
  expect(states([0, 5, -100], [100, 5, -100], [180, 4, -100])).toEqual(['well', 'suspected', 'well']);
  expect(states([0, 0, -300], [100, 0, -300], [200, 0, -300])).toEqual(['well', 'well', 'well']);
});

test('one that has just beaten is not suspected for having a queue', () => {
  expect(states([0, 0, -10], [100, 3, 80], [180, 6, 170])).toEqual(['well', 'well', 'well']);
});

test('a program without beats gets half a second', () => {
  const looks: Look[] = [
    [0, 0],
    [100, 1],
    [300, 1],
    [500, 2],
    [599, 2],
    [600, 2],
  ];
  expect(states(...looks)).toEqual(['well', 'suspected', 'suspected', 'suspected', 'suspected', 'stalled']);
});

test('two missing beats are a stall also when nobody waits', () => {
  expect(after([0, 0, 0], [2_400, 0, 0])?.is).toBe('well');
  expect(after([0, 0, 0], [2_600, 0, 0], [2_700, 0, 0])?.is).toBe('stalled');
});

const stall: readonly Look[] = [
  [0, 0, -100],
  [100, 2, -100],
  [200, 4, -100],
];

test('a stalled worker is well again when it has moved for 200 ms', () => {
  expect(states(...stall, [300, 4, 290], [400, 0, 390], [500, 0, 490]).slice(3)).toEqual([
    'stalled',
    'stalled',
    'well',
  ]);
  expect(states(...stall, [300, 1, -100], [400, 0, -100], [500, 0, -100]).slice(3)).toEqual([
    'stalled',
    'stalled',
    'well',
  ]);
});

test('one sign of life between two blocks does not bring the clients back, but counts as one', () => {
  const health = after(...stall, [2_000, 3, 1_990], [2_300, 3, 1_990], [2_500, 3, 1_990]);
  expect(health?.is).toBe('stalled');
  expect(isHung(health, 2_000, 3_900)).toBe(false);
  expect(isHung(health, 2_000, 4_000)).toBe(true);
});

test('hung is stalled for that long without a sign of life', () => {
  const health = after(...stall);
  expect(isHung(health, 30_000, 30_099)).toBe(false);
  expect(isHung(health, 30_000, 30_100)).toBe(true);
});

test('another worker begins well', () => {
  expect(stepHealth(after(...stall), reading([300, 4, -100], 2), false, 300).is).toBe('well');
});

test('a supervisor that was stopped itself takes nobody for stalled because of that', () => {
  expect(stepHealth(after(...stall), reading([60_000, 4, -100]), true, 60_000).is).toBe('well');
});
