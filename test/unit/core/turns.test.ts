import { expect, test } from 'vitest';
import { decideBalance, newBalance } from '../../../src/core/balance.ts';
import type { Reading } from '../../../src/core/reading.ts';

function reading(slot: number, open: number, dealt?: number): Reading {
  const counts = { open, total: open, inFlight: 0, queue: 0, backlog: 511, drops: 0, beatAgeMs: 5 };
  return { slot, worker: slot + 1, ...counts, ...(dealt === undefined ? {} : { dealt }) };
}

/** Whether somebody is preferred, after two looks at these counts. */
function prefers(open: readonly number[], takesTurns: boolean): boolean {
  const readings = open.map((count, slot) => reading(slot, count, takesTurns ? 1_000 * slot + count : undefined));
  const among = [...open.keys()];
  let balance = newBalance();
  for (const now of [100, 1_200, 2_400]) balance = decideBalance(balance, readings, among, 'connections', now);
  return new Set(among.map((slot) => balance.weights[slot])).size > 1;
}

test('turns keep what is as even as it can be, so nobody is preferred then', () => {
  expect(prefers([8, 7, 8, 7], true)).toBe(false);
  expect(prefers([8, 7, 8, 7], false)).toBe(true);
});

test('what is not even is made so with turns too', () => {
  expect(prefers([9, 7, 8, 8], true)).toBe(true);
});
