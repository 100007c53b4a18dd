import { expect, test } from 'vitest';
import { fits } from '../../../src/cli/fits.ts';
import { balancedLine, rebalancingLine, unbalancedLine } from '../../../src/cli/render/rebalance-text.ts';
import { rebalanceLine } from '../../../src/cli/replies.ts';
import type { RebalanceProgress } from '../../../src/protocol/control-rebalance.ts';

const progress: RebalanceProgress = {
  program: 'web',
  workers: 4,
  skewBefore: 4,
  skew: 1.62,
  left: 31,
  asked: 12,
  tookMs: 1_430,
};

test('on a terminal there is one line, as wide as it at most', () => {
  expect(rebalancingLine(progress, 80)).toBe('web  skew 4.00 → 1.62  31 moved, 12 asked  1.4 s');
  expect(rebalancingLine({ ...progress, asked: 0 }, 80)).toBe('web  skew 4.00 → 1.62  31 moved  1.4 s');
  expect(rebalancingLine(progress, 20)).toBe('web  skew 4.00 → 1.');
});

test('at the end a line says what came of it', () => {
  expect(balancedLine({ ...progress, skew: 1, asked: 0 })).toBe(
    'web: balanced, skew 4.00 → 1.00, 31 connections moved in 1.4 s',
  );
  expect(balancedLine({ ...progress, left: 1, skew: 1.05 })).toBe(
    'web: balanced, skew 4.00 → 1.05, 1 connection moved in 1.4 s',
  );
  expect(balancedLine({ ...progress, skewBefore: 1.02, skew: 1.02, left: 0 })).toBe(
    'web: balanced already (skew 1.02)',
  );
  expect(balancedLine({ ...progress, skewBefore: 4, skew: 4, left: 0 })).toBe('web: as even as it can be (skew 4.00)');
  expect(unbalancedLine(progress, 'it is late')).toBe(
    'web: ERROR (it is late; 31 connections moved, skew 4.00 → 1.62)',
  );
});

test('a line from the daemon is looked at before it is shown', () => {
  expect(fits(rebalanceLine, { t: 'progress', rebalance: progress })).toBe(true);
  expect(fits(rebalanceLine, { t: 'unbalanced', rebalance: progress, why: 'late' })).toBe(true);
  expect(fits(rebalanceLine, { t: 'finished', programs: ['web'], tookMs: 5 })).toBe(true);
  expect(fits(rebalanceLine, { t: 'paused' })).toBe(true);
  expect(rebalanceLine({ t: 'progress', rebalance: { ...progress, skew: '4' } }, '')).toBe(
    'rebalance.skew is not a number',
  );
  expect(rebalanceLine({ t: 'unbalanced', rebalance: progress }, '')).toBe('why is not a string');
});
