import { expect, test } from 'vitest';
import { connectionsText } from '../../../src/cli/render/connections-text.ts';
import { bar, table } from '../../../src/cli/render/table.ts';
import type { SlotConnections } from '../../../src/protocol/control.ts';

function slot(number: number, its: Partial<SlotConnections> = {}): SlotConnections {
  return { name: `web:${number}`, slot: number, state: 'RUNNING', pid: 4000 + number, weight: 0.5, ...its };
}

const node = { open: 30, total: 1_000, requests: 5_000, inFlight: 2, queue: 1, backlog: 511, drops: 0 };

test('a table for each program with a line of totals', () => {
  const slots = [slot(0, node), slot(1, { ...node, open: 10, drops: 7 })];
  expect(connectionsText([{ name: 'web', slots }], false)).toEqual([
    'SLOT    PID  STATE    OPEN   SHARE  TOTAL  REQUESTS  IN FLIGHT   QUEUE  DROPS  WEIGHT',
    'web:0  4000  RUNNING    30   75.0%   1000      5000          2   1/511      0   50.0%',
    'web:1  4001  RUNNING    10   25.0%   1000      5000          2   1/511      7   50.0%',
    'total                   40  100.0%   2000     10000          4  2/1022      7  100.0%',
  ]);
});

test('what nobody reports is a dash, not a zero', () => {
  const python = { state: 'STARTING', weight: 0 } as const;
  expect(connectionsText([{ name: 'web', slots: [slot(0, python)] }], true)).toEqual([
    'SLOT    PID  STATE     OPEN  SHARE  TOTAL  REQUESTS  IN FLIGHT  QUEUE  DROPS  WEIGHT',
    'web:0  4000  STARTING     -      -      -         -          -      -      -    0.0%',
    'total                     -      -      -         -          -      -      -    0.0%',
  ]);
});

test('on a terminal a bar shows each slot’s share', () => {
  const lines = connectionsText([{ name: 'web', slots: [slot(0, node), slot(1, { ...node, open: 10 })] }], true);
  expect(lines[1]).toMatch(/50\.0% {2}█{15}$/);
  expect(lines[2]).toMatch(/50\.0% {2}█{5}$/);
});

test('programs are apart by an empty line', () => {
  const programs = ['a', 'b'].map((name) => ({ name, slots: [slot(0)] }));
  expect(connectionsText(programs, false)[3]).toBe('');
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
