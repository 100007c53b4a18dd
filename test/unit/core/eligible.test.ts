import { expect, test } from 'vitest';
import type { Health } from '../../../src/core/health.ts';
import { rebuild, restore } from '../../../src/core/restore.ts';
import { eligible } from '../../../src/core/weights.ts';

const well: Health = { is: 'well', worker: 1, queue: 0 };
const suspected = (since: number): Health => ({ is: 'suspected', worker: 1, queue: 1, since });
const stalled: Health = { is: 'stalled', worker: 1, queue: 1, from: 0, since: 0, movingSince: undefined };

/** Slots that may get connections, of a fleet that serves in all and was looked at at 100 ms. */
function among(...health: readonly Health[]): readonly number[] {
  const found = health.map((_, slot) => ({ slot, generation: 1, pid: 1_000 + slot, attached: true }));
  const fleet = restore(rebuild(found, health.length, 0), 0);
  return eligible({ ...fleet, health, measuredAt: 100 });
}

test('one that has been silent for two looks is avoided before the verdict', () => {
  expect(among(well, suspected(60), well, well)).toEqual([0, 2, 3]);
  expect(among(suspected(60), well)).toEqual([1]);
});

test('one look proves nothing', () => {
  expect(among(well, suspected(80), well, well)).toEqual([0, 1, 2, 3]);
});

test('when most are silent it is the machine that is slow, and nobody is avoided for a suspicion', () => {
  expect(among(suspected(60), suspected(60), suspected(60), well)).toEqual([0, 1, 2, 3]);
  expect(among(suspected(60), suspected(60))).toEqual([0, 1]);
});

test('who is stalled is avoided as long as anybody is not', () => {
  expect(among(stalled, suspected(60), stalled, stalled)).toEqual([1]);
  expect(among(stalled, stalled)).toEqual([0, 1]);
});
