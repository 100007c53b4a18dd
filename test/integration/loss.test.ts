import { describe, expect, test } from 'vitest';
import { describeLoss } from '../harness/loss-report.ts';
import {
  fullCounts,
  kills,
  rolls,
  type ScenarioResult,
  scaling,
  startTarget,
  type TargetApp,
  updates,
} from '../harness/loss-scenarios.ts';

/**
 * The promise itself, with real processes under a load that sees every loss. The counts for the plain app are the
 * promise's; the frameworks get fewer, since what differs is only the app. `npm run bench:loss` runs all in full.
 */
const shortCounts = { rolls: 8, scaling: 4, updates: 2, kills: 5 };

/** Of rolls, scaling and updates of the plain app together. */
const connectionsMin = 100_000;

describe.for<[TargetApp, typeof shortCounts, number]>([
  ['plain', fullCounts, connectionsMin],
  ['express', shortCounts, 0],
  ['fastify', shortCounts, 0],
])('under load, an unmodified %s app', ([app, counts, tries]) => {
  test(`loses nothing in ${counts.rolls} rolls, ${counts.scaling} scalings and ${counts.updates} updates`, async () => {
    await using daemon = await startTarget(app);
    const results = [
      await rolls(daemon, counts.rolls),
      await scaling(daemon, counts.scaling),
      await updates(daemon, app, counts.updates),
    ];
    while (connectionsIn(results) < tries) results.push(await rolls(daemon, 5));
    for (const result of results) expectNoLoss(result);
    expect(connectionsIn(results)).toBeGreaterThanOrEqual(tries);
  }, 900_000);

  test(`loses in ${counts.kills} SIGKILLs only what the killed process had accepted`, async () => {
    await using daemon = await startTarget(app);
    const { report, allowed, excesses } = await kills(daemon, counts.kills);
    const seen = describeLoss(report);
    expect(excesses, seen).toEqual([]);
    expect(report.oneShot.failed + report.keepAlive.failed, seen).toBeLessThanOrEqual(allowed);
    // The slot's socket outlives its worker: nobody is turned away and nobody waits in vain.
    for (const { by } of [report.oneShot, report.keepAlive])
      expect(by, seen).toMatchObject({ refused: 0, timedOut: 0 });
    expect(report.oneShot.ok).toBeGreaterThan(0);
  }, 300_000);
});

function connectionsIn(results: readonly ScenarioResult[]): number {
  return results.reduce((sum, { report }) => sum + report.oneShot.ok, 0);
}

function expectNoLoss({ scenario, report }: ScenarioResult): void {
  const seen = `${scenario}: ${describeLoss(report)}`;
  expect(report.oneShot, seen).toMatchObject({ failed: 0, localExhaustion: 0 });
  expect(report.keepAlive, seen).toMatchObject({ failed: 0, localExhaustion: 0 });
  expect(report.keepAlive.ok, seen).toBeGreaterThan(0);
}
