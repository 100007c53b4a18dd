import { expect } from 'vitest';
import { describeLoss, type LossReport } from './loss-report.ts';

/** Fails with the whole loss report unless every request of every load was answered, and there were many. */
export function expectNoLoss(reports: readonly LossReport[], triedMin = 200): void {
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
