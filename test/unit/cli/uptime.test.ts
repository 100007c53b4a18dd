import { expect, test } from 'vitest';
import { formatTook } from '../../../src/cli/render/uptime.ts';

test.each([
  [180.4, '180 ms'],
  [2_440, '2.4 s'],
  [185_000, '3 min 05 s'],
])('%d ms took %s', (ms, text) => {
  expect(formatTook(ms)).toBe(text);
});
