import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import type { LogLine } from '../../harness/daemon-process.ts';
import { getText } from '../../harness/get-text.ts';
import { Hold } from '../../harness/hold.ts';
import { answering, broken, isAlive, puppet, slotsOf, statesOf } from '../../harness/puppet.ts';
import { Releases, serving } from '../../harness/releases.ts';
import { until } from '../../harness/until.ts';

/** Rolls that go well, and what may come in between. */

test('a roll replaces every worker and says so', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3 }) } });
  const before = await daemon.pids('web');
  const rolled = await daemon.ctl('roll', 'web');
  const after = await daemon.pids('web');
  expect(rolled.exitCode).toBe(0);
  const lines = rolled.stdout.trimEnd().split('\n');
  expect(lines.slice(0, 3).map((line) => line.replace(/ in .*/, ''))).toEqual(
    after.map((pid, slot) => `web:${slot}: replaced by pid ${pid}`),
  );
  expect(lines[3]).toMatch(/^web: rolled 3 workers to generation 2 in /);
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  expect(await answering(daemon, 48)).toEqual(new Set(after));
});

test('a second roll at once is refused with 1 and changes nothing; --no-wait and a ctl that is interrupted do not end a roll', async () => {
  using hold = new Hold();
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3 }, hold.environment) } });
  hold.begin();
  expect(await daemon.ctl('roll', 'web', '--no-wait')).toMatchObject({ exitCode: 0 });
  const second = await daemon.ctl('roll', 'web', '--json');
  expect(second.exitCode).toBe(1);
  expect(second.json().error).toMatchObject({ code: 'ROLL_IN_PROGRESS' });
  expect(await daemon.ctl('restart', 'web')).toMatchObject({ exitCode: 1 });
  expect(await daemon.ctl('scale', 'web', '5')).toMatchObject({ exitCode: 1 });
  hold.end();
  await daemon.waitForLog('rollFinished');
  expect((await slotsOf(daemon)).map(({ generation }) => generation)).toEqual([2, 2, 2]);

  hold.begin();
  const watching = daemon.startCtl('roll', 'web');
  await daemon.waitForLog('spawned', ({ generation }) => generation === 3);
  expect(watching.kill('SIGINT')).toBe(true);
  expect(await watching.ended).toMatchObject({ exitCode: 130, stderr: expect.stringContaining('The roll goes on') });
  hold.end();
  await daemon.waitForLog('rollFinished', ({ generation }) => generation === 3);
  expect((await slotsOf(daemon)).map(({ generation }) => generation)).toEqual([3, 3, 3]);
});

test('a worker that is killed while its replacement starts is succeeded by it', async () => {
  using hold = new Hold();
  await using daemon = await startDaemon({ programs: { web: puppet({}, hold.environment) } });
  const [first] = await daemon.pids('web');
  hold.begin();
  const roll = daemon.ctl('roll', 'web');
  await daemon.waitForLog('spawned', ({ generation }) => generation === 2);
  process.kill(first ?? 0, 'SIGKILL');
  await daemon.waitForLog('exited', ({ how }) => how === 'killed by SIGKILL');
  hold.end();
  expect(await roll).toMatchObject({ exitCode: 0 });
  const slots = await slotsOf(daemon);
  expect(slots.map(({ state, generation }) => [state, generation])).toEqual([
    ['RUNNING', 2],
    ['RUNNING', 2],
  ]);
  expect(daemon.processes().length).toBe(3); // the daemon and two workers
});

test.for([
  [{ maxSurge: 0, maxUnavailable: 1 }, 1],
  [{ maxSurge: 0, maxUnavailable: 2 }, 2],
  [{ maxSurge: 2, maxUnavailable: 0 }, 0],
  [{ maxSurge: 1, maxUnavailable: 0, pause: '300ms' }, 0],
] as const)('with %o at most %i workers are missing', async ([roll, missing]) => {
  await using daemon = await startDaemon({
    programs: { web: puppet({ workers: 4, roll: { minReady: '100ms', ...roll } }) },
  });
  const before = await daemon.pids('web');
  let fewest = 4;
  let over = false;
  const rolled = daemon.ctl('roll', 'web').finally(() => (over = true));
  await until(
    async () => {
      fewest = Math.min(fewest, (await slotsOf(daemon)).filter(({ ready }) => ready).length);
      return over;
    },
    { what: 'the roll to end', deadline: 60_000, interval: 5 },
  );
  expect(await rolled).toMatchObject({ exitCode: 0 });
  expect(fewest).toBeGreaterThanOrEqual(4 - missing);
  expect(before.filter(isAlive)).toEqual([]);
  const gaps = pauses(daemon.log);
  // 300 ms on the clock of the decisions; a log line is dated when it is written, which may be later.
  if ('pause' in roll) for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(250);
});

test('a stopped program is not rolled; a slot stopped by hand stays stopped through a roll', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await daemon.ctl('stop', 'web:1');
  expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
  expect(await statesOf(daemon)).toEqual(['RUNNING', 'STOPPED']);
  await daemon.ctl('start', 'web:1');
  expect((await slotsOf(daemon)).map(({ generation }) => generation)).toEqual([2, 2]);
  await daemon.ctl('stop', 'web');
  expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 7 });
  expect(await daemon.ctl('roll')).toMatchObject({ exitCode: 0 });
  expect(await statesOf(daemon)).toEqual(['STOPPED', 'STOPPED']);
});

test('a FATAL program comes back by a roll', async () => {
  await using daemon = await startDaemon({
    programs: { web: broken('bad-throws-at-boot.cjs', { startRetries: 0 }) },
    wait: 'answers',
  });
  await until(async () => (await statesOf(daemon)).join() === 'FATAL,FATAL', { what: 'FATAL' });
  await daemon.rewrite({ programs: { web: puppet({ startRetries: 0 }) } });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  expect((await answering(daemon)).size).toBe(2);
});

test('the release behind a symbolic link changes with a roll; a crash in a failed roll brings back the old release', async () => {
  await using releases = await Releases.create();
  await releases.deploy('one', serving('one'));
  const web = puppet({
    directory: releases.current,
    command: [process.execPath, 'app.cjs'],
    roll: { minReady: '0s' },
    readiness: { timeout: '4s' },
  });
  await using daemon = await startDaemon({ programs: { web } });
  const [first] = await daemon.pids('web');
  await releases.deploy('two', 'setInterval(() => {}, 60_000)'); // never listens
  const roll = daemon.ctl('roll', 'web');
  await daemon.waitForLog('spawned', ({ generation }) => generation === 2);
  process.kill((await daemon.pids('web'))[1] ?? 0, 'SIGKILL');
  expect(await roll).toMatchObject({ exitCode: 7 });
  await until(async () => (await statesOf(daemon)).join() === 'RUNNING,RUNNING', { what: 'both to run' });
  expect((await daemon.pids('web'))[0]).toBe(first);
  for (let n = 0; n < 12; n++) expect(await getText(daemon.port())).toMatch(/^one /);
  await releases.deploy('three', serving('three'));
  expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
  for (let n = 0; n < 12; n++) expect(await getText(daemon.port())).toMatch(/^three /);
  await releases.deploy('four', serving('four'));
  await daemon.ctl('stop', 'web');
  await daemon.ctl('start', 'web');
  for (let n = 0; n < 12; n++) expect(await getText(daemon.port())).toMatch(/^four /);
  await releases.deploy('five', serving('five'));
  await daemon.ctl('restart', 'web');
  for (let n = 0; n < 12; n++) expect(await getText(daemon.port())).toMatch(/^five /);
});

/** ms from one slot's old worker being gone to the next replacement's start. */
function pauses(log: readonly LogLine[]): number[] {
  const gone = log.filter(({ event }) => event === 'exited').map(timeOf);
  const spawned = log.filter(({ event, generation }) => event === 'spawned' && generation === 2).map(timeOf);
  return spawned.slice(1).map((at, n) => at - (gone[n] ?? 0));
}

function timeOf({ time }: LogLine): number {
  return Date.parse(String(time));
}
