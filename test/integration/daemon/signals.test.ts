import { expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { Hold } from '../../harness/hold.ts';
import { answering, broken, inFlight, outcome, patient, puppet, slotsOf, untilStates } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** What the daemon does on a signal, alone and while it is busy. */

test.for(['SIGTERM', 'SIGINT'] as const)(
  '%s lets a slow request finish, refuses new ones, and exits with 0',
  async (signal) => {
    using hold = new Hold();
    const web = puppet({ stop: patient }, hold.environment);
    await using daemon = await startDaemon({ programs: { web, other: puppet({ workers: 1 }) } });
    hold.begin();
    const slow = getText(daemon.port(), '/held');
    await until(async () => (await inFlight(daemon)) === 1, { what: 'the request to be under way' });
    daemon.kill(signal);
    await daemon.waitForLog('shuttingDown', ({ why }) => why === signal);
    await until(async () => (await outcome(getText(daemon.port()))) === 'ECONNREFUSED', {
      what: 'clients to be refused',
    });
    expect(await daemon.ctl('start', 'web')).toMatchObject({ exitCode: 1 });
    daemon.kill(signal);
    await daemon.waitForLog('signalIgnored');
    hold.end();
    expect(await slow).toMatch(/^r0 \d+$/);
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
    expect(daemon.processes()).toEqual([]);
  },
);

test('SIGTERM while workers start, fail and are rolled leaves nothing behind', async () => {
  using hold = new Hold();
  hold.begin();
  await using daemon = await startDaemon({
    programs: {
      web: puppet({ roll: { minReady: '5s' } }),
      slow: puppet({}, hold.environment),
      loop: puppet({ workers: 1, backoff: { initial: '5s' } }, { LIVE_MS: '10' }),
      fatal: broken('bad-throws-at-boot.cjs', { startRetries: 0 }),
    },
    wait: 'answers',
  });
  await untilStates(daemon, ['BACKOFF'], 'loop');
  await untilStates(daemon, ['FATAL', 'FATAL'], 'fatal');
  await untilStates(daemon, ['STARTING', 'STARTING'], 'slow');
  const roll = daemon.ctl('roll', 'web');
  await daemon.waitForLog('ready', ({ program, generation }) => program === 'web' && generation === 2);
  daemon.kill('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  expect((await roll).exitCode).not.toBe(0);
  expect(daemon.processes()).toEqual([]);
});

test('programs start lowest priority first and stop highest first, each after the one before', async () => {
  using hold = new Hold();
  const front = puppet({ workers: 1, priority: 20, stop: patient }, hold.environment);
  const base = puppet({ workers: 1, priority: 10 });
  await using daemon = await startDaemon({ programs: { front, base } });
  expect(programsOf(daemon, 'spawned')).toEqual(['base', 'front']);
  hold.begin();
  const slow = getText(daemon.port(), '/held');
  await until(async () => (await inFlight(daemon, 'front')) === 1, { what: 'the request to be under way' });
  daemon.kill('SIGTERM');
  await daemon.waitForLog('shuttingDown');
  await untilStates(daemon, ['STOPPING'], 'front');
  expect(await getText(daemon.port(1))).toMatch(/^r0 /);
  hold.end();
  await slow;
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  expect(programsOf(daemon, 'exited')).toEqual(['front', 'base']);
});

test('SIGTERM in the middle of an update begins nothing new', async () => {
  using hold = new Hold();
  const web = puppet({ workers: 1, stop: patient }, hold.environment);
  await using daemon = await startDaemon({ programs: { web } });
  hold.begin();
  const slow = getText(daemon.port(), '/held');
  await until(async () => (await inFlight(daemon)) === 1, { what: 'the request to be under way' });
  // Another backlog costs a stop and a start; the stop waits for the slow request.
  const listen = [{ port: 0, host: '127.0.0.1', backlog: 77 }];
  await daemon.rewrite({ programs: { web: { ...web, listen }, added: puppet({ workers: 1 }) } });
  const update = daemon.ctl('update');
  await until(async () => (await slotsOf(daemon))[0]?.state === 'STOPPING', { what: 'the update to stop web' });
  daemon.kill('SIGTERM');
  await daemon.waitForLog('shuttingDown');
  hold.end();
  await slow;
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  expect((await update).exitCode).toBe(1);
  expect(daemon.log.filter(({ event }) => event === 'spawned')).toHaveLength(1);
  expect(daemon.processes()).toEqual([]);
});

test('SIGHUP applies what changed and touches nothing else', async () => {
  const [web, other] = [puppet(), puppet({ workers: 1 })];
  await using daemon = await startDaemon({ programs: { web, other } });
  const [webPids, otherPids] = [await daemon.pids('web'), await daemon.pids('other')];

  await daemon.rewrite({ programs: { web: { ...web, workers: 3 }, other } });
  await hup(daemon, 1);
  expect((await daemon.pids('web')).slice(0, 2)).toEqual(webPids);
  expect(await daemon.pids('web')).toHaveLength(3);

  await daemon.rewrite({ programs: { web: { ...web, workers: 3, environment: { RELEASE: 'r1' } }, other } });
  await hup(daemon, 2);
  expect((await slotsOf(daemon)).map(({ generation }) => generation)).toEqual([2, 2, 2]);
  expect(await getText(daemon.port())).toMatch(/^r1 /);
  expect((await daemon.pids('web')).filter((pid) => webPids.includes(pid))).toEqual([]);

  await daemon.rewrite({ programs: { web: { ...web, workers: 'many' }, other } });
  const before = await daemon.pids('web');
  daemon.kill('SIGHUP');
  const failed = await daemon.waitForLog('updateFailed');
  expect(JSON.stringify(failed)).toMatch(/CONFIG_INVALID.*workers/);
  expect(await daemon.pids('web')).toEqual(before);
  expect(await daemon.pids('other')).toEqual(otherPids);
});

test('a SIGHUP during an update is not forgotten', async () => {
  const web = puppet({ roll: { minReady: '500ms' } });
  await using daemon = await startDaemon({ programs: { web } });
  await daemon.rewrite({ programs: { web: { ...web, environment: { RELEASE: 'r1' } } } });
  daemon.kill('SIGHUP');
  await daemon.waitForLog('rollStarted');
  await daemon.rewrite({ programs: { web: { ...web, environment: { RELEASE: 'r2' } } } });
  daemon.kill('SIGHUP');
  daemon.kill('SIGHUP');
  await daemon.waitForLog('rollFinished', ({ generation }) => generation === 3);
  expect(await getText(daemon.port())).toMatch(/^r2 /);
});

test('SIGUSR1 rolls what runs', async () => {
  await using daemon = await startDaemon({
    programs: { web: puppet(), off: puppet({ autostart: false }) },
    wait: 'answers',
  });
  await untilStates(daemon, ['RUNNING', 'RUNNING']);
  const before = await daemon.pids('web');
  daemon.kill('SIGUSR1');
  await daemon.waitForLog('rollFinished');
  expect((await daemon.pids('web')).filter((pid) => before.includes(pid))).toEqual([]);
  expect((await answering(daemon)).size).toBe(2);
  await untilStates(daemon, ['STOPPED', 'STOPPED'], 'off');
});

function programsOf(daemon: Daemon, event: string): readonly unknown[] {
  return daemon.log.filter((line) => line.event === event).map(({ program }) => program);
}

/** Sends SIGHUP, and waits until the n-th update is through. */
async function hup(daemon: Daemon, n: number): Promise<void> {
  daemon.kill('SIGHUP');
  await until(() => daemon.log.filter(({ event }) => event === 'updated').length === n, { what: `update ${n}` });
}
