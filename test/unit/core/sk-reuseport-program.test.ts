import { describe, expect, test } from 'vitest';
import type { SteerBy } from '../../../src/core/effects.ts';
import { skReuseportProgram } from '../../../src/core/sk-reuseport-program.ts';
import { weightTable } from '../../../src/core/weight-table.ts';
import { type ReuseportRun, runReuseport } from '../../harness/extended-bpf.ts';
import { randomWeights, seededRandom } from '../../harness/seeded-random.ts';
import { ipv4, ipv4WithOptions, ipv6 } from '../../harness/syn-packets.ts';

const maps = { sockets: 11, probes: 12, table: 13 };
const program = skReuseportProgram(maps);
const top = 2 ** 32 - 1;
const stranger = ipv4({ sourcePort: 50_000 });

interface Options extends Partial<ReuseportRun> {
  readonly by?: SteerBy;
}

function choose(weights: readonly number[], options: Options = {}): number | undefined {
  const { by = 'weight', ...run } = options;
  const sockets = new Set(weights.keys());
  const table = run.table ?? weightTable(weights, by);
  return runReuseport(program, { maps, sockets, random: [0, 0], packet: stranger, ...run, table });
}

test('a slot of weight 0 is never chosen, at either end of every entry, for any length', () => {
  const random = seededRandom(7);
  for (let length = 1; length <= 256; length += 1) {
    const weights = randomWeights(random, length);
    const entries = weights.filter((weight) => weight > 0).length;
    const seen = new Set<number>();
    const table = weightTable(weights, 'weight');
    for (let entry = 0; entry < entries; entry += 1) {
      const [low, high] = [entry, entry + 1].map((one) => Math.ceil((one * 2 ** 32) / entries));
      for (const random of [
        [low ?? 0, 0],
        [(high ?? 0) - 1, top],
      ]) {
        const slot = choose(weights, { random, table }) ?? -1;
        if (!(Number(weights[slot]) > 0)) expect.fail(`slot ${slot} of ${weights.join()}`);
        seen.add(slot);
      }
    }
    expect(seen.size).toBe(entries);
  }
});

test('without weights the hash decides', () => {
  expect(choose([0, 0], { random: [5] })).toBeUndefined();
  expect(choose([3, 1], { by: 'hash', random: [5] })).toBeUndefined();
});

test('a slot whose socket has died is drawn again, four times, and then the hash decides', () => {
  const alive = choose([1, 1], { random: [0, 0] }) ?? 0;
  const sockets = new Set([1 - alive]);
  expect(choose([1, 1], { sockets, random: [0, 0, 0, 0, top, 0] })).toBe(1 - alive);
  expect(choose([1, 1], { sockets, random: [0, 0, 0, 0, 0, 0, 0, 0] })).toBeUndefined();
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
    for (const random of [
      [0, 0],
      [top, 0],
    ])
      expect([0, 2]).toContain(choose([1, 0, 1], { by: 'cpu', cpu: 4, random }));
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
