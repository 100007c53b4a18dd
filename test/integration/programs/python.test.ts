import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freezeAndCount } from '../../harness/accepted-connections.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { fixtureApps } from '../../harness/daemon-config.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { getText } from '../../harness/get-text.ts';
import { describeLoss } from '../../harness/loss-report.ts';
import { rollTimes, rollUnderLoad, underLoad } from '../../harness/roll-under-load.ts';
import { until } from '../../harness/until.ts';

/** A program in another language: sockets by LISTEN_FDS, readiness proved from outside, the stop signal is its drain. */
const stop = { killTimeout: '10s' };
const backoff = { initial: '50ms' };
const roll = { minReady: '0s' };
const web = { command: ['/usr/bin/python3', 'listen-fds.py'], workers: 2, stop, backoff, roll };

async function connectionsOf(daemon: Daemon): Promise<string[][]> {
  const { stdout } = await daemon.ctl('connections');
  return stdout.split('\n').map((line) => line.trim().split(/\s{2,}/));
}

test('gets its slot’s socket, and is ready when it accepts', async () => {
  await using daemon = await startDaemon({ programs: { web } });
  const [one, two] = await daemon.pids('web');
  const seen = new Set<string>();
  await until(async () => seen.add(await getText(daemon.port())).size === 2, { what: 'both workers to answer' });
  expect(seen).toEqual(new Set([`${daemon.port()} ${one}\n`, `${daemon.port()} ${two}\n`]));
});

test('what nobody counts is a dash; the queue is the kernel’s', async () => {
  await using daemon = await startDaemon({
    programs: { web: { ...web, listen: [{ port: 0, host: '127.0.0.1', backlog: 300 }] } },
  });
  const row = async (): Promise<string | undefined> => (await connectionsOf(daemon))[1]?.slice(2).join(' ');
  let shown: string | undefined;
  // Its end of the probe that proved it ready may be open for a moment yet, and the kernel counts it.
  const isSo = async (): Promise<boolean> => (shown = await row()) === 'RUNNING - - 0 - - - - 0/300 0 50.0%';
  await until(isSo, { what: 'the row', explain: () => shown });
});

test('ten rolls under load lose nothing', async () => {
  await using daemon = await startDaemon({ programs: { web } });
  expectNoLoss(await rollUnderLoad(daemon, 10));
});

test('finds its sockets by their names, and rolls on both', async () => {
  const listen = [
    { port: 0, host: '127.0.0.1', name: 'public' },
    { port: 0, host: '::1', name: 'inner' },
  ];
  await using daemon = await startDaemon({ programs: { web: { ...web, listen } } });
  expect(await getText(daemon.port(0))).toMatch(/^public \d+\n$/);
  expect(await getText(daemon.port(1), '/', '::1')).toMatch(/^inner \d+\n$/);
  const loads = [{ port: daemon.port(0) }, { port: daemon.port(1), host: '::1' }];
  expectNoLoss(await rollUnderLoad(daemon, 3, loads));
});

test('a crash loses at most what was accepted, and the next one serves on the same socket', async () => {
  await using daemon = await startDaemon({ programs: { web } });
  let accepted = 0;
  const [report] = await underLoad(daemon, {
    act: async () => {
      const [victim = 0] = await daemon.pids('web');
      accepted = await freezeAndCount(victim, daemon.port());
      process.kill(victim, 'SIGKILL');
      await daemon.waitForLog('ready', ({ worker, slot }) => slot === 0 && Number(worker) > 2);
    },
  });
  if (report === undefined) throw new Error('one load, one report');
  const seen = describeLoss(report);
  expect(report.oneShot.failed + report.keepAlive.failed, seen).toBeLessThanOrEqual(accepted);
  for (const { by } of [report.oneShot, report.keepAlive]) expect(by, seen).toMatchObject({ refused: 0, timedOut: 0 });
});

test('stop waits for the answer that is open, signals once, and leaves nothing behind', async () => {
  await using daemon = await startDaemon({ programs: { web: { ...web, workers: 1 } } });
  const slow = getText(daemon.port(), '/slow');
  await until(async () => (await getText(daemon.port())) !== '', { what: 'an answer beside the slow one' });
  const [stopped, text] = await Promise.all([daemon.ctl('stop', 'web'), slow]);
  expect(stopped.exitCode, stopped.stderr).toBe(0);
  expect(text).toMatch(/^\d+ \d+\n$/);
  expect(daemon.processes().map(({ pid }) => pid)).toEqual([daemon.pid]);
  const { slots } = (await daemon.status()).programs[0] ?? { slots: [] };
  expect(readFileSync(slots[0]?.logs.stdout ?? '', 'utf8')).toBe('stopped by one signal\n');
});

test('starts and rolls after a stop: its socket is as good as new', async () => {
  await using daemon = await startDaemon({ programs: { web: { ...web, workers: 1 } } });
  expect((await daemon.ctl('stop', 'web')).exitCode).toBe(0);
  expect((await daemon.ctl('start', 'web')).exitCode).toBe(0);
  await rollTimes(daemon, 1);
  expect(await getText(daemon.port())).toMatch(/^\d+ \d+\n$/);
});

test('a server that simply waits in accept() comes back on the socket of a slot that was stopped alone', async () => {
  const command = ['/usr/bin/python3', join(fixtureApps, '../systemd-server.py')];
  await using daemon = await startDaemon({ programs: { web: { ...web, command } } });
  expect((await daemon.ctl('stop', 'web:0')).exitCode).toBe(0);
  const started = await daemon.ctl('start', 'web:0');
  expect(started.exitCode, started.stdout + started.stderr).toBe(0);
  await daemon.waitUntil('ready');
  expect(daemon.log.map(({ event }) => event)).not.toContain('failed');
});
