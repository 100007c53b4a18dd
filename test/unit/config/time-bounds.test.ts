import { expect, test } from 'vitest';
import { timeBounds } from '../../../src/config/time-bounds.ts';
import { load } from './load-text.ts';

const web = (more: string): string => `{ command: node, workers: 2, ${more} }`;
const bounds = (text: string): ReturnType<typeof timeBounds> => timeBounds(load(text).programs);

test('a start may take the whole of each life’s time-out, and the pauses between them at their longest', () => {
  const backoff = 'backoff: { initial: 1s, max: 3s, factor: 2, jitter: 0 }';
  const text = web(`startRetries: 3, readiness: { timeout: 10s }, ${backoff}`);
  expect(bounds(`programs: { web: ${text} }`).startMs).toBe(4 * 10_000 + 1_000 + 2_000 + 3_000 + 10_000);
});

test('programs of one priority stop together, others one after the other', () => {
  const slow = web('stop: { drainTimeout: 60s, killTimeout: 5s }, priority: 1');
  const quick = web('stop: { drainTimeout: 1s, killTimeout: 1s }, priority: 1');
  const last = web('stop: { drainTimeout: 20s, killTimeout: 1s }, priority: 2');
  expect(bounds(`programs: { slow: ${slow}, quick: ${quick} }`).stopMs).toBe(65_000 + 10_000);
  expect(bounds(`programs: { slow: ${slow}, quick: ${quick}, last: ${last} }`).stopMs).toBe(86_000 + 10_000);
});

test('a reload may roll every worker of every program, one after the other', () => {
  const text = web(
    'readiness: { timeout: 10s }, roll: { minReady: 2s, pause: 1s }, stop: { drainTimeout: 5s, killTimeout: 1s }',
  );
  const { startMs, reloadMs, stopMs } = bounds(`programs: { web: ${text}, api: ${text} }`);
  expect(reloadMs).toBe(startMs - 10_000 + 2 * 2 * 19_000 + (stopMs - 10_000) + 10_000);
});
