import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { answering, puppet, slotsOf, untilStates } from '../../harness/puppet.ts';

/** update --dry-run, and that an update then does just that: slots come and go alone, new processes are a roll. */

test('five workers instead of four: one is started, and no other is touched', async () => {
  const web = puppet({ workers: 4 });
  await using daemon = await startDaemon({ programs: { web } });
  const before = await slotsOf(daemon);
  await daemon.rewrite({ programs: { web: { ...web, workers: 5 } } });
  expect(await daemon.ctl('update', '--dry-run')).toMatchObject({
    exitCode: 0,
    stdout: 'web: would be scaled from 4 to 5 workers; no other worker is touched (workers)\n',
  });
  expect(await daemon.pids('web')).toEqual(before.map(({ pid }) => pid));
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0, stdout: 'web: updated process group\n' });
  const after = await slotsOf(daemon);
  const untouched = ({ name, pid, generation, restarts }: (typeof after)[number]) => ({
    name,
    pid,
    generation,
    restarts,
  });
  expect(after.slice(0, 4).map(untouched)).toEqual(before.map(untouched));
  expect(after.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'RUNNING'));
  const answers = await answering(daemon, 80);
  expect(answers).toEqual(new Set(await daemon.pids('web')));
  const spawned = daemon.log.filter(({ event }) => event === 'spawned');
  expect(spawned).toHaveLength(5);
});

test('three instead of four: the last one goes, and what waits for the daemon is told', async () => {
  const web = puppet({ workers: 4 });
  await using daemon = await startDaemon({ programs: { web } });
  const before = await daemon.pids('web');
  await daemon.rewrite({ programs: { web: { ...web, workers: 3 } }, supervisor: { logLevel: 'warn' } });
  expect(await daemon.ctl('update')).toMatchObject({
    exitCode: 0,
    stdout: 'web: updated process group\n',
    stderr: 'supervisor: logLevel waits for `portherdctl reload`\n',
  });
  expect(await daemon.pids('web')).toEqual(before.slice(0, 3));
});

test('what needs new processes is a roll, beside a new slot', async () => {
  const web = puppet({ workers: 2 });
  await using daemon = await startDaemon({ programs: { web } });
  const before = await daemon.pids('web');
  await daemon.rewrite({ programs: { web: { ...web, workers: 3, environment: { RELEASE: 'r1' } } } });
  const plan = await daemon.ctl('update', '-n');
  expect(plan.stdout).toBe(
    'web: would be rolled: 2 workers replaced one by one, no connection is lost, and scaled from 2 to 3 workers (environment, workers)\n',
  );
  expect(await daemon.pids('web')).toEqual(before);
  const updated = await daemon.ctl('update');
  expect([updated.exitCode, updated.stdout]).toEqual([0, expect.stringContaining('web:1: replaced by pid')]);
  expect(updated.stdout).not.toContain('stopped');
  const after = await slotsOf(daemon);
  expect(after.map(({ generation }) => generation)).toEqual([2, 2, 2]);
  expect(before.filter((pid) => after.some((slot) => slot.pid === pid))).toEqual([]);
  expect(await getText(daemon.port())).toMatch(/^r1 /);
});

test('a plan has each program with its cost, also as JSON and over the socket, and changes nothing', async () => {
  const [web, old, job] = [puppet(), puppet({ workers: 1 }), puppet({ workers: 1, autostart: false })];
  await using daemon = await startDaemon({ programs: { web, job, old }, wait: 'answers' });
  await untilStates(daemon, ['RUNNING', 'RUNNING']);
  await untilStates(daemon, ['RUNNING'], 'old');
  const before = await daemon.status();
  const fresh = puppet({ workers: 3 });
  await daemon.rewrite({
    programs: { web: { ...web, autorestart: false }, job: { ...job, environment: { RELEASE: 'r1' } }, fresh },
  });
  const plan = await daemon.ctl('update', '--dry-run');
  expect(plan.stdout.split('\n')).toEqual([
    'old: would be stopped and removed, with 1 worker',
    'web: would be changed as it runs; no worker is touched (autorestart)',
    'job: would be changed for its next start (environment)',
    'fresh: would be added, with 3 workers',
    '',
  ]);
  const lines = (await daemon.ctl('update', '-n', '--json')).stdout.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { t: 'planned', program: 'old', does: 'remove', keys: [], from: 1, to: 0, running: 1 },
    { t: 'planned', program: 'web', does: 'change', cost: 'live', keys: ['autorestart'], from: 2, to: 2, running: 2 },
    { t: 'planned', program: 'job', does: 'change', cost: 'roll', keys: ['environment'], from: 1, to: 1, running: 0 },
    { t: 'planned', program: 'fresh', does: 'add', keys: [], from: 0, to: 3, running: 0 },
    { t: 'done' },
  ]);
  expect((await daemon.ctl('update', '-n', 'old')).stdout).toBe('old: would be stopped and removed, with 1 worker\n');
  expect(await daemon.ctl('update', '-n', 'nope')).toMatchObject({
    exitCode: 1,
    stdout: 'ERROR: no such group: nope\n',
  });
  expect((await daemon.status()).programs.map(({ slots }) => slots.map(({ pid }) => pid))).toEqual(
    before.programs.map(({ slots }) => slots.map(({ pid }) => pid)),
  );
  expect((await daemon.ctl('update')).exitCode).toBe(0);
  await untilStates(daemon, ['RUNNING', 'RUNNING', 'RUNNING'], 'fresh');
  expect(await daemon.ctl('update', '-n')).toMatchObject({ exitCode: 0, stdout: 'No config updates to processes\n' });
});

test('a plan says what is in the way, but not what the update itself would clear away', async () => {
  const web = puppet({ workers: 1 });
  await using daemon = await startDaemon({ programs: { web } });
  const port = daemon.port();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const address = server.address();
    const taken = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await daemon.rewrite({
      programs: { next: at(port), other: at(taken), lost: puppet({ command: ['./nowhere'], listen: [] }) },
    });
    const plan = await daemon.ctl('update', '-n');
    expect(plan.exitCode, plan.stderr).toBe(1);
    expect(plan.stdout.split('\n')).toEqual([
      'web: would be stopped and removed, with 1 worker',
      'next: would be added, with 1 worker',
      'other: would be added, with 1 worker',
      expect.stringMatching(new RegExp(`^other: ERROR \\(.*:${taken} is in use by pid ${process.pid}`)),
      'lost: would be added, with 2 workers',
      expect.stringMatching(/^lost: ERROR \(.*nowhere/),
      '',
    ]);
  } finally {
    server.close();
  }
});

function at(port: number): Readonly<Record<string, unknown>> {
  return puppet({ workers: 1, listen: [{ port, host: '127.0.0.1' }] });
}
