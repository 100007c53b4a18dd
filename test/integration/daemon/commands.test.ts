import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { Hold } from '../../harness/hold.ts';
import { answering, isAlive, outcome, patient, puppet, slotsOf, statesOf, untilStates } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** Every command against the real daemon: what it prints, its exit code, and what has happened then. */

test('status, pid and avail show what runs, in supervisorctl’s shapes', async () => {
  await using daemon = await startDaemon({
    programs: { web: puppet(), off: puppet({ autostart: false, workers: 1 }) },
    wait: 'answers',
  });
  await untilStates(daemon, ['RUNNING', 'RUNNING']);
  const status = await daemon.ctl('status');
  expect(status.exitCode).toBe(3); // off:0 is stopped
  const rows = status.stdout.trimEnd().split('\n');
  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatch(/^web:0 {28}RUNNING {3}pid \d+, uptime 0:00:\d\d$/);
  expect(rows[2]).toBe(`${'off:0'.padEnd(33)}STOPPED   Not started`);
  expect(await daemon.ctl('status', 'web')).toMatchObject({ exitCode: 0 });
  expect(await daemon.ctl('status', 'web:*')).toMatchObject({ exitCode: 0 });
  expect(await daemon.ctl('status', 'nope')).toMatchObject({ exitCode: 4, stdout: 'nope: ERROR (no such process)\n' });
  expect(await daemon.ctl('status', 'nope:*')).toMatchObject({ exitCode: 4, stdout: 'nope: ERROR (no such group)\n' });
  expect(await daemon.ctl('status', 'web:7')).toMatchObject({ exitCode: 4 });
  expect(await daemon.ctl('pid')).toMatchObject({ exitCode: 0, stdout: `${daemon.pid}\n` });
  const pids = await daemon.pids('web');
  expect(await daemon.ctl('pid', 'web')).toMatchObject({ exitCode: 0, stdout: `${pids.join('\n')}\n` });
  expect(await daemon.ctl('pid', 'off:0')).toMatchObject({ exitCode: 7, stdout: '0\n' });
  expect(await daemon.ctl('pid', 'nope')).toMatchObject({ exitCode: 1 });
  expect(await daemon.ctl('pid', 'all')).toMatchObject({ exitCode: 0 });
  const avail = await daemon.ctl('avail');
  expect(avail.stdout.split('\n')[2]).toBe(`${'off:0'.padEnd(32)} in use    manual    999:999`);
  expect((await daemon.ctl('status', '--json')).json().programs[0]).toMatchObject({ name: 'web', generation: 1 });
  expect((await daemon.ctl('pid', 'web:0', '--json')).json()).toEqual([{ name: 'web:0', pid: pids[0] }]);
  expect((await daemon.ctl('avail', '--json')).json().programs).toHaveLength(2);
});

test('one slot stops and comes back on the same socket while the other serves', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const [first] = await daemon.pids('web');
  expect(await daemon.ctl('stop', 'web:1')).toMatchObject({ exitCode: 0, stdout: 'web:1: stopped\n' });
  expect(await answering(daemon)).toEqual(new Set([first]));
  expect(await daemon.ctl('stop', 'web:1')).toMatchObject({ exitCode: 0, stdout: 'web:1: ERROR (not running)\n' });
  expect(await daemon.ctl('signal', 'USR2', 'web:1')).toMatchObject({ exitCode: 7 });
  expect(await daemon.ctl('start', 'web:1')).toMatchObject({ exitCode: 0, stdout: 'web:1: started\n' });
  expect(await daemon.ctl('start', 'web:1')).toMatchObject({ exitCode: 0, stdout: 'web:1: ERROR (already started)\n' });
  expect((await answering(daemon)).size).toBe(2);
});

test('a stopped program refuses clients at once, and starts again at once', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  expect((await daemon.ctl('stop', 'web')).stdout).toBe('web:0: stopped\nweb:1: stopped\n');
  expect(await outcome(getText(daemon.port()))).toBe('ECONNREFUSED');
  expect(await daemon.ctl('status', 'web')).toMatchObject({ exitCode: 3 });
  expect(await daemon.ctl('start', 'web:*', '--json')).toMatchObject({ exitCode: 0 });
  expect((await answering(daemon)).size).toBe(2);
  expect((await daemon.ctl('restart', 'all')).stdout).toBe(
    'web:0: stopped\nweb:1: stopped\nweb:0: started\nweb:1: started\n',
  );
});

test('a program whose worker drains for long refuses clients, and starts right after', async () => {
  using hold = new Hold();
  await using daemon = await startDaemon({ programs: { web: puppet({ stop: patient }, hold.environment) } });
  hold.begin();
  const slow = getText(daemon.port(), '/held');
  await until(
    async () =>
      (await daemon.ctl('connections', '--json'))
        .json()
        .programs[0].slots.some((slot: { inFlight?: number }) => slot.inFlight === 1),
    { what: 'the request to be under way' },
  );
  const stopped = daemon.ctl('stop', 'web');
  await until(async () => (await outcome(getText(daemon.port()))) === 'ECONNREFUSED', {
    what: 'clients to be refused',
  });
  expect(await daemon.ctl('start', 'web')).toMatchObject({ exitCode: 7 });
  hold.end();
  expect(await slow).toMatch(/^r0 \d+$/);
  expect(await stopped).toMatchObject({ exitCode: 0 });
  expect(await daemon.ctl('start', 'web')).toMatchObject({ exitCode: 0 });
  expect((await answering(daemon)).size).toBe(2);
});

test('unknown names and missing arguments have supervisorctl’s words and exit codes', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1 }) } });
  const cases: readonly (readonly [string, number, string])[] = [
    ['start nope', 1, 'nope: ERROR (no such process)'],
    ['start nope:*', 2, 'nope: ERROR (no such group)'],
    ['start', 2, 'Error: start requires a process name'],
    ['stop nope', 1, 'nope: ERROR (no such process)'],
    ['stop', 1, 'Error: stop requires a process name'],
    ['restart nope', 1, 'nope: ERROR (no such process)'],
    ['signal FOO web', 1, 'web:0: ERROR (bad signal name)'],
    ['signal HUP nope', 1, 'nope: ERROR (no such process)'],
    ['roll nope', 1, 'there is no program nope'],
    ['scale nope 2', 1, 'there is no program nope'],
    ['scale web 0', 2, '"0" is not a number of workers'],
    ['scale web -1', 2, 'web cannot have 0 workers; 1 to 512 are possible'],
    ['update nope', 1, 'ERROR: no such group: nope'],
  ];
  const pids = await daemon.pids('web');
  for (const [line, exitCode, text] of cases) {
    const ran = await daemon.ctl(...line.split(' '));
    expect([line, ran.exitCode, ran.stdout.split('\n')[0]]).toEqual([line, exitCode, text]);
  }
  expect(await daemon.pids('web')).toEqual(pids);
});

test('what cannot start says why: a missing file, a file that is not executable, an exit at once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'portherd-app-'));
  try {
    const script = join(directory, 'app.cjs');
    await writeFile(script, 'process.exit(4)');
    await using daemon = await startDaemon({
      programs: {
        gone: puppet({ autostart: false, workers: 1, command: [process.execPath, script], startRetries: 0 }),
        web: puppet({ workers: 1 }),
      },
      wait: 'answers',
    });
    expect(await daemon.ctl('start', 'gone')).toMatchObject({ exitCode: 7, stdout: 'gone:0: ERROR (spawn error)\n' });
    const fatal = await daemon.ctl('status', 'gone');
    expect([fatal.exitCode, fatal.stdout]).toEqual([
      3,
      `${'gone:0'.padEnd(33)}FATAL     exit status 4 before it was ready\n`,
    ]);
    await rename(script, `${script}.away`);
    expect(await daemon.ctl('start', 'gone')).toMatchObject({ exitCode: 1, stdout: 'gone:0: ERROR (no such file)\n' });
    expect(await daemon.ctl('start', 'all')).toMatchObject({ exitCode: 1 });
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a restart of what can no longer start leaves the running worker alone', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'portherd-app-'));
  try {
    const script = join(directory, 'app.cjs');
    await writeFile(script, "require('node:http').createServer((q, s) => s.end('mine')).listen(process.env.PORT)");
    await using daemon = await startDaemon({ programs: { web: puppet({ command: [process.execPath, script] }) } });
    const pids = await daemon.pids('web');
    await rename(script, `${script}.away`);
    const restarted = await daemon.ctl('restart', 'web');
    expect(restarted.exitCode).toBe(1);
    expect(restarted.stdout).toContain('web:0: ERROR (no such file)');
    expect(await daemon.pids('web')).toEqual(pids);
    expect(await getText(daemon.port())).toBe('mine');
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('two commands at once on one slot both end, soon', async () => {
  using hold = new Hold();
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1 }, hold.environment) } });
  const since = performance.now();
  const [one, two] = await Promise.all([daemon.ctl('stop', 'web:0'), daemon.ctl('stop', 'web:0')]);
  expect([one.exitCode, two.exitCode]).toEqual([0, 0]);
  hold.begin();
  const started = daemon.ctl('start', 'web:0');
  await untilStates(daemon, ['STARTING']);
  expect(await daemon.ctl('stop', 'web:0')).toMatchObject({ exitCode: 0 });
  hold.end();
  expect(await started).toMatchObject({ exitCode: 7, stdout: 'web:0: ERROR (abnormal termination)\n' });
  await Promise.all([daemon.ctl('restart', 'web'), daemon.ctl('restart', 'web:0'), daemon.ctl('start', 'web')]);
  expect(await statesOf(daemon)).toEqual(['RUNNING']);
  await Promise.all([
    daemon.ctl('restart', 'web'),
    daemon.ctl('stop', 'web'),
    daemon.ctl('start', 'web'),
    daemon.ctl('roll', 'web'),
  ]);
  expect(performance.now() - since).toBeLessThan(60_000);
});

test('signal reaches the worker; scale adds and takes slots and leaves the rest', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const [first, second] = await daemon.pids('web');
  expect(await daemon.ctl('signal', 'KILL', 'web:1')).toMatchObject({ exitCode: 0, stdout: 'web:1: signalled\n' });
  await until(
    async () => {
      const [, slot] = await slotsOf(daemon);
      return slot?.state === 'RUNNING' && slot.pid !== second;
    },
    { what: 'web:1 to come back' },
  );
  expect(await daemon.ctl('scale', 'web', '4')).toMatchObject({
    exitCode: 0,
    stdout: 'web: scaled from 2 to 4 workers\n',
  });
  expect((await answering(daemon, 48)).size).toBe(4);
  expect(await daemon.ctl('scale', 'web', '-3', '--json')).toMatchObject({ exitCode: 0 });
  expect(await daemon.pids('web')).toEqual([first]);
  expect(await answering(daemon)).toEqual(new Set([first]));
});

test('a command that another one overtakes is told so at once', async () => {
  using hold = new Hold();
  await using daemon = await startDaemon({ programs: { web: puppet({}, hold.environment) } });
  hold.begin();
  const up = daemon.ctl('scale', 'web', '3');
  await untilStates(daemon, ['RUNNING', 'RUNNING', 'STARTING']);
  const down = daemon.ctl('scale', 'web', '2');
  expect(await up).toMatchObject({ exitCode: 1, stdout: 'web was scaled to 2 meanwhile\n' });
  // Whoever waits for the third slot already is served before it closes.
  hold.end();
  expect(await down).toMatchObject({ exitCode: 0 });
  const [pid = 0] = await daemon.pids('web');
  process.kill(pid, 'SIGSTOP'); // its stop takes a moment
  const stopped = daemon.ctl('stop', 'web:0');
  await untilStates(daemon, ['STOPPING', 'RUNNING']);
  expect(await daemon.ctl('restart', 'web:0')).toMatchObject({ exitCode: 0 });
  expect(await stopped).toMatchObject({ exitCode: 0 });
  expect(isAlive(pid)).toBe(false);
});

test('shutdown waits for the end of everything', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const pids = await daemon.pids('web');
  expect(await daemon.ctl('shutdown')).toMatchObject({ exitCode: 0, stdout: 'Shut down\n' });
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  expect(pids.filter(isAlive)).toEqual([]);
  expect(await daemon.ctl('status')).toMatchObject({ exitCode: 4 });
  expect(await daemon.ctl('stop', 'web')).toMatchObject({ exitCode: 7 });
});
