import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { statOf } from '../../../src/linux/procfs.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { answering, outcome, puppet, slotsOf, statesOf, untilStates } from '../../harness/puppet.ts';
import { getText } from '../../harness/get-text.ts';
import { underLoad } from '../../harness/roll-under-load.ts';
import { until } from '../../harness/until.ts';

/** The supervisor dies, or replaces itself, and nobody outside may notice. */

test('a supervisor that is killed ten times under load costs no connection, and no worker is started twice', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3 }) } });
  const before = await daemon.pids('web');
  const reports = await underLoad(daemon, {
    act: async () => {
      for (let n = 0; n < 10; n += 1) {
        await daemon.succeed();
        expect(await daemon.pids('web')).toEqual(before);
      }
    },
  });
  expectNoLoss(reports);
  expect((await slotsOf(daemon)).map(({ restarts }) => restarts)).toEqual([0, 0, 0]);
  expect(workersOf(daemon)).toEqual(before.toSorted((one, other) => one - other));
});

test('what was adopted is rolled, scaled and stopped like any other worker, losing nothing', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const before = await daemon.pids('web');
  const reports = await underLoad(daemon, {
    act: async () => {
      await daemon.succeed();
      expect((await daemon.ctl('roll', 'web')).exitCode).toBe(0);
      await daemon.succeed();
      expect((await daemon.ctl('scale', 'web', '4')).exitCode).toBe(0);
      await daemon.succeed();
      expect((await daemon.ctl('scale', 'web', '2')).exitCode).toBe(0);
      await daemon.succeed('answers');
      await until(async () => (await slotsOf(daemon)).length === 2, { what: 'two slots' });
    },
  });
  expectNoLoss(reports);
  expect((await daemon.pids('web')).some((pid) => before.includes(pid))).toBe(false);
  const sent = await daemon.api('POST', '/v1/stdin', { name: 'web:1', text: 'x\n' });
  expect(sent.json()).toEqual({ pid: (await daemon.pids('web'))[1] });
  expect(await daemon.ctl('stop', 'web')).toMatchObject({ exitCode: 0 });
  expect(workersOf(daemon)).toEqual([]);
});

test('a supervisor killed in the middle of a roll leaves a roll that goes on', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3, roll: { minReady: '300ms' } }) } });
  const before = await daemon.pids('web');
  const reports = await underLoad(daemon, {
    act: async () => {
      await daemon.api('POST', '/v1/roll', { programs: ['web'], wait: false });
      await daemon.waitForLog('replaced');
      await daemon.succeed();
      await until(async () => (await daemon.status()).programs[0]?.roll === undefined, { what: 'the roll to end' });
    },
  });
  expectNoLoss(reports);
  const program = (await daemon.status()).programs[0];
  expect(program?.generation).toBe(2);
  expect(program?.slots.map(({ generation }) => generation)).toEqual([2, 2, 2]);
  expect((await daemon.pids('web')).some((pid) => before.includes(pid))).toBe(false);
});

test('workers that died while nobody looked are started again', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3 }) } });
  const before = await daemon.pids('web');
  daemon.kill('SIGKILL');
  await daemon.exited;
  process.kill(before[1] ?? 0, 'SIGKILL');
  await daemon.succeed();
  const after = await daemon.pids('web');
  expect([after[0], after[2]]).toEqual([before[0], before[2]]);
  expect(after[1]).not.toBe(before[1]);
  expect((await answering(daemon)).size).toBe(3);
});

test('the end of an adopted worker is noticed, and its place is filled', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await daemon.succeed();
  const [first = 0] = await daemon.pids('web');
  process.kill(first, 'SIGKILL');
  await until(async () => !(await daemon.pids('web')).includes(first), { what: 'the death to be noticed' });
  await untilStates(daemon, ['RUNNING', 'RUNNING']);
  expect((await slotsOf(daemon)).map(({ restarts }) => restarts)).toEqual([1, 0]);
});

test('a program in another language is adopted by its pid, and its sockets with it', async () => {
  const command = ['/usr/bin/python3', 'listen-fds.py'];
  await using daemon = await startDaemon({ programs: { web: puppet({ command }) } });
  const before = await daemon.pids('web');
  const reports = await underLoad(daemon, { act: () => daemon.succeed() });
  expectNoLoss(reports);
  expect(await daemon.pids('web')).toEqual(before);
});

test('without its state file the supervisor finds the workers by their environment', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3 }) } });
  const before = await daemon.pids('web');
  const state = join(daemon.directory, 'state.json');
  const reports = await underLoad(daemon, {
    act: async () => {
      daemon.kill('SIGKILL');
      await daemon.exited;
      const text = await readFile(state, 'utf8');
      await writeFile(state, text.slice(0, text.length / 2));
      await daemon.succeed();
    },
  });
  expectNoLoss(reports);
  expect(await daemon.pids('web')).toEqual(before);
  expect(daemon.log.find(({ event }) => event === 'stateUnusable')?.['why']).toMatch(
    /torn.*kept as .*state\.json\.aside/,
  );
  expect(daemon.log.find(({ event }) => event === 'stateLost')).toMatchObject({ programs: ['web'] });
  expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
});

test('without its state file the supervisor also fills the slots whose workers are gone, as the config wants it', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3 }) } });
  const [first = 0, second = 0, third = 0] = await daemon.pids('web');
  daemon.kill('SIGKILL');
  await daemon.exited;
  process.kill(second, 'SIGKILL');
  await writeFile(join(daemon.directory, 'state.json'), '');
  await daemon.succeed();
  await untilStates(daemon, ['RUNNING', 'RUNNING', 'RUNNING']);
  const after = await daemon.pids('web');
  expect([after[0], after[2]]).toEqual([first, third]);
  expect(after[1]).not.toBe(second);
});

test.for<[string, (text: string) => string, RegExp]>([
  ['of another version', (text) => text.replace('"version":1', '"version":99'), /is of version 99/],
  ['of another boot', (text) => text.replace(/"boot":"[^"]+"/, '"boot":"0"'), /is of another boot/],
  ['not ours', () => 'hello\n', /is not a state of portherd/],
  ['empty', () => '', /is not a state of portherd/],
])('a state file that is %s is set aside with a warning', async ([, spoil, said]) => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const before = await daemon.pids('web');
  daemon.kill('SIGKILL');
  await daemon.exited;
  const state = join(daemon.directory, 'state.json');
  await writeFile(state, spoil(await readFile(state, 'utf8')));
  await daemon.succeed();
  expect(daemon.log.find(({ event }) => event === 'stateUnusable')?.['why']).toMatch(said);
  expect(await daemon.pids('web')).toEqual(before);
});

test('a state that cannot be written is told of once, and written when that has passed', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const inTheWay = join(daemon.directory, 'state.json.next');
  await mkdir(inTheWay);
  expect(await daemon.ctl('restart', 'web')).toMatchObject({ exitCode: 0 });
  expect(await daemon.ctl('restart', 'web:0')).toMatchObject({ exitCode: 0 });
  expect(daemon.log.filter(({ event }) => event === 'stateNotSaved')).toHaveLength(1);
  // What the older state does not know is found by its environment.
  const before = await daemon.pids('web');
  await daemon.succeed();
  expect((await daemon.pids('web')).length).toBe(2);
  await until(() => Promise.resolve(workersOf(daemon).length === 2), { what: 'strays to leave', deadline: 40_000 });
  await rmdir(inTheWay);
  expect(before).toHaveLength(2);
  expect(await daemon.ctl('restart', 'web:1')).toMatchObject({ exitCode: 0 });
  const after = await daemon.pids('web');
  await daemon.succeed();
  expect(await daemon.pids('web')).toEqual(after);
});

test('a slot that no state could tell of leaves in order, and its program goes on as any other', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const [first = 0, second = 0] = await daemon.pids('web');
  await mkdir(join(daemon.directory, 'state.json.next'));
  expect(await daemon.ctl('scale', 'web', '3')).toMatchObject({ exitCode: 0 });
  const reports = await underLoad(daemon, { act: () => daemon.succeed() });
  expectNoLoss(reports);
  await until(() => Promise.resolve(workersOf(daemon).length === 2), { what: 'the stray to leave', deadline: 40_000 });
  expect(await daemon.pids('web')).toEqual([first, second]);
  expect(daemon.log.filter(({ event }) => event === 'listenFailed')).toEqual([]);
  expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
});

test('a reload is refused where the state cannot be written', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await mkdir(join(daemon.directory, 'state.json.next'));
  expect(await daemon.ctl('scale', 'web', '3')).toMatchObject({ exitCode: 0 });
  const refused = await daemon.ctl('reload');
  expect([refused.exitCode, refused.stdout + refused.stderr]).toEqual([
    1,
    expect.stringContaining('the state cannot be written: EISDIR'),
  ]);
  expect(await statesOf(daemon)).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);
});

test('with a config that has become bad the supervisor looks after what runs, by the old one', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const before = await daemon.pids('web');
  await writeFile(daemon.configFile, 'programs: [');
  await daemon.succeed();
  expect(await daemon.pids('web')).toEqual(before);
  expect(daemon.log.some(({ event }) => event === 'configUnusable')).toBe(true);
});

test('a config that has changed is not applied by a crash, and said so', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await daemon.rewrite({ programs: { web: puppet({ workers: 3 }) } });
  await daemon.succeed();
  expect(await statesOf(daemon)).toEqual(['RUNNING', 'RUNNING']);
  await daemon.waitForLog('configDiffers', ({ changed }) => JSON.stringify(changed).includes('web'));
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  await untilStates(daemon, ['RUNNING', 'RUNNING', 'RUNNING']);
});

test('a supervisor killed while it stopped everything comes back to serve', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ environment: { IGNORE_TERM: '1' } }) } });
  daemon.kill('SIGTERM');
  await daemon.waitForLog('shuttingDown');
  await daemon.succeed();
  expect(await statesOf(daemon)).toEqual(['RUNNING', 'RUNNING']);
});

test('an orderly end leaves no state', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const before = await daemon.pids('web');
  await daemon.succeed('ready', 'SIGTERM');
  expect((await daemon.pids('web')).some((pid) => before.includes(pid))).toBe(false);
});

test('workers behind a shell, and those that bind for themselves, are adopted and can be drained', async () => {
  const command = ['sh', '-c', `"${process.execPath}" target-plain.cjs; echo over`];
  const alone = { bind: 'worker', command: [process.execPath, 'target-plain.cjs'] };
  await using daemon = await startDaemon({ programs: { web: puppet({ command }), alone: puppet(alone) } });
  const serving = async () => [...(await daemon.pids('web')), ...(await daemon.pids('alone'))];
  const before = await serving();
  await daemon.succeed();
  expect(await serving()).toEqual(before);
  const reports = await underLoad(daemon, {
    act: async () => {
      await daemon.succeed();
      // Also right after a start, before everybody has dialled again: nobody is sent away without his drain.
      expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
    },
  });
  expectNoLoss(reports);
  expect(await daemon.ctl('roll', 'alone')).toMatchObject({ exitCode: 0 });
  expect((await serving()).some((pid) => before.includes(pid))).toBe(false);
});

test('where the kernel lets nobody copy the sockets, workers serve on, and the log says what to do', async () => {
  const inside = ['python3', join(import.meta.dirname, '../../fixtures/refuse-calls.py'), 'getfd'];
  await using daemon = await startDaemon({ programs: { web: puppet() }, inside });
  const before = await daemon.pids('web');
  expectNoLoss(await underLoad(daemon, { act: () => daemon.succeed('answers') }));
  expect(await daemon.pids('web')).toEqual(before);
  const told = await daemon.waitForLog('socketsOutOfReach');
  expect(JSON.stringify(told)).toMatch(/copies of the sockets of port \d+.*ptrace_scope/);
  // Whoever ends cannot be replaced on its socket; the other serves.
  process.kill(before[0] ?? 0, 'SIGKILL');
  await daemon.waitForLog('backoff', ({ why }) => why === 'its sockets are not open');
  await until(async () => (await outcome(getText(daemon.port()))).includes(String(before[1])), { what: 'the other' });
});

/** Worker processes of this daemon that live, those that nobody knows of included. */
function workersOf(daemon: Daemon): readonly number[] {
  return daemon
    .processes()
    .map(({ pid }) => pid)
    .filter((pid) => pid !== daemon.pid && statOf(pid)?.session === pid)
    .toSorted((one, other) => one - other);
}
