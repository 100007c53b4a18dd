import { expect, test } from 'vitest';
import { connectionsText } from '../../../src/cli/render/connections-text.ts';
import { bar, table } from '../../../src/cli/render/table.ts';
import type { SlotConnections } from '../../../src/protocol/control.ts';

function slot(number: number, its: Partial<SlotConnections> = {}): SlotConnections {
  return { name: `web:${number}`, slot: number, state: 'RUNNING', pid: 4000 + number, weight: 0.5, ...its };
}

const node = {
  open: 30,
  total: 1_000,
  requests: 5_000,
  inFlight: 2,
  queue: 1,
  backlog: 511,
  drops: 0,
  kernel: 30,
  residual: 0,
};
const uneven = {
  name: 'web',
  slots: [
    slot(0, { ...node, share: 0.75 }),
    slot(1, { ...node, open: 10, kernel: 12, residual: 2, share: 0.25, drops: 7 }),
  ],
  skew: 1.5,
  residual: 2,
};

test('a table for each program with a line of totals, its skew and its residual', () => {
  expect(connectionsText([uneven], undefined)).toEqual([
    'SLOT    PID  STATE      OPEN   SHARE  KERNEL  RESIDUAL  TOTAL  REQUESTS  IN FLIGHT   QUEUE  DROPS  WEIGHT',
    'web:0  4000  RUNNING      30   75.0%      30         0   1000      5000          2   1/511      0   50.0%',
    'web:1  4001  RUNNING      10   25.0%      12        +2   1000      5000          2   1/511      7   50.0%',
    'total        skew 1.50    40  100.0%      42        +2   2000     10000          4  2/1022      7  100.0%',
  ]);
});

test('what nobody reports is a dash, not a zero', () => {
  const starting = { state: 'STARTING', weight: 0 } as const;
  expect(connectionsText([{ name: 'web', slots: [slot(0, starting)] }], undefined)).toEqual([
    'SLOT    PID  STATE     OPEN  SHARE  KERNEL  RESIDUAL  TOTAL  REQUESTS  IN FLIGHT  QUEUE  DROPS  WEIGHT',
    'web:0  4000  STARTING     -      -       -         -      -         -          -      -      -    0.0%',
    'total                     -      -       -         -      -         -          -      -      -    0.0%',
  ]);
});

test('a program that counts nothing has the kernel’s numbers, and with bind: worker its queue too', () => {
  const slots = [slot(0, { kernel: 3, unaccepted: 5, share: 1 })];
  expect(connectionsText([{ name: 'py', slots, skew: 1 }], undefined)).toEqual([
    'SLOT    PID  STATE      OPEN   SHARE  KERNEL  RESIDUAL  TOTAL  REQUESTS  IN FLIGHT  QUEUE  DROPS  WEIGHT',
    'web:0  4000  RUNNING       -  100.0%       3         -      -         -          -      5      -   50.0%',
    'total        skew 1.00     -  100.0%       3         -      -         -          -      5      -   50.0%',
  ]);
});

test('on a terminal a bar shows each slot’s share: half of it is an even one', () => {
  const lines = connectionsText([uneven], 140);
  expect(lines[1]).toMatch(/50\.0% {2}█{18}$/);
  expect(lines[2]).toMatch(/50\.0% {2}█{6}$/);
  expect(lines[3]).toMatch(/100\.0%$/);
  const even = { ...uneven, slots: uneven.slots.map((one) => ({ ...one, share: 0.5 })) };
  expect(connectionsText([even], 140)[1]).toMatch(/50\.0% {2}█{12}$/);
});

test('a share beyond twice the even one makes the longest bar the whole width', () => {
  const slots = [0.8, 0.1, 0.1].map((share, at) => slot(at, { ...node, share }));
  const lines = connectionsText([{ name: 'web', slots }], 140);
  expect(lines[1]).toMatch(/ █{24}$/);
  expect(lines[2]).toMatch(/ █{3}$/);
});

test.each([120, 100, 80, 60])('it fits %i columns', (columns) => {
  for (const line of connectionsText([uneven], columns)) expect(line.length).toBeLessThanOrEqual(columns);
});

test('what is quiet is left out first, then what matters less; the bars stay, and all programs look the same', () => {
  const quiet = { name: 'api', slots: [slot(0, { ...node, share: 1 })] };
  const titles = (columns: number, programs = [quiet]) => connectionsText(programs, columns)[0]?.trim().split(/ {2,}/);
  expect(titles(120)).toContain('RESIDUAL');
  expect(titles(100)).not.toContain('RESIDUAL');
  expect(titles(100)).not.toContain('DROPS');
  expect(titles(100)).toContain('REQUESTS');
  const troubled = titles(100, [uneven, quiet]);
  expect(troubled).toEqual(expect.arrayContaining(['RESIDUAL', 'DROPS', 'KERNEL']));
  expect(connectionsText([uneven, quiet], 100)[5]?.trim().split(/ {2,}/)).toEqual(troubled);
  expect(titles(40)).toEqual(['SLOT', 'STATE', 'OPEN', 'SHARE', 'QUEUE', 'WEIGHT']);
});

test('programs are apart by an empty line; none are nothing', () => {
  const programs = ['a', 'b'].map((name) => ({ name, slots: [slot(0)] }));
  expect(connectionsText(programs, undefined)[3]).toBe('');
  expect(connectionsText([], 80)).toEqual([]);
  expect(connectionsText([{ name: 'a', slots: [] }], 80)).toHaveLength(2);
});

test('a bar has eighths of a character and stays within its width', () => {
  expect([bar(0, 4), bar(0.5, 4), bar(0.53, 4), bar(1, 4), bar(7, 4), bar(-1, 4)]).toEqual([
    '',
    '██',
    '██▏',
    '████',
    '████',
    '',
  ]);
});

test('a table without rows is its titles', () => {
  expect(
    table(
      [
        { title: 'A', align: 'left' },
        { title: 'B', align: 'right' },
      ],
      [],
    ),
  ).toEqual(['A  B']);
});
