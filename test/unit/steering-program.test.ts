import { describe, expect, test } from 'vitest';
import { type Instruction, steeringProgram } from '../../src/core/steering-program.ts';
import { checkBpf, runBpf } from '../harness/classic-bpf.ts';
import { randomWeights, seededRandom } from '../harness/seeded-random.ts';
import { ipv4, ipv4WithOptions, ipv6 } from '../harness/syn-packets.ts';

const space = 2 ** 32;

describe('selection', () => {
  test('any weights of any length are met to one part in 2^31, over every random number there is', () => {
    const random = seededRandom(20_251_120);
    for (let round = 0; round < 400; round++) {
      const weights = randomWeights(random, 1 + Math.floor(random() * 256));
      expectShares(weights);
    }
  });

  test.each([
    { what: 'a single slot', weights: [1] },
    { what: 'one ready slot among many', weights: [0, 0, 0, 7, 0] },
    { what: 'zeros at both ends', weights: [0, 3, 1, 0] },
    { what: 'fractions', weights: [0.1, 0.2, 0.7] },
    { what: 'weights of very different size', weights: [1, 1e6, 1e-3, 5] },
    { what: 'huge weights', weights: [1e300, 1e300, 0] },
    { what: '512 slots', weights: Array.from({ length: 512 }, (_, slot) => slot % 5) },
  ])('$what', ({ weights }) => {
    expectShares(weights);
  });

  test('all-zero weights, or none, mean no program at all', () => {
    expect(steeringProgram([])).toBeUndefined();
    expect(steeringProgram([0, 0, 0])).toBeUndefined();
  });

  test('512 slots that are all probed at once still fit into what the kernel takes', () => {
    const rules = Array.from({ length: 512 }, (_, index) => ({ sourcePort: 40_000 + index, index }));
    const program = steeringProgram(Array<number>(512).fill(1), rules) ?? [];
    checkBpf(program);
    expect(program.length).toBeLessThanOrEqual(4096);
    expect(runBpf(program, { bytes: ipv4({ sourcePort: 40_511 }), random: 0 })).toBe(511);
    expect(runBpf(program, { bytes: ipv4({ sourcePort: 39_999 }), random: space - 1 })).toBe(511);
  });

  test('a weight that is no weight is our bug', () => {
    expect(() => steeringProgram([1, -1])).toThrow('portherd bug');
    expect(() => steeringProgram([Number.NaN])).toThrow('portherd bug');
  });
});

describe('by core', () => {
  const none = new Uint8Array();
  const slotOf = (weights: readonly number[], cpu: number, random = 5): number => {
    const program = steeringProgram(weights, [], 'cpu') ?? [];
    checkBpf(program);
    return runBpf(program, { bytes: none, random, cpu });
  };

  test('a core has its slot; more cores than slots go round', () => {
    expect([0, 1, 2, 3, 4, 5, 7].map((cpu) => slotOf([1, 1, 1, 1], cpu))).toEqual([0, 1, 2, 3, 0, 1, 3]);
    expect(slotOf([1000, 3, 1], 1)).toBe(1);
  });

  test('the cores of a slot that gets nothing are spread over the others', () => {
    const weights = [1, 0, 1, 0, 1];
    expect([0, 2, 4, 5, 7].map((cpu) => slotOf(weights, cpu))).toEqual([0, 2, 4, 0, 2]);
    const thirds = [0, 1e9, 2e9, 4e9];
    for (const cpu of [1, 3, 6]) expect(thirds.map((random) => slotOf(weights, cpu, random))).toEqual([0, 0, 2, 4]);
  });

  test('512 slots of which one is left fit too', () => {
    const weights = Array.from({ length: 512 }, (_, slot) => (slot === 300 ? 1 : 0));
    for (const cpu of [0, 299, 300, 301, 511, 1000]) expect(slotOf(weights, cpu)).toBe(300);
  });

  test('without any weight the hash decides', () => {
    expect(steeringProgram([0, 0], [], 'cpu')).toBeUndefined();
  });
});

describe('by hash', () => {
  test('the kernel’s own while every slot may get some', () => {
    expect(steeringProgram([7, 1, 1000], [], 'hash')).toBeUndefined();
    const probed = steeringProgram([1, 1], [{ sourcePort: 40_001, index: 1 }], 'hash') ?? [];
    checkBpf(probed);
    expect(runBpf(probed, { bytes: ipv6({ sourcePort: 40_001 }), random: 5 })).toBe(1);
    expect(runBpf(probed, { bytes: ipv6({ sourcePort: 50_000 }), random: 5 })).toBe(0xffffffff);
  });

  test('chance, evenly, while one may not', () => {
    const program = steeringProgram([900, 0, 1], [], 'hash') ?? [];
    checkBpf(program);
    const bytes = new Uint8Array();
    expect([0, space / 2 - 1, space / 2, space - 1].map((random) => runBpf(program, { bytes, random }))).toEqual([
      0, 0, 2, 2,
    ]);
  });
});

describe('probe rules', () => {
  const rules = [
    { sourcePort: 40_001, index: 2 },
    { sourcePort: 40_002, index: 0 },
  ];
  const program = steeringProgram([0, 1, 0], rules) ?? [];

  test('a connection to ourselves from the port of a rule goes to its listener, the others to the weights', () => {
    checkBpf(program);
    for (const packet of [ipv4, ipv4WithOptions, ipv6]) {
      expect(runBpf(program, { bytes: packet({ sourcePort: 40_001 }), random: 5 })).toBe(2);
      expect(runBpf(program, { bytes: packet({ sourcePort: 40_002 }), random: 5 })).toBe(0);
      expect(runBpf(program, { bytes: packet({ sourcePort: 40_003 }), random: 5 })).toBe(1);
    }
  });

  test('a client elsewhere that happens to use the port of a rule is steered like any other', () => {
    for (const packet of [ipv4, ipv4WithOptions, ipv6]) {
      expect(runBpf(program, { bytes: packet({ sourcePort: 40_001, fromElsewhere: true }), random: 5 })).toBe(1);
    }
  });

  test('while no slot is ready a rule still holds, and the rest is left to the hash', () => {
    const booting = steeringProgram([0, 0], [{ sourcePort: 40_001, index: 1 }]) ?? [];
    checkBpf(booting);
    expect(runBpf(booting, { bytes: ipv6({ sourcePort: 40_001 }), random: 5 })).toBe(1);
    expect(runBpf(booting, { bytes: ipv6({ sourcePort: 50_000 }), random: 5 })).toBe(0xffffffff);
  });
});

/**
 * The program's answer changes only at the numbers that it compares with; so one run at each end of each stretch between
 * two of them covers all 2^32 random numbers, and the stretches' lengths are the exact shares.
 */
function expectShares(weights: readonly number[]): void {
  const program = steeringProgram(weights) ?? [];
  checkBpf(program);
  const starts = [0, ...boundariesOf(program), space];
  const shares = Array<number>(weights.length).fill(0);
  for (const [at, start] of starts.slice(0, -1).entries()) {
    const end = starts[at + 1] ?? space;
    const index = runBpf(program, { bytes: new Uint8Array(), random: start });
    expect(runBpf(program, { bytes: new Uint8Array(), random: end - 1 })).toBe(index);
    expect(weights[index]).toBeGreaterThan(0);
    shares[index] = (shares[index] ?? 0) + (end - start) / space;
  }
  const largest = Math.max(...weights);
  const sum = weights.reduce((total, weight) => total + weight / largest, 0);
  for (const [index, weight] of weights.entries()) {
    expect(Math.abs((shares[index] ?? 0) - weight / largest / sum)).toBeLessThan(2 ** -31);
  }
}

function boundariesOf(program: readonly Instruction[]): readonly number[] {
  return program
    .filter(({ code }) => code === 0x35)
    .map(({ k }) => k)
    .toSorted((left, right) => left - right);
}
