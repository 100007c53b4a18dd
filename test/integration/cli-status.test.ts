import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { version } from '../../src/shared/version.ts';
import { type Answers, fakeControl, refuse } from '../harness/fake-control.ts';
import { askFake, buildCtl, type Ctl, ranOf, runCtl, startCtl } from '../harness/run-ctl.ts';
import { programStatus, slotStatus, statusReply } from '../harness/status-fixture.ts';

/** portherdctl as shipped against a daemon that says what the test wants: what it asks, prints and exits with. */
let ctl: Ctl;

beforeAll(async () => {
  ctl = await buildCtl();
});

afterAll(() => ctl[Symbol.asyncDispose]());

const ask = (answers: Answers, ...args: string[]) => askFake(ctl, answers, args);

const web = programStatus('web', [slotStatus('web', 0), slotStatus('web', 1)]);
const job = programStatus('job', [slotStatus('job', 0, { state: 'STOPPED' })]);
const running: Answers = { 'GET /v1/status': statusReply([web]) };
const mixed: Answers = { 'GET /v1/status': statusReply([web, job]) };

const rows = {
  web0: 'web:0                            RUNNING   pid 4000, uptime 0:01:02\n',
  web1: 'web:1                            RUNNING   pid 4001, uptime 0:01:02\n',
  job0: 'job:0                            STOPPED   Not started\n',
};

describe('status', () => {
  test('prints supervisorctl’s rows and exits with 0', async () => {
    expect(await ask(running, 'status')).toMatchObject({ code: 0, stdout: rows.web0 + rows.web1, stderr: '' });
  });

  test.each([
    [['web'], 0, rows.web0 + rows.web1],
    [['web:*'], 0, rows.web0 + rows.web1],
    [['web:'], 0, rows.web0 + rows.web1],
    [['web:1', 'web:0'], 0, rows.web1 + rows.web0],
    [['all'], 3, rows.web0 + rows.web1 + rows.job0],
    [['job'], 3, rows.job0],
    [['nope'], 4, 'nope: ERROR (no such process)\n'],
    [['nope:*'], 4, 'nope: ERROR (no such group)\n'],
    [['web:7'], 4, 'web:7: ERROR (no such process)\n'],
    [['job', 'nope'], 3, `nope: ERROR (no such process)\n${rows.job0}`],
  ])('%j exits with %i', async (names, code, stdout) => {
    expect(await ask(mixed, 'status', ...names)).toMatchObject({ code, stdout });
  });

  test('--json prints what was asked for, and errors too', async () => {
    const { code, stdout } = await ask(mixed, 'status', '--json', 'web:1', 'nope');
    expect(code).toBe(4);
    const shown = JSON.parse(stdout);
    expect(shown.programs).toEqual([{ ...web, slots: [slotStatus('web', 1)] }]);
    expect(shown.errors).toMatchObject([{ code: 'BAD_NAME', message: 'nope: ERROR (no such process)', exit: 4 }]);
  });

  test('-v shows logs', async () => {
    expect((await ask(running, 'status', '-v')).stdout).toContain('\n    stdout /var/log/portherd/web-0.out\n');
  });
});

describe('start, stop, restart and signal', () => {
  const notRunning = { code: 'NOT_RUNNING', message: 'web:1 is not running', advice: '', exit: 7 };
  const spawnError = { code: 'SPAWN_ERROR', message: 'exited with code 3', advice: 'See its log.', exit: 7 };

  test('start waits for the results and prints a line each', async () => {
    const answers = { 'POST /v1/start': [{ name: 'web:0' }, { name: 'web:1', error: spawnError }] };
    const { code, stdout, stderr, asked } = await ask(answers, 'start', 'web', 'job:0');
    expect(asked).toEqual([{ route: 'POST /v1/start', body: { names: ['web', 'job:0'] } }]);
    expect(stdout).toBe('web:0: started\nweb:1: ERROR (spawn error)\n');
    expect(stderr).toContain('See its log.');
    expect(code).toBe(7);
  });

  test('stop of what does not run is no failure', async () => {
    const answers = { 'POST /v1/stop': [{ name: 'web:0' }, { name: 'web:1', error: notRunning }] };
    expect(await ask(answers, 'stop', 'web:0', 'web:1')).toMatchObject({
      code: 0,
      stdout: 'web:0: stopped\nweb:1: ERROR (not running)\n',
      stderr: '',
    });
  });

  test('restart tells both halves', async () => {
    const answers = { 'POST /v1/restart': { stopped: [{ name: 'web:0' }], started: [{ name: 'web:0' }] } };
    expect(await ask(answers, 'restart', 'web:0')).toMatchObject({
      code: 0,
      stdout: 'web:0: stopped\nweb:0: started\n',
    });
  });

  test('signal sends the signal and the names', async () => {
    const answers = { 'POST /v1/signal': [{ name: 'web:0' }] };
    const { code, stdout, asked } = await ask(answers, 'signal', 'HUP', 'web:0');
    expect([code, stdout]).toEqual([0, 'web:0: signalled\n']);
    expect(asked[0]?.body).toEqual({ signal: 'HUP', names: ['web:0'] });
  });

  test('a bad signal is told for each name, as supervisorctl does', async () => {
    const answers = { 'POST /v1/signal': refuse('BAD_SIGNAL', 'no signal HOP', 1, 400) };
    expect(await ask(answers, 'signal', 'HOP', 'web:0', 'web:1')).toMatchObject({
      code: 1,
      stdout: 'web:0: ERROR (bad signal name)\nweb:1: ERROR (bad signal name)\n',
    });
  });

  test('a wildcard that touches nothing is silent on stdout', async () => {
    const { code, stdout, stderr } = await ask({ 'POST /v1/start': [] }, 'start', 'all');
    expect([code, stdout, stderr]).toEqual([0, '', 'nothing to do: all of them are started\n']);
  });

  test('--json prints the daemon’s results', async () => {
    const results = [{ name: 'web:1', error: notRunning }];
    const { code, stdout } = await ask({ 'POST /v1/signal': results }, 'signal', 'HUP', 'web:1', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([7, results]);
  });
});

describe('pid, avail, version, help', () => {
  test.each([
    [[], 0, '77\n'],
    [['web'], 0, '4000\n4001\n'],
    [['all'], 0, '4000\n4001\n0\n'],
    [['job:0'], 7, '0\n'],
    [['nope'], 1, 'No such process nope\n'],
  ])('pid %j exits with %i', async (names, code, stdout) => {
    expect(await ask(mixed, 'pid', ...names)).toMatchObject({ code, stdout });
  });

  test('pid --json', async () => {
    expect(JSON.parse((await ask(mixed, 'pid', '--json', 'job', 'nope')).stdout)).toEqual([
      { name: 'job:0', pid: 0 },
      { name: 'nope', pid: null },
    ]);
  });

  test('avail', async () => {
    const programs = [{ name: 'web', inUse: true, autostart: false, priority: 999, workers: 1 }];
    const { code, stdout } = await ask({ 'GET /v1/avail': { programs } }, 'avail');
    expect([code, stdout]).toEqual([0, 'web:0                            in use    manual    999:999\n']);
  });

  test('version prints the daemon’s alone on stdout', async () => {
    const { code, stdout, stderr } = await ask(running, 'version');
    expect([code, stdout]).toEqual([0, `${version}\n`]);
    expect(stderr).toBe(`daemon ${version} (Node 24.21.0), portherdctl ${version}\n`);
  });

  test('--version needs no daemon', async () => {
    expect(await runCtl(ctl, ['--version'])).toEqual({ code: 0, stdout: `portherdctl ${version}\n`, stderr: '' });
  });

  test('help of a command is the same three ways; of an unknown one exits with 0', async () => {
    const page = await runCtl(ctl, ['help', 'roll']);
    expect(page.stdout).toContain('portherdctl roll web --no-wait');
    expect(await runCtl(ctl, ['roll', '--help'])).toEqual(page);
    expect(await runCtl(ctl, ['-h', 'roll'])).toEqual(page);
    expect(await runCtl(ctl, ['help', 'nope'])).toEqual({ code: 0, stdout: '*** No help on nope\n', stderr: '' });
    expect((await runCtl(ctl, ['help'])).stdout).toContain('Commands:');
  });

  test('a daemon of another version is mentioned', async () => {
    await using daemon = await fakeControl(running, '9.9.9');
    const { code, stderr } = await runCtl(ctl, ['-s', daemon.socketPath, 'status']);
    expect([code, stderr]).toEqual([0, `note: the daemon is portherd 9.9.9, this portherdctl is ${version}\n`]);
  });
});

describe('scale and connections', () => {
  test.each([
    ['4', { workers: 4 }, { from: 2, to: 4 }, 'web: scaled from 2 to 4 workers\n'],
    ['+1', { by: 1 }, { from: 2, to: 3 }, 'web: scaled from 2 to 3 workers\n'],
    ['-1', { by: -1 }, { from: 2, to: 1 }, 'web: scaled from 2 to 1 worker\n'],
    ['2', { workers: 2 }, { from: 2, to: 2 }, 'web: already at 2 workers\n'],
  ])('scale web %s', async (count, request, reply, stdout) => {
    const ran = await ask({ 'POST /v1/scale': { program: 'web', ...reply } }, 'scale', 'web', count);
    expect(ran).toMatchObject({ code: 0, stdout });
    expect(ran.asked[0]?.body).toEqual({ program: 'web', ...request });
  });

  const slot = {
    name: 'web:0',
    slot: 0,
    state: 'RUNNING',
    pid: 9,
    open: 5,
    total: 9,
    requests: 9,
    inFlight: 0,
    share: 1,
    kernel: 6,
    unaccepted: 0,
    residual: 1,
    weight: 1,
  };
  const programs = [
    { name: 'web', slots: [slot], skew: 1, residual: 1 },
    { name: 'job', slots: [] },
  ];
  const reply = { programs, ageMs: 0 };

  test('connections', async () => {
    const { code, stdout } = await ask({ 'GET /v1/connections': reply }, 'connections', 'web');
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(1)).toEqual([
      'web:0    9  RUNNING       5  100.0%       6        +1      9         9          0      0      -  100.0%',
      'total       skew 1.00     5  100.0%       6        +1      9         9          0      0      -  100.0%',
      '',
    ]);
  });

  test('connections --json', async () => {
    const { stdout } = await ask({ 'GET /v1/connections': reply }, 'connections', 'job', '--json');
    expect(JSON.parse(stdout)).toEqual({ programs: [programs[1]], ageMs: 0 });
  });

  test('connections says what the kernel could not count', async () => {
    const answers = { 'GET /v1/connections': { ...reply, incomplete: 'there are too many' } };
    const { code, stderr } = await ask(answers, 'connections');
    expect([code, stderr]).toEqual([0, 'the kernel’s count is not complete: there are too many\n']);
  });

  test('connections of an unknown program exits with 1', async () => {
    const ran = await ask({ 'GET /v1/connections': reply }, 'connections', 'nope');
    expect(ran).toMatchObject({ code: 1, stdout: 'no such program: nope\n' });
  });

  test('connections -w prints table after table where there is no terminal, and ends with the daemon', async () => {
    let asks = 0;
    await using daemon = await fakeControl({
      'GET /v1/connections': (_asked, response) => {
        asks += 1;
        response.end(JSON.stringify(reply));
        // At once: it must not be asked anything that it does not answer.
        if (asks === 3) void daemon.close();
      },
    });
    const { code, stdout } = await runCtl(ctl, ['-s', daemon.socketPath, 'connections', 'job', '-w', '0.1']);
    expect(stdout).not.toContain('\u001B');
    expect(stdout.split('\n\n').length).toBeGreaterThanOrEqual(3);
    expect(stdout).toContain('no such file');
    expect(code).toBe(7);
  });

  test('connections -w --json prints an object a line, until it is interrupted', async () => {
    await using daemon = await fakeControl({ 'GET /v1/connections': reply });
    const child = startCtl(ctl, ['-s', daemon.socketPath, 'connections', '-w', '0.1', '--json']);
    const ended = ranOf(child);
    let seen = 0;
    child.stdout?.on('data', (text: string) => {
      seen += text.split('\n').length - 1;
      if (seen >= 3) child.kill('SIGINT');
    });
    expect((await ended).stdout.split('\n').length).toBeGreaterThanOrEqual(3);
    expect(child.signalCode).toBe('SIGINT');
  });
});
