import { expect, test } from 'vitest';
import { formatStopTime, formatUptime } from '../../../src/shared/uptime.ts';

test.each([
  [0, '0:00:00'],
  [59_999, '0:00:59'],
  [3_599_000, '0:59:59'],
  [36_000_000, '10:00:00'],
  [86_399_000, '23:59:59'],
  [86_400_000, '1 day, 0:00:00'],
  [2 * 86_400_000 + 3_661_000, '2 days, 1:01:01'],
])('an uptime of %i ms is %s, as in Python', (ms, text) => {
  expect(formatUptime(ms)).toBe(text);
});

test.each([
  [0, 0, 'Jan 01 12:00 AM'],
  [11, 59, 'Jan 01 11:59 AM'],
  [12, 0, 'Jan 01 12:00 PM'],
  [23, 5, 'Jan 01 11:05 PM'],
])('%i:%i local time is %s', (hour, minute, text) => {
  expect(formatStopTime(new Date(2026, 0, 1, hour, minute))).toBe(text);
});
