import { expect } from 'vitest';
import type { Daemon } from './daemon.ts';
import { answering, slotsOf, zombiesOf } from './puppet.ts';
import { until } from './until.ts';

/** After whatever was done to a daemon with three slots of `web`: it reaches three that serve, and knows of every process. */
export async function expectCalm(daemon: Daemon, seed: number): Promise<void> {
  for (const { pid } of daemon.processes()) signalIfThere(pid, 'SIGCONT');
  await until(async () => (await daemon.status()).programs[0]?.roll === undefined, {
    what: `the rolls to end (seed ${seed})`,
    deadline: 60_000,
  });
  await daemon.api('POST', '/v1/scale', { program: 'web', workers: 3 });
  await until(
    async () => {
      await daemon.api('POST', '/v1/start', { names: ['web'] });
      const slots = await slotsOf(daemon);
      return slots.length === 3 && slots.every(({ state, leaving }) => state === 'RUNNING' && leaving.length === 0);
    },
    { what: `three slots to run (seed ${seed})`, deadline: 60_000, explain: () => daemon.log.slice(-20) },
  );
  const pids = await daemon.pids('web');
  expect(new Set(daemon.processes().map(({ pid }) => pid)), `seed ${seed}`).toEqual(new Set([daemon.pid, ...pids]));
  expect(await answering(daemon, 48), `seed ${seed}`).toEqual(new Set(pids));
  expect(zombiesOf(daemon.pid)).toEqual([]);
}

export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it ended meanwhile, which is what such a test is about.
  }
}
