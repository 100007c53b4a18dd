import { execFileSync } from 'node:child_process';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { freePort } from '../../harness/free-port.ts';
import { getText } from '../../harness/get-text.ts';
import { failureNames } from '../../harness/loss-outcome.ts';
import type { LossReport } from '../../harness/loss-report.ts';
import { inNamespace, namespaceMissing } from '../../harness/network-namespace.ts';
import { rollTimes, underLoad } from '../../harness/roll-under-load.ts';
import { until } from '../../harness/until.ts';

/**
 * `bind: worker`: each worker opens its own SO_REUSEPORT socket. Promised: everything works, and what a worker has accepted
 * is drained. Not promised: what waits in the queue of a socket that closes, unless the kernel migrates it.
 */
const policy = { workers: 2, roll: { minReady: '0s' }, backoff: { initial: '50ms' }, stop: { drainTimeout: '5s' } };

const noFailures = Object.fromEntries(failureNames.map((name) => [name, 0]));

function start(app = 'target-plain.cjs', more: Readonly<Record<string, unknown>> = {}): Promise<Daemon> {
  const listen = [{ port: 0, host: '127.0.0.1', backlog: 777 }];
  const web = { bind: 'worker', command: [process.execPath, app], listen, ...policy, ...more };
  return startDaemon({ programs: { web } });
}

/** Pid and backlog of who listens on a port, by pid. */
function listenersOf(port: number): [pid: number, backlog: number][] {
  const rows = execFileSync('ss', ['-Hltnp', `sport = :${port}`], { encoding: 'utf8' });
  const found = [...rows.matchAll(/^LISTEN +\d+ +(\d+) .*pid=(\d+)/gm)];
  return found
    .map(([, backlog, pid]): [number, number] => [Number(pid), Number(backlog)])
    .toSorted(([left], [right]) => left - right);
}

/** Resolves when every one of them has answered. */
async function answeredBy(port: number, pids: readonly number[]): Promise<void> {
  const seen = new Set<number>();
  const all = async (): Promise<boolean> => {
    seen.add(Number(/\d+$/.exec((await getText(port)).trim())?.[0]));
    return pids.every((pid) => seen.has(pid));
  };
  await until(all, { what: `${pids.join(' and ')} to answer on ${port}`, interval: 1, explain: () => [...seen] });
}

test('each worker listens by itself, with the config’s backlog; its queue is in the kernel’s list', async () => {
  await using daemon = await start();
  const pids = await daemon.pids('web');
  expect(listenersOf(daemon.port())).toEqual(pids.toSorted((a, b) => a - b).map((pid) => [pid, 777]));
  await answeredBy(daemon.port(), pids);
  const { stdout } = await daemon.ctl('connections');
  expect(stdout).toMatch(/^web:0 +\d+ +RUNNING +\d+ +\S+ +\d+ +\S+ +\d+ +\d+ +\d+ +0 +- +\d+\.\d%$/m);
  expect((await daemon.ctl('status', '-v')).stdout).toContain('bind: worker');
});

test('rolls, crashes and scales under load; in the end all serve', async () => {
  await using daemon = await start();
  const [report] = await underLoad(daemon, {
    act: async () => {
      await rollTimes(daemon, 3);
      const [victim = 0] = await daemon.pids('web');
      process.kill(victim, 'SIGKILL');
      await until(async () => !(await daemon.pids('web')).includes(victim), { what: 'the crash to be seen' });
      await daemon.waitUntil('ready');
      for (const count of ['4', '1', '3']) expect((await daemon.ctl('scale', 'web', count)).exitCode).toBe(0);
    },
  });
  // One worker served all the time, so nobody was turned away for want of a listener.
  expect(report?.oneShot.by).toMatchObject({ refused: 0, timedOut: 0, badStatus: 0 });
  const pids = await daemon.pids('web');
  expect(listenersOf(daemon.port()).map(([pid]) => pid)).toEqual(pids.toSorted((a, b) => a - b));
  expect(pids).toHaveLength(3);
  await answeredBy(daemon.port(), pids);
});

test('after a stop the port is nobody’s', async () => {
  await using daemon = await start();
  expect((await daemon.ctl('stop', 'web')).exitCode).toBe(0);
  await expect(getText(daemon.port())).rejects.toThrow('ECONNREFUSED');
  expect(daemon.processes().map(({ pid }) => pid)).toEqual([daemon.pid]);
});

test('http readiness asks the worker that it is about', async () => {
  const readiness = { type: 'http', path: '/healthz', timeout: '20s' };
  await using daemon = await start('warms-up.cjs', { readiness, environment: { WARM_AFTER: '2' } });
  const before = await daemon.pids('web');
  await rollTimes(daemon, 1);
  expect(await daemon.pids('web')).not.toEqual(before);
});

describe.for(['worker', 'slot'])('with bind: %s, a port that the config does not name', (bind) => {
  test('is served by all workers, also after a roll', async () => {
    const extra = await freePort();
    await using daemon = await start('extra-port.cjs', { bind, environment: { EXTRA_PORT: String(extra) } });
    await answeredBy(extra, await daemon.pids('web'));
    await rollTimes(daemon, 1);
    await answeredBy(extra, await daemon.pids('web'));
    await answeredBy(daemon.port(), await daemon.pids('web'));
  });
});

async function rollsWith(migrate: '0' | '1'): Promise<LossReport> {
  const sysctls = { 'net.ipv4.tcp_migrate_req': migrate };
  return (await inNamespace({ sysctls, script: 'namespace-rolls-main.ts', args: ['10'] })).json();
}

describe('in a network of its own', async () => {
  const missing = await namespaceMissing();

  beforeEach(({ skip }) => {
    if (missing !== undefined) console.warn(`skipped: ${missing}`);
    skip(missing !== undefined, missing);
  });

  test('with net.ipv4.tcp_migrate_req=1 ten rolls and three scalings lose nothing', async () => {
    expectNoLoss([await rollsWith('1')]);
  });

  test('without it, what waits in a queue that closes is reset; what was accepted is drained all the same', async () => {
    const { oneShot, keepAlive } = await rollsWith('0');
    expect(oneShot.by).toEqual({
      ...noFailures,
      resetBefore: oneShot.by.resetBefore,
      resetAfter: oneShot.by.resetAfter,
    });
    expect(keepAlive.by).toMatchObject({ keepAliveFailed: 0, refused: 0, timedOut: 0 });
  });
});
