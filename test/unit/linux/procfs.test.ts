import { expect, test } from 'vitest';
import { isAlive, parseStat, startTicksOf, statOf } from '../../../src/linux/procfs.ts';

/** Fields 10 to 24, as proc_pid_stat(5) counts them. */
const rest = '0 0 0 0 0 0 0 0 20 0 1 0 987654 1000 20';

test('a name with spaces and parentheses does not shift the fields', () => {
  expect(parseStat(`4711 (evil) R 1 (x) S 12 34 56 0 -1 4194560 ${rest}`)).toEqual({
    pid: 4711,
    state: 'S',
    ppid: 12,
    pgrp: 34,
    session: 56,
    startTicks: 987_654,
  });
});

test('what is no stat line is undefined', () => {
  for (const text of ['', 'nonsense', '12 (x) S']) expect(parseStat(text)).toBeUndefined();
});

test('this process is itself, and is not with another start time', () => {
  const startTicks = startTicksOf(process.pid) ?? 0;
  expect(statOf(process.pid)).toMatchObject({ pid: process.pid, ppid: process.ppid, startTicks });
  expect(isAlive({ pid: process.pid, startTicks })).toBe(true);
  expect(isAlive({ pid: process.pid, startTicks: startTicks + 1 })).toBe(false);
});

test('a pid that nobody has is undefined', () => {
  expect(statOf(2 ** 22 + 1)).toBeUndefined();
});
