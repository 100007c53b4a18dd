import { expect, test } from 'vitest';
import { skewOf } from '../../src/supervisor/connections-report.ts';

test.each([
  [[], undefined],
  [[0, 0], undefined],
  [[5], 1],
  [[10, 10, 10], 1],
  [[30, 10], 1.5],
  [[8, 0, 0, 0], 4],
  [[334, 333, 333], 1],
])('the skew of %j is %j', (counts, skew) => {
  expect(skewOf(counts)).toBe(skew);
});
