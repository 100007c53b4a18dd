import { describe, expect, test } from 'vitest';
import type { SteerBy } from '../../../src/core/effects.ts';
import { skReuseportProgram } from '../../../src/core/sk-reuseport-program.ts';
import { weightTable } from '../../../src/core/weight-table.ts';
import { type ReuseportRun, runReuseport } from '../../harness/extended-bpf.ts';
import { randomWeights, seededRandom } from '../../harness/seeded-random.ts';
import { ipv4, ipv4WithOptions, ipv6 } from '../../harness/syn-packets.ts';

const maps = { sockets: 11, probes: 12, table: 13, turns: 14, dealt: 15 };
const program = skReuseportProgram(maps);
const stranger = ipv4({ sourcePort: 50_000 });

interface Options extends Partial<ReuseportRun> {
  readonly by?: SteerBy;
}

function choose(weights: readonly number[], options: Options = {}): number | undefined {
  const { by = 'weight', ...run } = options;
  const sockets = new Set(weights.keys());
  const table = run.table ?? weightTable(weights, by);
  const counts = { turns: new Uint32Array(1), dealt: new BigUint64Array(512) };
  return runReuseport(program, { maps, sockets, ...counts, packet: stranger, ...run, table });
}

/** How often each slot is chosen in so many turns, from this one on. */
function chosenIn(count: number, weights: readonly number[], first = 0): readonly number[] {
  const [turns, table] = [Uint32Array.of(first), weightTable(weights, 'weight')];
  const chosen = weights.map(() => 0);
  for (let turn = 0; turn < count; turn += 1) {
    const slot = choose(weights, { turns, table }) ?? -1;
    chosen[slot] = (chosen[slot] ?? 0) + 1;
  }
  return chosen;
}

test('slots of one weight take turns: any stretch gives all the same, but for one', () => {
  const chosen = chosenIn(8 * 7 + 3, Array<number>(8).fill(1), 8 * 64 * 5 + 5);
  expect(chosen.toSorted((one, other) => one - other)).toEqual([7, 7, 7, 7, 7, 8, 8, 8]);
  for (const length of [1, 2, 3, 7, 8, 64])
    expect(chosenIn(5 * length, Array<number>(length).fill(9), length * 1_000)).toEqual(Array(length).fill(5));
});

test('in any stretch of turns each slot gets its share, within a few; one of weight 0 never gets anything', () => {
  const random = seededRandom(7);
  for (let length = 2; length <= 256; length = Math.ceil(length * 1.3)) {
    const weights = randomWeights(random, length);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const count = length * 40;
    const chosen = chosenIn(count, weights, Math.floor(random() * 2 ** 31));
    for (const [slot, weight] of weights.entries()) {
      const due = (weight / sum) * count;
      if (weight === 0) expect(chosen[slot], `slot ${slot} of ${weights.join()}`).toBe(0);
      // By chance it would be the root of what is due.
      else expect(Math.abs((chosen[slot] ?? 0) - due), `slot ${slot} of ${weights.join()}`).toBeLessThan(4 + due / 15);
    }
  }
});

test('a weight that is next to nothing gets next to nothing, from the first turn on', () => {
  const weights = Array.from({ length: 512 }, (_, slot) => (slot === 300 ? 1 : 1e-12));
  expect(chosenIn(512, weights)[300]).toBe(512);
});

test('clients that come in a pattern of as many as there are slots meet all of them', () => {
  const [turns, table] = [new Uint32Array(1), weightTable([1, 1, 1, 1], 'weight')];
  const met = new Set<number | undefined>();
  for (let turn = 0; turn < 4 * 64 * 16; turn += 1) {
    const slot = choose([1, 1, 1, 1], { turns, table });
    if (turn % 4 === 0) met.add(slot);
  }
  expect(met).toEqual(new Set([0, 1, 2, 3]));
});

test('the count of turns may overflow', () => {
  const turns = Uint32Array.of(2 ** 32 - 1);
  expect(choose([1, 1], { turns })).toBeDefined();
  expect(turns[0]).toBe(0);
});

test('what a slot is dealt is counted for it, whoever chose it; what the hash decides is not', () => {
  const dealt = new BigUint64Array(512);
  const probes = new Map([[50_000, 0]]);
  for (let turn = 0; turn < 5; turn += 1) choose([0, 3, 0], { dealt });
  choose([0, 1, 0], { dealt, probes });
  choose([0, 1, 0], { dealt, by: 'cpu', cpu: 1 });
  choose([1, 0, 0], { dealt, sockets: new Set([1, 2]) });
  choose([0, 0, 0], { dealt });
  expect([...dealt.subarray(0, 4)]).toEqual([1n, 6n, 0n, 0n]);
  choose([0, 0], { dealt, probes: new Map([[50_000, 511]]), sockets: new Set([511]) });
  expect(dealt[511]).toBe(1n);
});

test('without weights the hash decides', () => {
  expect(choose([0, 0])).toBeUndefined();
  expect(choose([3, 1], { by: 'hash' })).toBeUndefined();
});

test('a slot whose socket has died passes its turn on, four times, and then the hash decides', () => {
  for (const alive of [0, 1]) expect(choose([1, 1], { sockets: new Set([alive]) })).toBe(alive);
  const turns = new Uint32Array(1);
  expect(choose([1, 1], { sockets: new Set(), turns })).toBeUndefined();
  expect(turns[0]).toBe(4);
});

test('what a closing listener leaves behind goes by weight, with or without a packet', () => {
  const probes = new Map([[50_000, 0]]);
  expect(choose([0, 1, 0], { migrating: true, packet: new Uint8Array() })).toBe(1);
  expect(choose([0, 1, 0], { migrating: true, probes })).toBe(1);
  expect(choose([0, 1, 0], { migrating: true, by: 'cpu', cpu: 0 })).toBe(1);
});

describe('by core', () => {
  test('a core has its slot; more cores than slots go round; those of a slot without a weight go by chance', () => {
    expect([0, 1, 2, 3, 4, 7].map((cpu) => choose([1, 9, 1], { by: 'cpu', cpu }))).toEqual([0, 1, 2, 0, 1, 1]);
    for (const turn of [0, 1, 2, 3])
      expect([0, 2]).toContain(choose([1, 0, 1], { by: 'cpu', cpu: 4, turns: Uint32Array.of(turn) }));
  });
});

describe('probes', () => {
  const probes = new Map([
    [40_001, 2],
    [40_002, 0],
  ]);
  const chosen = (packet: Uint8Array): number | undefined => choose([0, 1, 0], { packet, probes });

  test.each([ipv4, ipv4WithOptions, ipv6])('%o', (packet) => {
    expect(chosen(packet({ sourcePort: 40_001 }))).toBe(2);
    expect(chosen(packet({ sourcePort: 40_002 }))).toBe(0);
    expect(chosen(packet({ sourcePort: 40_003 }))).toBe(1);
    expect(chosen(packet({ sourcePort: 40_001, fromElsewhere: true }))).toBe(1);
  });

  test('hold while no slot is ready; one for a slot without a socket is left to the weights', () => {
    expect(choose([0, 0], { packet: ipv6({ sourcePort: 1 }), probes: new Map([[1, 1]]) })).toBe(1);
    expect(choose([1, 0], { packet: ipv6({ sourcePort: 1 }), probes: new Map([[1, 9]]) })).toBe(0);
  });

  test('a packet that is too short for a port is no probe', () => {
    expect(chosen(ipv4({ sourcePort: 40_001 }).subarray(0, 21))).toBe(1);
  });
});
