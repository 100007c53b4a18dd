import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/shared/duration.ts';

test.each([
  ['0s', 0],
  ['500ms', 500],
  ['10s', 10_000],
  ['1.5s', 1_500],
  ['1m30s', 90_000],
  ['2h', 7_200_000],
  ['1h1m1s1ms', 3_661_001],
  [' 3s ', 3_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toEqual({ ok: true, value: ms });
});

test.each([
  [30, '30 has no unit; write 30s for seconds or 30ms for milliseconds'],
  ['30', '30 has no unit; write 30s for seconds or 30ms for milliseconds'],
  [0, '0 has no unit; write 0s for seconds or 0ms for milliseconds'],
  ['', '"" is not a duration; write it like 10s, 1m30s, 500ms or 2h'],
  ['10 sec', '"10 sec" is not a duration; write it like 10s, 1m30s, 500ms or 2h'],
  ['30s1m', '"30s1m" is not a duration; write it like 10s, 1m30s, 500ms or 2h'],
  ['-5s', '"-5s" is not a duration; write it like 10s, 1m30s, 500ms or 2h'],
  ['5d', '"5d" is not a duration; write it like 10s, 1m30s, 500ms or 2h'],
  [Number.NaN, '"NaN" is not a duration; write it like 10s, 1m30s, 500ms or 2h'],
])('%j is refused: %s', (written, error) => {
  expect(parseDuration(written)).toEqual({ ok: false, error });
});

test.each([
  [0, '0s'],
  [1, '1ms'],
  [10_000, '10s'],
  [90_000, '1m30s'],
  [86_400_000, '24h'],
  [3_661_001, '1h1m1s1ms'],
])('%d ms is written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
  expect(parseDuration(text)).toEqual({ ok: true, value: ms });
});
