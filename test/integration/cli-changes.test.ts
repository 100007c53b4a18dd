import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answers, fakeControl, lines, refuse } from '../harness/fake-control.ts';
import { askFake, buildCtl, type Ctl, ranOf, runCtl, runOnTerminal, startCtl } from '../harness/run-ctl.ts';
import { programStatus, slotStatus, statusReply } from '../harness/status-fixture.ts';

/** portherdctl’s long commands, which show the daemon’s work as it happens. */
let ctl: Ctl;

beforeAll(async () => {
  ctl = await buildCtl();
});

afterAll(() => ctl[Symbol.asyncDispose]());

const ask = (answers: Answers, ...args: string[]) => askFake(ctl, answers, args);

const web = programStatus('web', [slotStatus('web', 0), slotStatus('web', 1)]);

const replaced = (slot: number) => ({ t: 'replaced', program: 'web', slot, pid: 50 + slot, tookMs: 180 });

describe('roll', () => {
  const roll = { program: 'web', generation: 2, total: 2, done: 0, active: [0], rollingBack: false };
  const good = lines(
    { t: 'progress', roll },
    replaced(0),
    { t: 'paused-in-a-newer-version' },
    { t: 'progress', roll: { ...roll, done: 1, active: [1] } },
    replaced(1),
    { t: 'finished', programs: ['web'], tookMs: 400 },
  );
  const bad = lines(
    { t: 'progress', roll },
    { t: 'failed', program: 'web', slot: 0, why: 'not ready within 10s', lastWords: ['Error: boom', '  at app.js:3'] },
    {
      t: 'finished',
      programs: ['web'],
      tookMs: 400,
      error: { code: 'ROLL_FAILED', message: 'web:0', advice: 'Mend it.', exit: 7 },
    },
  );

  test('prints plain lines where there is no terminal', async () => {
    const { code, stdout, asked } = await ask({ 'POST /v1/roll': good }, 'roll', 'web');
    expect(asked[0]?.body).toEqual({ programs: ['web'], wait: true });
    expect(stdout).toMatch(
      /^web:0: replaced by pid 50 in 180 ms\nweb:1: replaced by pid 51 in 180 ms\nweb: rolled 2 workers to generation 2 in \d+ ms\n$/,
    );
    expect(code).toBe(0);
  });

  test('all and no name mean all programs', async () => {
    expect((await ask({ 'POST /v1/roll': good }, 'roll', 'all')).asked[0]?.body).toEqual({ programs: [], wait: true });
    expect((await ask({ 'POST /v1/roll': good }, 'roll')).asked[0]?.body).toEqual({ programs: [], wait: true });
  });

  test('--no-wait asks for it', async () => {
    const answers = {
      'POST /v1/roll': lines({ t: 'progress', roll }, { t: 'finished', programs: ['web'], tookMs: 0 }),
    };
    const { code, stdout, asked } = await ask(answers, 'roll', 'web', '--no-wait');
    expect(asked[0]?.body).toEqual({ programs: ['web'], wait: false });
    expect([code, stdout]).toEqual([0, 'web: roll to generation 2 has begun, 2 slots\n']);
  });

  test('a failure shows the slot, its last words and the advice, and exits with 7', async () => {
    expect(await ask({ 'POST /v1/roll': bad }, 'roll', 'web')).toMatchObject({
      code: 7,
      stdout:
        'web:0: ERROR (roll failed: not ready within 10s)\n    | Error: boom\n    |   at app.js:3\nweb: old workers untouched\n',
      stderr: '  Mend it.\n',
    });
  });

  test('--json prints every line as it came', async () => {
    const { code, stdout } = await ask({ 'POST /v1/roll': bad }, 'roll', '--json');
    expect(code).toBe(7);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).t),
    ).toEqual(['progress', 'failed', 'finished']);
  });

  test('a second roll at once is told', async () => {
    const answers = { 'POST /v1/roll': refuse('ROLL_IN_PROGRESS', 'web is being rolled', 1, 409, 'Wait for it.') };
    expect(await ask(answers, 'roll')).toMatchObject({
      code: 1,
      stdout: 'web is being rolled\n',
      stderr: '  Wait for it.\n',
    });
  });

  test('a daemon that dies meanwhile is told', async () => {
    const { code, stdout } = await ask({ 'POST /v1/roll': lines({ t: 'progress', roll }) }, 'roll');
    expect([code, stdout]).toEqual([1, 'the daemon closed the connection before the end\n']);
  });

  test('on a terminal one line is redrawn, and nothing of it is left', async () => {
    await using daemon = await fakeControl({ 'POST /v1/roll': good });
    const { code, stdout } = await runOnTerminal(ctl, ['-s', daemon.socketPath, 'roll']);
    expect(code).toBe(0);
    expect(stdout).toContain('0/2  slot 0');
    expect(stdout).toContain('\r\u001B[Kweb  ████████████              1/2  slot 1');
    expect(stdout.slice(stdout.lastIndexOf('\u001B[K'))).toMatch(
      /.\[Kweb: rolled 2 workers to generation 2 in \d+ ms\r\n$/,
    );
    expect(stdout).not.toContain('replaced by');
  });

  test('a terminal without a size gets the whole line', async () => {
    await using daemon = await fakeControl({ 'POST /v1/roll': good });
    const { stdout } = await runOnTerminal(ctl, ['-s', daemon.socketPath, 'roll'], { columns: 0 });
    expect(stdout).toMatch(/ 0\/2 {2}slot 0 {2}\d+ ms\r/);
  });

  test('Ctrl-C leaves the roll running and says so', async () => {
    const begun = Promise.withResolvers<void>();
    await using daemon = await fakeControl({
      'POST /v1/roll': (_asked, response) => {
        response.write(`${JSON.stringify({ t: 'progress', roll })}\n${JSON.stringify(replaced(0))}\n`);
        begun.resolve();
      },
    });
    const child = startCtl(ctl, ['-s', daemon.socketPath, 'roll']);
    child.stdout?.once('data', () => child.kill('SIGINT'));
    const { code, stderr } = await ranOf(child);
    await begun.promise;
    expect([code, stderr]).toEqual([130, 'The roll goes on; `portherdctl status` shows how far it is.\n']);
  });
});

describe('reread and update', () => {
  const differs = {
    available: ['new'],
    changed: [{ name: 'web', cost: 'roll', keys: ['command'] }],
    disappeared: [],
  };
  const badConfig = refuse('CONFIG_SYNTAX', 'web.yaml:3:1: bad indentation', 2, 422);

  test('reread', async () => {
    const { code, stdout } = await ask({ 'POST /v1/reread': differs }, 'reread');
    expect([code, stdout]).toEqual([0, 'new: available\nweb: changed\n']);
  });

  test.each(['reread', 'update'])('%s of a bad config exits with 1', async (command) => {
    const answers = { 'POST /v1/reread': badConfig, 'POST /v1/update': badConfig };
    expect(await ask(answers, command)).toMatchObject({ code: 1, stdout: 'ERROR: web.yaml:3:1: bad indentation\n' });
  });

  test('update prints each step and its rolls', async () => {
    const roll = { program: 'web', generation: 2, total: 1, done: 0, active: [0], rollingBack: false };
    const answers = {
      'POST /v1/update': lines(
        { t: 'stopped', program: 'old' },
        { t: 'removed', program: 'old' },
        { t: 'progress', roll },
        { t: 'replaced', program: 'web', slot: 0, pid: 9, tookMs: 20 },
        { t: 'finished', programs: ['web'], tookMs: 30 },
        { t: 'updated', program: 'web', cost: 'roll' },
        { t: 'added', program: 'new' },
        { t: 'done' },
      ),
    };
    const { code, stdout, asked } = await ask(answers, 'update', 'web', 'old:*');
    expect(asked[0]?.body).toEqual({ programs: ['web', 'old'] });
    expect(stdout.replace(/in \d.*s$/gm, 'in T')).toBe(
      'old: stopped\nold: removed process group\nweb:0: replaced by pid 9 in T\n' +
        'web: rolled 1 worker to generation 2 in T\nweb: updated process group\nnew: added process group\n',
    );
    expect(code).toBe(0);
  });

  test('update of an unknown program exits with 1', async () => {
    const answers = { 'POST /v1/update': refuse('BAD_NAME', 'there is no program nope', 1, 404) };
    expect(await ask(answers, 'update', 'nope')).toMatchObject({ code: 1, stdout: 'ERROR: no such group: nope\n' });
  });

  test('update whose roll fails exits with 7 and says it once', async () => {
    const error = { code: 'ROLL_FAILED', message: 'web:0 failed', advice: 'Mend it.', exit: 7 };
    const answers = {
      'POST /v1/update': lines(
        { t: 'progress', roll: { program: 'web', generation: 2, total: 1, done: 0, active: [0], rollingBack: false } },
        { t: 'failed', program: 'web', slot: 0, why: 'exited with code 1', lastWords: ['boom'] },
        { t: 'finished', programs: ['web'], tookMs: 30, error },
        { t: 'done', error },
      ),
    };
    expect(await ask(answers, 'update')).toMatchObject({
      code: 7,
      stdout: 'web:0: ERROR (roll failed: exited with code 1)\n    | boom\nweb: old workers untouched\n',
      stderr: '  Mend it.\n',
    });
  });

  test('update without a difference is silent on stdout', async () => {
    const { code, stdout, stderr } = await ask({ 'POST /v1/update': lines({ t: 'done' }) }, 'update', 'all');
    expect([code, stdout, stderr]).toEqual([0, '', 'No config updates to processes\n']);
  });

  test('update --dry-run tells the plan, and what is in its way', async () => {
    const plan = { t: 'planned', program: 'web', does: 'change', keys: ['listen'], from: 2, to: 2, running: 2 };
    const error = { code: 'PORT_IN_USE', message: 'web: :80 is in use by pid 7', advice: 'Stop it.', exit: 2 };
    const told = (...errors: object[]) =>
      lines(
        { ...plan, cost: 'restart', ...errors[0] },
        { t: 'waits', keys: ['logLevel'] },
        { t: 'done', ...errors[0] },
      );
    const good = await ask({ 'POST /v1/update': told() }, 'update', '--dry-run', 'web');
    expect(good.asked[0]?.body).toEqual({ programs: ['web'], dryRun: true });
    const text =
      'web: would be stopped and started: 2 workers, and clients are refused meanwhile (listen)\n' +
      'supervisor: logLevel waits for `portherdctl reload`\n';
    expect([good.code, good.stdout]).toEqual([0, text]);
    const bad = await ask({ 'POST /v1/update': told({ error }) }, 'update', '-n');
    expect([bad.code, bad.stdout, bad.stderr]).toEqual([
      1,
      text.replace('supervisor', 'web: ERROR (:80 is in use by pid 7)\nsupervisor'),
      '  Stop it.\n',
    ]);
    expect((await ask({ 'POST /v1/update': told({ error }) }, 'update', '-n', '--json')).code).toBe(1);
    const nothing = await ask({ 'POST /v1/update': lines({ t: 'done' }) }, 'update', '-n');
    expect([nothing.code, nothing.stdout]).toEqual([0, 'No config updates to processes\n']);
  });
});

describe('shutdown', () => {
  test('waits until the daemon is gone', async () => {
    let asks = 0;
    await using daemon = await fakeControl({
      'POST /v1/shutdown': { pid: 77 },
      'GET /v1/status': (_asked, response) => {
        asks += 1;
        response.end(JSON.stringify(statusReply([web], { shuttingDown: true })));
        if (asks === 3) void daemon.close();
      },
    });
    expect(await runCtl(ctl, ['-s', daemon.socketPath, 'shutdown'])).toEqual({
      code: 0,
      stdout: 'Shut down\n',
      stderr: '',
    });
    expect(asks).toBe(3);
  });

  test('the next daemon on the same socket is not waited for', async () => {
    const answers = { 'POST /v1/shutdown': { pid: 76 }, 'GET /v1/status': statusReply([web]) };
    expect(await ask(answers, 'shutdown')).toMatchObject({ code: 0, stdout: 'Shut down\n' });
  });

  test('--no-wait does not ask again', async () => {
    const { code, asked } = await ask({ 'POST /v1/shutdown': { pid: 77 } }, 'shutdown', '--no-wait');
    expect([code, asked.length]).toEqual([0, 1]);
  });

  test('a second one is told, and exits with 0', async () => {
    const answers = { 'POST /v1/shutdown': refuse('SHUTTING_DOWN', 'shutting down', 1) };
    expect(await ask(answers, 'shutdown')).toMatchObject({ code: 0, stdout: 'ERROR: already shutting down\n' });
  });
});
