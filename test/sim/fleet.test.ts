import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { playOne } from './play.ts';

/** `npm run check` takes a sample; `npm test` sets SIM_HISTORIES=100000. SIM_SEED=n replays one and prints its steps. */
const histories = Number(process.env['SIM_HISTORIES'] ?? 1_500);
const replay = process.env['SIM_SEED'];

if (replay === undefined) {
  test(`${histories} random histories of a fleet keep the invariants`, async () => {
    const first = Number(process.env['SIM_FIRST'] ?? 1);
    const last = first + histories - 1;
    const stride = availableParallelism();
    const shares = Array.from({ length: stride }, (_, at) => ({ first: first + at, last, stride }));
    const steps = await playInThreads(shares);
    console.log(`${histories} histories, ${steps} steps, seeds ${first}–${last}`);
    expect(steps).toBeGreaterThan(histories);
  });
} else {
  test(`the random history ${replay} keeps the invariants`, () => {
    expect(playOne(Number(replay), true)).toBeGreaterThan(0);
  });
}

/** The first that breaks ends the others. */
async function playInThreads(shares: readonly { first: number; last: number; stride: number }[]): Promise<number> {
  const threads = shares.map((workerData) => new Worker(new URL('play-main.ts', import.meta.url), { workerData }));
  try {
    const answers = await Promise.all(threads.map((thread) => once(thread, 'message')));
    return answers.reduce((sum, [steps]) => sum + Number(steps), 0);
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}
