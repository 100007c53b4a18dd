import { expect, test } from 'vitest';
import * as bpf from '../../../src/core/bpf-assembler.ts';

const [r0, r1, r2, r10] = [bpf.register(0), bpf.register(1), bpf.register(2), bpf.register(10)];

/** Instructions as llvm-objdump prints their bytes. */
function hex(...lines: readonly bpf.Line[]): readonly string[] {
  const bytes = Buffer.from(bpf.assemble(lines));
  return Array.from({ length: bytes.length / 8 }, (_, at) => bytes.subarray(at * 8, at * 8 + 8).toString('hex'));
}

test.each([
  { what: 'r2 = r10', line: bpf.move(r2, r10), bytes: 'bfa2000000000000' },
  { what: 'r2 = 7', line: bpf.move(r2, 7), bytes: 'b702000007000000' },
  { what: 'r2 += -4', line: bpf.compute(r2, '+', -4), bytes: '07020000fcffffff' },
  { what: 'r0 *= r1', line: bpf.compute(r0, '*', r1), bytes: '2f10000000000000' },
  { what: 'r0 >>= 32', line: bpf.compute(r0, '>>', 32), bytes: '7700000020000000' },
  { what: 'r0 <<= 3', line: bpf.compute(r0, '<<', 3), bytes: '6700000003000000' },
  { what: 'r0 %= r1', line: bpf.compute(r0, '%', r1), bytes: '9f10000000000000' },
  { what: 'r1 = be16 r1', line: bpf.fromNetwork16(r1), bytes: 'dc01000010000000' },
  { what: 'r1 = *(u64 *)(r2 + 48)', line: bpf.load(r1, 'u64', r2, 48), bytes: '7921300000000000' },
  { what: 'r1 = *(u32 *)(r2 + 0)', line: bpf.load(r1, 'u32', r2, 0), bytes: '6121000000000000' },
  { what: 'r1 = *(u16 *)(r2 + 6)', line: bpf.load(r1, 'u16', r2, 6), bytes: '6921060000000000' },
  { what: 'r1 = *(u8 *)(r2 + 1)', line: bpf.load(r1, 'u8', r2, 1), bytes: '7121010000000000' },
  { what: '*(u32 *)(r10 - 4) = r1', line: bpf.store(r10, -4, 'u32', r1), bytes: '631afcff00000000' },
  { what: 'call 82', line: bpf.call(82), bytes: '8500000052000000' },
  { what: 'exit', line: bpf.exit(), bytes: '9500000000000000' },
])('$what', ({ line, bytes }) => {
  expect(hex(line)).toEqual([bytes]);
});

test('the address of a map, and of its value, takes two instructions', () => {
  expect(hex(bpf.loadMap(r1, 9))).toEqual(['1811000009000000', '0000000000000000']);
  expect(hex(bpf.loadMapValue(r1, 9))).toEqual(['1821000009000000', '0000000000000000']);
});

test('jumps count from the instruction after them, over those of two as two', () => {
  expect(
    hex(
      bpf.label('again'),
      bpf.jumpIf(r1, '>', r2, 'out'),
      bpf.jumpIf(r1, '==', -1, 'out'),
      bpf.loadMap(r1, 3),
      bpf.jumpIf(r1, '<', 5, 'again'),
      bpf.jumpIf(r1, '!=', 5, 'again'),
      bpf.jump('again'),
      bpf.label('out'),
      bpf.exit(),
    ),
  ).toEqual([
    '2d21060000000000',
    '15010500ffffffff',
    '1811000003000000',
    '0000000000000000',
    'a501fbff05000000',
    '5501faff05000000',
    '0500f9ff00000000',
    '9500000000000000',
  ]);
});

test('a label that is missing, or there twice, is our bug', () => {
  expect(() => bpf.assemble([bpf.jump('nowhere')])).toThrow('portherd bug');
  expect(() => bpf.assemble([bpf.label('a'), bpf.label('a')])).toThrow('portherd bug');
});
