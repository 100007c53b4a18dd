import { expect } from 'vitest';
import type { Daemon } from './daemon.ts';
import { answering, zombiesOf } from './puppet.ts';
import { until } from './until.ts';

/** After whatever was done to a daemon with three slots of `web`: it reaches three that serve, and knows of every process. */
export async function expectCalm(daemon: Daemon, seed: number): Promise<void> {
  for (const { pid } of daemon.processes()) signalIfThere(pid, 'SIGCONT');
  const calm = async (): Promise<boolean> => {
    const [web] = (await daemon.status()).programs;
    if (web === undefined || web.roll !== undefined) return false;
    if (web.slots.length !== 3) await daemon.api('POST', '/v1/scale', { program: 'web', workers: 3 });
    await daemon.api('POST', '/v1/start', { names: ['web'] });
    return (
      web.slots.length === 3 && web.slots.every(({ state, leaving }) => state === 'RUNNING' && leaving.length === 0)
    );
  };
  const what = `three slots to run (seed ${seed})`;
  await until(calm, { what, deadline: 60_000, explain: () => daemon.log.slice(-20) });
  const pids = await daemon.pids('web');
  // Whom nobody counted before he was killed is asked to leave, and is in no slot.
  const known = (): boolean =>
    new Set(daemon.processes().map(({ pid }) => pid)).symmetricDifference(new Set([daemon.pid, ...pids])).size === 0;
  await until(known, {
    what: `the daemon and ${pids.join(', ')} to be all (seed ${seed})`,
    explain: () => daemon.processes(),
  });
  expect(await answering(daemon, 48), `seed ${seed}`).toEqual(new Set(pids));
  expect(await daemon.pids('web'), `seed ${seed}`).toEqual(pids);
  await until(() => zombiesOf(daemon.pid).length === 0, { what: 'every child to be reaped' });
}

export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it ended meanwhile, which is what such a test is about.
  }
}
