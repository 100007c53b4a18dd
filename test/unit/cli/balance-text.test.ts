import { expect, test } from 'vitest';
import { balanceText } from '../../../src/cli/render/balance-text.ts';

test('a line about the program, then why each slot gets what it gets', () => {
  const slots = [
    { open: 30, target: 31.5, deficit: 1.5, lagMs: 3, elu: 0.21, weight: 0.96, reason: 'fewer than the others' },
    { open: 33.25, target: 31.5, deficit: -1.8, lagMs: 41, elu: 1, weight: 0.04, reason: 'more than the others' },
    { weight: 0, reason: 'STARTING' },
  ].map((slot, at) => ({
    name: `web:${at}`,
    slot: at,
    state: at === 2 ? ('STARTING' as const) : ('RUNNING' as const),
    factor: 1,
    queue: at,
    ...slot,
  }));
  expect(balanceText([{ name: 'web', policy: 'connections', arrivals: 12.5, slots }])).toEqual([
    'web: policy connections, 12.5 new connections/s',
    'SLOT   OPEN  TARGET  DEFICIT    LAG  UTILISATION  QUEUE  WEIGHT  REASON',
    'web:0  30.0    31.5      1.5   3 ms        21.0%      0   96.0%  fewer than the others',
    'web:1  33.3    31.5     -1.8  41 ms       100.0%      1    4.0%  more than the others',
    'web:2     -       -        -      -            -      2    0.0%  STARTING',
  ]);
});
