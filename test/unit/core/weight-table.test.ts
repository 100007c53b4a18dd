import { expect, test } from 'vitest';
import { tableAt, weightTable } from '../../../src/core/weight-table.ts';
import { randomWeights, seededRandom } from '../../harness/seeded-random.ts';

/** Exact: every entry is equally likely, and each divides its luck at its threshold. */
function sharesOf(table: Uint8Array, length: number): readonly number[] {
  const view = new DataView(table.buffer);
  const count = view.getUint32(tableAt.count, true);
  const shares = Array<number>(length).fill(0);
  for (let entry = 0; entry < count; entry += 1) {
    const at = tableAt.entries + entry * tableAt.entryBytes;
    const [slot, alias] = [view.getUint16(at + tableAt.slot, true), view.getUint16(at + tableAt.alias, true)];
    const mine = view.getUint32(at + tableAt.threshold, true) / 2 ** 32;
    shares[slot] = (shares[slot] ?? 0) + mine / count;
    shares[alias] = (shares[alias] ?? 0) + (1 - mine) / count;
  }
  return shares;
}

function expectShares(weights: readonly number[]): void {
  const shares = sharesOf(weightTable(weights, 'weight'), weights.length);
  expect(shares.length).toBe(weights.length);
  const largest = Math.max(...weights);
  const sum = weights.reduce((total, weight) => total + weight / largest, 0);
  for (const [slot, weight] of weights.entries()) {
    expect(Math.abs((shares[slot] ?? 0) - weight / largest / sum)).toBeLessThan(2 ** -31);
    expect((shares[slot] ?? 0) > 0).toBe(weight > 0);
  }
}

test('weights of any length are met to one part in 2^31; 0 means never, and more than 0 never means never', () => {
  const random = seededRandom(20_251_121);
  for (let length = 1; length <= 256; length += 1) {
    expectShares(randomWeights(random, length));
    expectShares(Array<number>(length).fill(7));
  }
  expectShares(randomWeights(random, 512));
});

test.each([
  { what: 'a single slot', weights: [1] },
  { what: 'one among many', weights: [0, 0, 0, 7, 0] },
  { what: 'very different ones', weights: [1, 1e6, 1e-3, 5] },
  { what: 'one that would round to nothing', weights: [1, 1e300, 1e300] },
  { what: 'fractions', weights: [0.1, 0.2, 0.7] },
])('$what', ({ weights }) => {
  expectShares(weights);
});

test('all zero, or by hash while all may get some, leaves all to the kernel’s hash', () => {
  for (const table of [weightTable([], 'weight'), weightTable([0, 0], 'cpu'), weightTable([1, 900], 'hash')])
    expect([...table].every((byte) => byte === 0)).toBe(true);
});

test('by hash while one may not, and what by core leaves over, is even chance', () => {
  for (const by of ['hash', 'cpu'] as const) expect(sharesOf(weightTable([900, 0, 1], by), 3)).toEqual([0.5, 0, 0.5]);
});

test('a weight that is no weight is our bug', () => {
  for (const weight of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => weightTable([1, weight], 'weight')).toThrow('portherd bug');
  expect(() => weightTable(Array<number>(513).fill(1), 'weight')).toThrow('portherd bug');
});
