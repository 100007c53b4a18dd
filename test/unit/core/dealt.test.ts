import { describe, expect, test } from 'vitest';
import { type Dealt, noteDealt, onTheWay } from '../../../src/core/dealt.ts';
import type { Reading } from '../../../src/core/reading.ts';
import { openAll } from './balance-world.ts';

/** [now, dealt, total, queue, worker] of each look; answers what was on its way at each. */
function seen(
  looks: readonly (readonly [number, number | undefined, number | undefined, number?, number?])[],
): readonly number[] {
  let known: Dealt | undefined;
  return looks.map(([now, dealt, total, queue = 0, worker = 1]) => {
    const told = total === undefined ? {} : { open: 0, total };
    const kernel = { queue, backlog: 511, drops: 0, ...(dealt === undefined ? {} : { dealt }) };
    const reading: Reading = { slot: 0, worker, ...kernel, ...told };
    known = noteDealt(known, reading, now);
    return onTheWay(known) ?? Number.NaN;
  });
}

describe('what was dealt and is not told of yet', () => {
  test('is on its way, whatever the two counts began with', () => {
    expect(
      seen([
        [0, 500, 900],
        [20, 510, 900],
        [40, 530, 910],
        [60, 530, 930],
      ]),
    ).toEqual([0, 10, 20, 0]);
  });

  test('at the first look is what was dealt at all and is not told of, or who waits', () => {
    expect(
      seen([
        [0, 12, 7],
        [20, 12, 12],
      ]),
    ).toEqual([5, 0]);
    expect(
      seen([
        [0, 5, 4_000, 3],
        [20, 5, 4_005],
      ]),
    ).toEqual([3, 0]);
  });

  test('counts from when the worker was first seen, however late its first count comes', () => {
    expect(
      seen([
        [0, 1, undefined],
        [20, 35, undefined],
        [40, 51, 24],
        [60, 51, 51],
      ]),
    ).toEqual([Number.NaN, Number.NaN, 27, 0]);
  });

  test('of a worker in the place of another is what was dealt since the last look', () => {
    expect(
      seen([
        [0, 500, 500],
        [20, 510, 8, 0, 2],
        [40, 510, 10, 0, 2],
      ]),
    ).toEqual([0, 2, 0]);
    expect(
      seen([
        [0, 500, 500],
        [20, 510, 400, 2, 2],
      ]),
    ).toEqual([0, 2]);
  });

  test('and never arrives is forgotten in two seconds, and nothing else with it', () => {
    const flood = [0, 500, 1_000, 1_500, 2_000, 2_500].map((now) => [now, 900 + (now > 0 ? 100 : 0), 900] as const);
    expect(seen([...flood, [2_600, 1_005, 900]]).slice(1)).toEqual([100, 100, 100, 0, 0, 5]);
  });

  test('begins anew with another program in the kernel, or none', () => {
    expect(
      seen([
        [0, 500, 900],
        [20, 510, 900],
        [40, 0, 910],
        [60, 4, 910],
      ]),
    ).toEqual([0, 10, 0, 4]);
    expect(
      seen([
        [0, 500, 900],
        [20, undefined, 900],
        [40, 10, 900],
      ]),
    ).toEqual([0, Number.NaN, 0]);
  });
});

test.each([4, 8])('what comes all at once, or slowly, is even over %i slots that are dealt to', (slots) => {
  for (const connections of [16, 64, 256, 2_000])
    for (const overMs of [0, 50, 200, 1_000, 5_000])
      for (const seed of [1, 2, 3]) {
        const { ratio } = openAll({ seed, slots, connections, overMs, counts: 'beats', takes: 2, deals: true });
        expect(ratio).toBe(1);
      }
});
