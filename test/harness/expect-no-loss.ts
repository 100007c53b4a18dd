import { expect } from 'vitest';
import { describeLoss, type LossReport } from './loss-report.ts';

/** What a load must have got to say that nothing was lost. */
export const manyAnswers = 200;

/** Fails with the whole loss report unless every request of every load was answered, and there were many. */
export function expectNoLoss(reports: readonly LossReport[], triedMin = manyAnswers): void {
  for (const report of reports) {
    expectNoFailure(report);
    expect(report.oneShot.ok, describeLoss(report)).toBeGreaterThan(triedMin);
  }
}

export function expectNoFailure(report: LossReport): void {
  const seen = describeLoss(report);
  expect(report.oneShot, seen).toMatchObject({ failed: 0, localExhaustion: 0 });
  expect(report.keepAlive, seen).toMatchObject({ failed: 0, localExhaustion: 0 });
}
