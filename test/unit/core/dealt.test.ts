import { describe, expect, test } from 'vitest';
import { type Dealt, noteDealt, onTheWay } from '../../../src/core/dealt.ts';
import type { Reading } from '../../../src/core/reading.ts';
import { openAll } from './balance-world.ts';

/** [now, dealt, total, queue, worker] of each look; answers what was on its way at each. */
function seen(looks: readonly (readonly [number, number | undefined, number, number?, number?])[]): readonly number[] {
  let known: Dealt | undefined;
  return looks.map(([now, dealt, total, queue = 0, worker = 1]) => {
    const counts = { open: 0, total, queue, backlog: 511, drops: 0 };
    const reading: Reading = { slot: 0, worker, ...counts, ...(dealt === undefined ? {} : { dealt }) };
    known = noteDealt(known, reading, now);
    return known === undefined ? Number.NaN : onTheWay(known);
  });
}

describe('what was dealt and is not told of yet', () => {
  test('is on its way, whatever the two counts began with', () => {
    expect(
      seen([
        [0, 500, 7],
        [20, 510, 7],
        [40, 530, 17],
        [60, 530, 37],
      ]),
    ).toEqual([0, 10, 20, 0]);
  });

  test('at the first look is who waits', () => {
    expect(
      seen([
        [0, 500, 7, 3],
        [20, 500, 10],
      ]),
    ).toEqual([3, 0]);
    expect(
      seen([
        [0, 500, 0],
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
        [0, 500, 7],
        [20, 510, 7],
        [40, 0, 17],
        [60, 4, 17],
      ]),
    ).toEqual([0, 10, 0, 4]);
    expect(
      seen([
        [0, 500, 7],
        [20, undefined, 7],
        [40, 510, 7],
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
