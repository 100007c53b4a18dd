import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { getText } from '../../harness/get-text.ts';
import { prepareGunicorn } from '../../harness/gunicorn.ts';
import { rollUnderLoad, underLoad } from '../../harness/roll-under-load.ts';
import { until } from '../../harness/until.ts';

/** Debian's gunicorn, unmodified: an arbiter and its worker in each slot. */
const missing = await prepareGunicorn();

beforeEach(({ skip }) => {
  if (missing !== undefined) console.warn(`skipped: ${missing}`);
  skip(missing !== undefined, missing);
});

const directory = join(import.meta.dirname, '../../../config/examples/gunicorn');

function start(options: readonly string[], workers = 2): Promise<Daemon> {
  const command = ['gunicorn', '--workers', '1', ...options, 'app'];
  const policy = { backoff: { initial: '50ms' }, roll: { minReady: '0s' }, stop: { killTimeout: '10s' } };
  const listen = [{ port: 0, host: '127.0.0.1', backlog: 700 }];
  return startDaemon({ programs: { web: { command, directory, workers, listen, ...policy } } });
}

test('is ready when its worker accepts, on the slot’s socket and with the slot’s backlog', async () => {
  await using daemon = await start([]);
  expect(await getText(daemon.port())).toMatch(/^pid \d+, slot [01]\n$/);
  // Its own listen(2048) has been undone; what it has open the kernel counts.
  const { stdout } = await daemon.ctl('connections');
  expect(stdout).toMatch(/^web:0 +\d+ +RUNNING +- +- +\d+ +- +- +- +- +0\/700 +0 +50\.0%$/m);
  const { programs } = (await daemon.api('GET', '/v1/connections')).json();
  expect(programs[0].slots[0]).not.toHaveProperty('open');
});

test.for([
  ['sync workers', []],
  ['threads', ['--threads', '4', '--keep-alive', '0']],
] as const)('ten rolls of %s under load lose nothing', async ([, options]) => {
  await using daemon = await start(options);
  expectNoLoss(await rollUnderLoad(daemon, 10));
});

test('an arbiter that is killed loses at most what its worker had accepted; nothing of it stays', async () => {
  await using daemon = await start([]);
  const [report] = await underLoad(daemon, {
    act: async () => {
      const [victim = 0] = await daemon.pids('web');
      process.kill(victim, 'SIGKILL');
      await daemon.waitForLog('ready', ({ worker, slot }) => slot === 0 && Number(worker) > 2);
      expect(await daemon.pids('web')).not.toContain(victim);
      // Two arbiters with a worker each, and the daemon.
      await until(() => daemon.processes().length === 5, { what: 'five processes', explain: () => daemon.processes() });
    },
  });
  const failed = (report?.oneShot.failed ?? 0) + (report?.keepAlive.failed ?? 0);
  // A sync worker has one connection at a time.
  expect(failed).toBeLessThanOrEqual(1);
});

test('an app that does not boot is a failure, with gunicorn’s own words', async () => {
  await using daemon = await startDaemon({
    wait: 'answers',
    programs: { web: { command: ['gunicorn', 'nosuchapp'], directory, workers: 1, startRetries: 0 } },
  });
  expect(await daemon.waitForLog('fatal')).toMatchObject({ why: 'exit status 3 before it was ready' });
});

test('stop leaves nothing behind, and clients are refused', async () => {
  await using daemon = await start([]);
  const stopped = await daemon.ctl('stop', 'web');
  expect(stopped.exitCode, stopped.stderr).toBe(0);
  expect(daemon.processes().map(({ pid }) => pid)).toEqual([daemon.pid]);
  await expect(getText(daemon.port())).rejects.toThrow('ECONNREFUSED');
});
