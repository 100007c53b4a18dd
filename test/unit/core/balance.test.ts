import { describe, expect, test } from 'vitest';
import { type Balance, decideBalance, newBalance, sharesAmong, wholeWeight } from '../../../src/core/balance.ts';
import type { Reading } from '../../../src/core/reading.ts';
import { comeAndGo, openAll, type Opening, type Outcome } from './balance-world.ts';

/** The figures of the issue: hash 1.2–2.0 times the mean; steered at most 1.10, and a quarter of the hash's deviation. */
const seeds = Array.from({ length: 60 }, (_, at) => at + 1);

function outcomes(opening: Omit<Opening, 'seed'>): readonly Outcome[] {
  return seeds.map((seed) => openAll({ ...opening, seed }));
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('long-lived connections that are opened gradually', () => {
  const openings = [4, 8].flatMap((slots) =>
    [16, 64, 256, 2_000].flatMap((connections) => [5_000, 10_000].map((overMs) => ({ slots, connections, overMs }))),
  );

  test.each(openings)('$connections over $slots slots in $overMs ms', (opening) => {
    const steered = outcomes({ ...opening, counts: 'beats' });
    const hashed = outcomes({ ...opening, counts: 'beats', steered: false });
    // 64 over 8 slots in 5 s: up to 1.10 there is only 8 everywhere, which chance leaves every other time; 9 in one is 1.125.
    const exact = opening.connections / opening.slots < 10 && opening.overMs < 10_000;
    if (opening.connections >= 64)
      expect(median(steered.map(({ ratio }) => ratio))).toBeLessThanOrEqual(exact ? 1.125 : 1.1);
    expect(mean(steered.map(({ deviation }) => deviation))).toBeLessThanOrEqual(
      0.25 * mean(hashed.map(({ deviation }) => deviation)),
    );
  });

  test.each(openings)('$connections over $slots slots in $overMs ms, every count 100–350 ms old', (opening) => {
    const steered = outcomes({ ...opening, counts: 'stale' });
    const hashed = outcomes({ ...opening, counts: 'stale', steered: false });
    const onePerSlot = opening.slots / opening.connections;
    if (opening.connections >= 64)
      expect(median(steered.map(({ ratio }) => ratio))).toBeLessThanOrEqual(Math.max(1.1, 1 + onePerSlot));
    expect(mean(steered.map(({ deviation }) => deviation))).toBeLessThanOrEqual(
      0.4 * mean(hashed.map(({ deviation }) => deviation)),
    );
  });
});

test.each([4, 8])('what comes all at once over %i slots is spread no worse than by the hash', (slots) => {
  for (const connections of [16, 64, 256, 2_000]) {
    const opening = { slots, connections, overMs: 0, counts: 'beats' } as const;
    const steered = mean(outcomes(opening).map(({ deviation }) => deviation));
    const hashed = mean(outcomes({ ...opening, steered: false }).map(({ deviation }) => deviation));
    expect(steered).toBeLessThanOrEqual(hashed * 1.05);
  }
});

test.each([
  [4, 250, 2_000, 0.6],
  [8, 250, 2_000, 0.6],
  [4, 20, 10_000, 0.25],
  [8, 20, 10_000, 0.3],
])('over %i slots, %i a second that live %i ms deviate by %d of the hash at most', (slots, perSecond, liveMs, part) => {
  const runs = [1, 2].map((seed) => ({ seed, slots, perSecond, liveMs, forMs: 15_000 }));
  const steered = mean(runs.map((coming) => comeAndGo(coming)));
  const hashed = mean(runs.map((coming) => comeAndGo({ ...coming, steered: false })));
  expect(steered).toBeLessThanOrEqual(part * hashed);
});

test('a pool whose first connections wait in queues at the first look is not taken for a trickle', () => {
  // One look saw 2, 2, 3 and nobody waiting: the slot without anybody got all of the rest, and 2.3 times the mean in the end.
  for (const slots of [4, 8]) {
    const opening = { slots, connections: 2_000, overMs: 200, counts: 'beats', takes: 4 } as const;
    expect(Math.max(...outcomes(opening).map(({ ratio }) => ratio))).toBeLessThanOrEqual(1.25);
  }
});

function reading(slot: number, open: number, its: Partial<Reading> = {}): Reading {
  return { slot, worker: slot + 1, open, total: open, queue: 0, backlog: 511, drops: 0, beatAgeMs: 0, ...its };
}

describe('a decision', () => {
  const all = [0, 1, 2, 3];
  const decide = (
    open: readonly number[],
    its: readonly Partial<Reading>[] = [],
    policy: 'connections' | 'load' | 'cpu' = 'connections',
    before: Balance = newBalance(),
    now = 60_000,
  ): Balance =>
    decideBalance(
      before,
      open.map((one, slot) => reading(slot, one, its[slot])),
      all,
      policy,
      now,
    );
  const shares = (balance: Balance): readonly number[] => sharesAmong(balance.weights, all);

  test('equal counts get equal weights', () => {
    expect(decide([5, 5, 5, 5]).weights).toEqual([1_000, 1_000, 1_000, 1_000]);
    expect(decide([0, 0, 0, 0]).weights).toEqual([1_000, 1_000, 1_000, 1_000]);
  });

  test('after a silence a few connections hardly matter: a whole pool may come next', () => {
    for (const share of shares(decide([1, 0, 0, 1]))) expect(share).toBeCloseTo(0.25, 1);
  });

  test('after a few connections too, until eight have come one by one', () => {
    let balance = decide([0, 0, 0, 0], [], 'connections', newBalance(), 60_000);
    balance = decide([1, 1, 1, 0], [], 'connections', balance, 60_100);
    expect(shares(balance)[3]).toBeLessThan(0.35);
    for (let more = 1; more <= 4; more += 1)
      balance = decide([1 + more, 1 + more, 1 + more, 0], [], 'connections', balance, 60_100 + more * 100);
    expect(shares(balance)[3]).toBeGreaterThan(0.9);
  });

  test('a burst makes another one be expected', () => {
    let balance = decide([0, 0, 0, 0], [], 'connections', newBalance(), 60_000);
    for (let more = 1; more <= 10; more += 1)
      balance = decide([more, more, more, more], [], 'connections', balance, 60_000 + more * 100);
    balance = decide([26, 26, 26, 25], [], 'connections', balance, 61_100);
    expect(shares(balance)[3]).toBeLessThan(0.3);
    expect(shares(decide([26, 26, 26, 25], [], 'connections', balance, 65_000))[3]).toBeLessThan(0.3);
  });

  test('after a silence a slot that lacks many still gets what comes', () => {
    expect(shares(decide([500, 500, 500, 0]))[3]).toBe(1);
  });

  test('connections that wait in a queue count', () => {
    expect(shares(decide([5, 5, 5, 5], [{ queue: 300 }]))[0]).toBe(0);
  });

  test('weights are whole numbers up to 1000, and one is 1000', () => {
    for (const open of [
      [3, 1, 4, 1],
      [1e6, 0, 7, 12],
      [0, 0, 0, 1],
    ]) {
      const { weights } = decide(open);
      expect(weights.every((weight) => Number.isInteger(weight) && weight >= 0 && weight <= wholeWeight)).toBe(true);
      expect(Math.max(...weights)).toBe(wholeWeight);
    }
  });

  test('without counts all get the same, and one without among others gets the average', () => {
    const bare = all.map((slot): Reading => ({ slot, worker: slot + 1, queue: 0, backlog: 511, drops: 0 }));
    expect(shares(decideBalance(newBalance(), bare, all, 'connections', 60_000))).toEqual([0.25, 0.25, 0.25, 0.25]);
    const mixed = [reading(0, 90), reading(1, 0), ...bare.slice(2)];
    const balance = decideBalance(newBalance(), mixed, all, 'connections', 60_000);
    expect(shares(balance)[2]).toBeCloseTo(0.25, 1);
    expect(shares(balance)[1]).toBeGreaterThan(shares(balance)[0] ?? 1);
  });

  test('a small change waits for a second, a large one does not wait', () => {
    const nobodyNew = all.map(() => ({ total: 200 }));
    const first = decide([100, 100, 100, 100], nobodyNew);
    const nudged = decide([100, 98, 100, 100], nobodyNew, 'connections', first, 60_100);
    expect(nudged.weights).toEqual(first.weights);
    expect(nudged.differsSince).toBe(60_100);
    const lasting = decide([100, 98, 100, 100], nobodyNew, 'connections', nudged, 61_100);
    expect(shares(lasting)[1]).toBeGreaterThan(0.255);
    const emptied = decide([100, 20, 100, 100], nobodyNew, 'connections', first, 60_100);
    expect(shares(emptied)[1]).toBeGreaterThan(0.4);
  });

  test('policy load gives a late, busy or overflowing worker less, but something', () => {
    const busy = [{ lagMs: 120, elu: 1 }, {}, {}, {}];
    const balance = decide([20, 20, 20, 20], busy, 'load');
    const [late = 0, idle = 0] = shares(balance);
    expect(late).toBeLessThan(idle / 3);
    expect(balance.why[0]?.factor).toBeLessThan(0.5);
    expect(shares(decide([20, 20, 20, 20], busy))).toEqual([0.25, 0.25, 0.25, 0.25]);
    const worst = decide([0, 0, 0, 0], [{ lagMs: 60_000, elu: 1, queue: 500 }], 'load');
    expect(worst.why[0]?.factor).toBe(0.05);
  });

  test('the load factor follows its measure, and does not jump', () => {
    const calm = decide([20, 20, 20, 20], [], 'load');
    const soon = decide([20, 20, 20, 20], [{ lagMs: 500 }], 'load', calm, 60_100);
    const later = decide([20, 20, 20, 20], [{ lagMs: 500 }], 'load', soon, 63_000);
    expect(soon.why[0]?.factor).toBeGreaterThan(0.85);
    expect(later.why[0]?.factor).toBeLessThan(0.2);
  });

  test('what was steered since the count was taken is counted in', () => {
    let balance = decide([0, 0, 0, 0], [], 'connections', newBalance(), 0);
    // A hundred a second, all counted at once, so that the pace is known.
    for (let now = 100; now <= 3_000; now += 100) {
      const open = Array<number>(4).fill(now / 40);
      balance = decide(open, [], 'connections', balance, now);
    }
    const old = decide([75, 75, 75, 75], [{}, {}, {}, { beatAgeMs: 250 }], 'connections', balance, 3_050);
    expect(old.why[3]?.held).toBeGreaterThan(80);
    expect(old.why[0]?.held).toBeLessThan(76);
    expect(shares(old)[3]).toBeLessThan(0.1);
  });

  test('where connections leave at once, one that waits is what counts: hardly anybody follows it', () => {
    let balance = decide([0, 0, 0, 0]);
    // 200 a second, none of them open when it is looked: that many are expected until the next news, and none of them stays.
    for (let at = 1; at <= 40; at += 1)
      balance = decide(
        [0, 0, 0, 0],
        all.map(() => ({ total: at * 5 })),
        'connections',
        balance,
        60_000 + at * 100,
      );
    const its = [{ queue: 2, beatAgeMs: 100 }, {}, {}, {}].map((one) => ({ ...one, total: 200 }));
    balance = decide([0, 0, 0, 0], its, 'connections', balance, 64_050);
    expect(shares(balance)[0]).toBeLessThan(0.01);
    expect(shares(balance)[1]).toBeCloseTo(1 / 3, 1);
  });

  test('who waited in a queue and left uncounted is forgotten with the next beat', () => {
    const waiting = decide([5, 5, 5, 5], [{ queue: 30 }]);
    expect(waiting.why[0]?.held).toBe(35);
    const accepting = decide([5, 5, 5, 5], [{ beatAgeMs: 150 }], 'connections', waiting, 60_100);
    expect(accepting.why[0]?.held).toBe(35);
    const told = decide([5, 5, 5, 5], [{ beatAgeMs: 50 }], 'connections', accepting, 60_200);
    expect(told.why[0]?.held).toBe(5);
  });

  test('a replaced worker begins anew: the old one’s connections are not held against it', () => {
    const before = decide([50, 50, 50, 50]);
    const after = decide([50, 50, 50, 0], [{}, {}, {}, { worker: 99, total: 0 }], 'connections', before, 60_100);
    expect(after.why[3]?.held).toBe(0);
    expect(shares(after)[3]).toBeGreaterThan(0.5);
  });
});
