import { describe, expect, test } from 'vitest';
import {
  beginShedding,
  type Crowded,
  crowdedMs,
  isCrowded,
  isEven,
  planShedding,
  type Shedding,
  type ShedReading,
  skewOf,
  stepCrowded,
} from '../../../src/core/shed.ts';
import { type Herd, rebalanceHerd } from '../../harness/client-herd.ts';

const open = (...counts: number[]): ShedReading[] =>
  counts.map((count, slot) => ({ slot, open: count, shedding: 0, shed: 0 }));

const first = (readings: readonly ShedReading[], perSecond = 1) =>
  planShedding(beginShedding(readings, 1_000), readings, perSecond, 1_000);

describe('the skew', () => {
  test.for<[readonly number[], number, boolean]>([
    [[0, 0, 0], 1, true],
    [[5], 1, true],
    [[64, 0, 0, 0], 4, false],
    [[17, 16, 16, 15], 17 / 16, false],
    [[18, 16, 15, 15], 18 / 16, false],
    [[2, 1], 4 / 3, true],
    [[1, 0, 0, 0], 4, true],
    [[2, 0, 0, 0], 4, false],
    [[105, 100, 95, 100], 1.05, true],
    [[106, 100, 94, 100], 1.06, false],
  ])('of %j is %d; it is even: %s', ([counts, skew, even]) => {
    expect(skewOf(open(...counts))).toBeCloseTo(skew, 10);
    expect(isEven(open(...counts))).toBe(even);
  });
});

describe('what each slot is asked for', () => {
  test('nothing when all is even, and that is the end of it', () => {
    expect(first(open(17, 16, 17, 15))).toMatchObject({ is: 'even', give: [] });
    expect(first(open(0, 0))).toMatchObject({ is: 'even', give: [] });
    expect(first(open(9))).toMatchObject({ is: 'even', give: [] });
  });

  test('only those above the mean give, down to the mean, and no faster than their share a second', () => {
    expect(first(open(64, 0, 0, 0), 4).give).toEqual([{ slot: 0, count: 48 }]);
    expect(first(open(64, 0, 0, 0), 0.5).give).toEqual([{ slot: 0, count: 8 }]);
    expect(first(open(40, 24, 0, 0), 0.5).give).toEqual([
      { slot: 0, count: 6 },
      { slot: 1, count: 2 },
    ]);
    expect(first(open(40, 17, 16, 0), 8).give).toEqual([{ slot: 0, count: 21 }]);
  });

  test('those who are on their way out already count as gone', () => {
    const readings = [{ slot: 0, open: 64, shedding: 40, shed: 3 }, ...open(0, 0, 0, 0).slice(1)];
    expect(first(readings, 4).give).toEqual([{ slot: 0, count: 8 }]);
  });

  test('those who have just left are expected back: nobody else is asked in their place', () => {
    const before = beginShedding(open(64, 0, 0, 0), 0);
    const { next } = planShedding(before, open(64, 0, 0, 0), 4, 0);
    const left = [{ slot: 0, open: 20, shedding: 0, shed: 44 }, ...open(0, 1, 1, 1).slice(1)];
    expect(planShedding(next, left, 4, 250).give).toEqual([{ slot: 0, count: 5 }]);
  });

  test('a client that is counted twice for a moment hides nobody who should leave', () => {
    const { next } = first(open(20, 18, 17, 9));
    const twice = planShedding(next, open(20, 18, 17, 13), 1, 1_250);
    const once = planShedding({ ...twice.next, asked: new Map() }, open(17, 17, 17, 13), 1, 1_500);
    expect(once.give.map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test('a small program gives too, only later', () => {
    let plan = first(open(4, 0), 0.2);
    let asked = plan.give.length;
    let looks = 0;
    for (; asked === 0; looks++) {
      plan = planShedding(plan.next, open(4, 0), 0.2, 1_000 + 250 * (looks + 1));
      asked = plan.give.length;
    }
    expect(plan.give).toEqual([{ slot: 0, count: 1 }]);
    expect(looks).toBe(4);
  });

  test('a slot that has not told since it was asked is not asked again before two seconds', () => {
    let plan = first(open(64, 0), 0.5);
    const asked: number[] = [];
    for (let look = 1; look <= 10; look++) {
      plan = planShedding(plan.next, open(64, 0), 0.5, 1_000 + 250 * look);
      if (plan.give.length > 0) asked.push(250 * look);
    }
    expect(asked).toEqual([2_000]);
  });

  test('a second of pause at most is made up for', () => {
    const { next } = first(open(1_000, 0), 0.1);
    const told = [{ slot: 0, open: 1_000, shedding: 25, shed: 0 }, ...open(0, 0).slice(1)];
    expect(planShedding(next, told, 0.1, 61_000).give).toEqual([{ slot: 0, count: 100 }]);
  });
});

describe('the end', () => {
  test('an even look right after an uneven one may be a moment: the next must be even too', () => {
    const { next } = first(open(20, 0));
    const once = planShedding(next, open(10, 10), 1, 1_250);
    expect(once).toMatchObject({ is: 'going', give: [] });
    expect(planShedding(once.next, open(10, 10), 1, 1_500).is).toBe('even');
    const relapsed = planShedding(once.next, open(14, 6), 1, 1_500);
    expect(planShedding(relapsed.next, open(10, 10), 1, 1_750).is).toBe('going');
  });

  test('nothing has moved for eight seconds: it is over, uneven as it is', () => {
    let plan = first(open(20, 0));
    let now = 1_000;
    for (; plan.is === 'going'; now += 250) plan = planShedding(plan.next, open(20, 0), 1, now);
    expect(plan).toMatchObject({ is: 'still', give: [] });
    expect(now).toBe(9_250);
  });
});

describe('clients that come back by weight', () => {
  const herds: readonly (Herd & { readonly withinMs: number })[] = [
    { clients: 64, slots: 4, thinkMs: 20, returns: 'emptiest', withinMs: 6_000 },
    { clients: 64, slots: 4, thinkMs: 1_000, returns: 'emptiest', withinMs: 8_000 },
    { clients: 64, slots: 8, thinkMs: 100, returns: 'emptiest', withinMs: 8_000 },
    { clients: 2_000, slots: 4, thinkMs: 500, returns: 'emptiest', withinMs: 7_000 },
    { clients: 5, slots: 3, thinkMs: 100, returns: 'emptiest', withinMs: 15_000 },
    { clients: 64, slots: 4, thinkMs: 100, returns: 'anywhere', withinMs: 25_000 },
    { clients: 2_000, slots: 8, thinkMs: 100, returns: 'anywhere', withinMs: 15_000 },
  ];

  test.for(herds)('$clients clients on one of $slots slots, thinking $thinkMs ms, return $returns', (herd) => {
    const seeds = herd.clients > 100 ? 3 : 20;
    for (let seed = 1; seed <= seeds; seed++) {
      const { is, tookMs, skew, left, mostASecond } = rebalanceHerd(herd, 0.2, seed);
      const best = (Math.ceil(herd.clients / herd.slots) * herd.slots) / herd.clients;
      expect({ seed, is }).toEqual({ seed, is: 'even' });
      expect(skew, `seed ${seed}`).toBeLessThanOrEqual(Math.max(1.1, best));
      expect(tookMs, `seed ${seed}`).toBeLessThan(herd.withinMs);
      expect(mostASecond).toBeLessThanOrEqual(0.25 * herd.clients + 2);
      // Nobody is sent round in circles: where they return to the emptiest, few more leave than must.
      const must = herd.clients - Math.ceil(herd.clients / herd.slots);
      if (herd.returns === 'emptiest') expect(left, `seed ${seed}`).toBeLessThanOrEqual(must * 1.1 + 2);
    }
  });

  test('silent clients are waited for, and it ends when nothing moves any more', () => {
    const herd: Herd = { clients: 40, slots: 4, thinkMs: Number.POSITIVE_INFINITY, returns: 'emptiest' };
    expect(rebalanceHerd(herd, 0.2, 1)).toMatchObject({ is: 'still', left: 0, skew: 4 });
  });
});

describe('automatic shedding', () => {
  test('one look is never enough, and one slot must have been crowded all the time', () => {
    expect(isCrowdedAfter([[64, 0]], 60_000)).toBe(false);
    expect(
      isCrowdedAfter(
        [
          [64, 0],
          [64, 0],
        ],
        crowdedMs,
      ),
    ).toBe(true);
    expect(
      isCrowdedAfter(
        [
          [64, 0],
          [64, 0],
        ],
        crowdedMs / 2,
      ),
    ).toBe(false);
    expect(
      isCrowdedAfter(
        [
          [64, 0],
          [32, 32],
          [64, 0],
        ],
        crowdedMs,
      ),
    ).toBe(false);
    expect(
      isCrowdedAfter(
        [
          [64, 0],
          [0, 64],
        ],
        crowdedMs,
      ),
    ).toBe(false);
  });

  test('below the threshold, or as even as can be, is not crowded', () => {
    expect(
      isCrowdedAfter(
        [
          [120, 80],
          [120, 80],
        ],
        crowdedMs,
      ),
    ).toBe(false);
    expect(
      isCrowdedAfter(
        [
          [1, 0, 0],
          [1, 0, 0],
        ],
        crowdedMs,
      ),
    ).toBe(false);
  });
});

test('the state of a rebalance is its own: planning changes nothing that was given', () => {
  const before: Shedding = Object.freeze(beginShedding(open(9, 0), 0));
  const copy = structuredClone(before);
  planShedding(before, open(9, 0), 1, 250);
  expect(before).toEqual(copy);
});

function isCrowdedAfter(history: readonly (readonly number[])[], everyMs: number): boolean {
  let crowded: Crowded = new Map();
  let now = 0;
  for (const counts of history) crowded = stepCrowded(crowded, open(...counts), 1.25, (now += everyMs));
  return isCrowded(crowded, now);
}
