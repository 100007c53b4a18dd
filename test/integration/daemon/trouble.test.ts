import { spawn } from 'node:child_process';
import { mkdir, rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { answering, isAlive, outcome, puppet, slotsOf, statesOf, untilStates } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** Trouble that comes from the machine, and what heals it. */

test('a port that was taken while the program was stopped fails its start; once it is free, a start goes well', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await daemon.ctl('stop', 'web');
  const thief = createServer().listen(daemon.port(), '127.0.0.1');
  await once(thief, 'listening');
  const failed = await daemon.ctl('start', 'web');
  expect(failed).toMatchObject({ exitCode: 7, stdout: 'web:0: ERROR (spawn error)\nweb:1: ERROR (spawn error)\n' });
  expect(failed.stderr).toContain(`in use by pid ${process.pid}`);
  expect(await statesOf(daemon)).toEqual(['FATAL', 'FATAL']);
  expect(daemon.processes()).toHaveLength(1);
  thief.close();
  await once(thief, 'close');
  expect(await daemon.ctl('start', 'web')).toMatchObject({ exitCode: 0 });
  expect((await answering(daemon)).size).toBe(2);
});

test('a log directory that is gone fails the next worker with its reason, and heals', async () => {
  const slow = { initial: '300ms', max: '300ms', jitter: 0 };
  await using daemon = await startDaemon({
    programs: { web: puppet({ workers: 1, startRetries: 50, backoff: slow }) },
  });
  const [pid = 0] = await daemon.pids('web');
  await rename(join(daemon.directory, 'log'), join(daemon.directory, 'log-away'));
  process.kill(pid, 'SIGKILL');
  await until(async () => (await slotsOf(daemon))[0]?.failure?.includes('cannot open the log') === true, {
    what: 'the reason to be shown',
  });
  await mkdir(join(daemon.directory, 'log'));
  await untilStates(daemon, ['RUNNING']);
  expect(await getText(daemon.port())).toMatch(/^r0 /);
});

test('a frozen worker is stopped by its deadlines', async () => {
  const stop = { idleTimeout: '0s', drainTimeout: '500ms', killTimeout: '500ms' };
  await using daemon = await startDaemon({ programs: { web: puppet({ stop }) } });
  const [first = 0, second = 0] = await daemon.pids('web');
  process.kill(second, 'SIGSTOP');
  expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
  expect([first, second].filter(isAlive)).toEqual([]);
  const [third = 0] = await daemon.pids('web');
  process.kill(third, 'SIGSTOP');
  expect(await daemon.ctl('stop', 'web')).toMatchObject({ exitCode: 0 });
  expect(daemon.processes()).toHaveLength(1);
});

test('bind: worker goes through the same life', async () => {
  const web = puppet({ bind: 'worker', workers: 2 });
  await using daemon = await startDaemon({ programs: { web } });
  expect((await answering(daemon)).size).toBe(2);
  expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
  expect(await daemon.ctl('scale', 'web', '3')).toMatchObject({ exitCode: 0 });
  expect((await answering(daemon, 48)).size).toBe(3);
  process.kill((await daemon.pids('web'))[0] ?? 0, 'SIGKILL');
  await until(async () => (await slotsOf(daemon))[0]?.restarts === 2 && (await statesOf(daemon))[0] === 'RUNNING', {
    what: 'the killed worker to be back',
  });
  expect(await daemon.ctl('stop', 'web:1')).toMatchObject({ exitCode: 0 });
  expect((await answering(daemon, 48)).size).toBe(2);
  expect(await daemon.ctl('stop', 'web')).toMatchObject({ exitCode: 0 });
  expect(await outcome(getText(daemon.port()))).toBe('ECONNREFUSED');
  expect(await daemon.ctl('start', 'web')).toMatchObject({ exitCode: 0 });
});

test('a stranger that joins a program’s port while it runs is reported with pid and command', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const source = `require('node:net').createServer((s) => s.end()).listen({ port: ${daemon.port()}, host: '127.0.0.1', reusePort: true })`;
  const stranger = spawn(process.execPath, ['-e', source], { stdio: 'ignore' });
  try {
    const line = await daemon.waitForLog('stranger', () => true, 60_000);
    expect(JSON.stringify(line)).toContain(String(stranger.pid));
  } finally {
    stranger.kill('SIGKILL');
  }
});

test('a daemon whose output nobody reads any more goes on', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  daemon.closeOutput();
  expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
  expect(await daemon.ctl('restart', 'web')).toMatchObject({ exitCode: 0 });
  expect((await answering(daemon)).size).toBe(2);
});
