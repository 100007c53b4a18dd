import { once } from 'node:events';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { version } from '../../src/shared/version.ts';
import { type Answers, fakeControl, refuse } from '../harness/fake-control.ts';
import { askFake, buildCtl, type Ctl, runCtl } from '../harness/run-ctl.ts';
import { programStatus, slotStatus, statusReply } from '../harness/status-fixture.ts';

/** portherdctl asked wrongly, without a daemon, or with one that answers strangely. */
let ctl: Ctl;

beforeAll(async () => {
  ctl = await buildCtl();
});

afterAll(() => ctl[Symbol.asyncDispose]());

const ask = (answers: Answers, ...args: string[]) => askFake(ctl, answers, args);

const web = programStatus('web', [slotStatus('web', 0), slotStatus('web', 1)]);
const running: Answers = { 'GET /v1/status': statusReply([web]) };

describe('wrong arguments', () => {
  test.each([
    [['start'], 2, 'Error: start requires a process name\n'],
    [['stop'], 1, 'Error: stop requires a process name\n'],
    [['restart'], 1, 'Error: restart requires a process name\n'],
    [['signal', 'HUP'], 1, 'Error: signal requires a signal name and a process name\n'],
    [['scale', 'web'], 2, 'Error: scale requires a program and a number of workers\n'],
    [['scale', 'web', 'many'], 2, '"many" is not a number of workers\n'],
    [['scale', 'web', '0'], 2, '"0" is not a number of workers\n'],
    [['scale', 'web', '513'], 2, '"513" is not a number of workers\n'],
    [['avail', 'x'], 1, 'Error: avail accepts no arguments\n'],
    [['reread', 'x'], 1, 'Error: reread accepts no arguments\n'],
    [['version', 'x'], 1, 'Error: version accepts no arguments\n'],
    [['shutdown', 'now'], 1, 'Error: shutdown accepts no arguments\n'],
    [['connections', '-w', 'web'], 2, 'option --watch: "web" is not a number of seconds from 0.1 to 3600\n'],
    [['status', '--jsn'], 2, 'unknown option --jsn\n'],
    [['-s'], 2, 'option --socket needs URL\n'],
    [['-s', 'https://host', 'pid'], 2, 'ERROR: url must be http:// or unix://\n'],
    [['-c', '/nonexistent.yaml', 'pid'], 2, 'cannot read the config /nonexistent.yaml: '],
    [['fg'], 1, 'ERROR: no process name supplied\n'],
    [['fg', 'web:0', 'web:1'], 1, 'ERROR: too many process names supplied\n'],
    [['open'], 1, 'ERROR: url must be http:// or unix://\n'],
    [['open', 'ftp://x'], 1, 'ERROR: url must be http:// or unix://\n'],
    [['open', '/run/a.sock'], 1, 'ERROR: url must be http:// or unix://\n'],
    [['completion'], 2, 'Error: completion requires a shell\n'],
    [['completion', 'tcsh'], 2, 'no completion for "tcsh"\n'],
    [['exit'], 0, ''],
    [['quit', '3'], 0, ''],
    [['EOF'], 0, ''],
    [['stauts', 'x'], 1, '*** Unknown syntax: stauts x\n'],
  ])('%j exits with %i and asks nothing', async (args, code, text) => {
    const ran = await ask({}, ...args);
    expect(ran.stdout.startsWith(text), ran.stdout).toBe(true);
    expect([ran.code, ran.asked]).toEqual([code, []]);
  });

  test('what was meant is told', async () => {
    expect((await ask({}, 'stauts')).stderr).toBe('  Did you mean `portherdctl status`?\n');
  });

  test('are JSON with --json', async () => {
    const { code, stdout } = await ask({}, 'start', '--json');
    expect([code, JSON.parse(stdout).error]).toMatchObject([
      2,
      { message: 'Error: start requires a process name', exit: 2 },
    ]);
    expect(JSON.parse((await ask({}, '--json', '--nope')).stdout).error).toMatchObject({
      code: 'BAD_ARGUMENTS',
      exit: 2,
    });
    expect(JSON.parse((await ask({}, '--json', 'stauts')).stdout).error).toMatchObject({
      code: 'BAD_COMMAND',
      exit: 1,
    });
  });
});

describe('a daemon that is not there', () => {
  const absent = '/nonexistent/control.sock';

  test.each([
    ['status', 4],
    ['start all', 7],
    ['stop all', 7],
    ['restart all', 7],
    ['signal HUP all', 7],
    ['pid', 7],
    ['version', 7],
    ['fg web:0', 7],
    ['reload', 1],
    ['add web', 1],
    ['remove web', 1],
    ['roll', 7],
    ['scale web 2', 7],
    ['connections', 7],
    ['avail', 1],
    ['reread', 1],
    ['update', 1],
  ])('%s exits with %i when the socket is missing', async (command, code) => {
    const ran = await runCtl(ctl, ['-s', `unix://${absent}`, ...command.split(' ')]);
    expect(ran).toMatchObject({ code, stdout: `unix://${absent} no such file\n` });
    expect(ran.stderr).toMatch(/^ {2}Start the daemon/);
  });

  test('shutdown says that it may be shut down already', async () => {
    const ran = await runCtl(ctl, ['-s', absent, 'shutdown']);
    expect(ran).toMatchObject({ code: 1, stdout: `ERROR: unix://${absent} no such file (already shut down?)\n` });
  });

  test.each([
    ['status', 4],
    ['start all', 4],
    ['roll', 4],
    ['update', 1],
  ])('%s exits with %i when a dead socket is left', async (command, code) => {
    const path = join(ctl.directory, 'dead.sock');
    await writeFile(path, '');
    const ran = await runCtl(ctl, ['-s', path, ...command.split(' ')]);
    expect(ran).toMatchObject({ code, stdout: `unix://${path} refused connection\n` });
  });

  test('is an error in JSON with --json, with the exit code', async () => {
    const { code, stdout } = await runCtl(ctl, ['-s', absent, 'update', '--json']);
    expect([code, JSON.parse(stdout).error]).toMatchObject([1, { code: 'DAEMON_ABSENT', exit: 1 }]);
  });

  test('$PORTHERD_SOCKET is where it looks', async () => {
    const { stdout } = await runCtl(ctl, ['status'], { env: { PORTHERD_SOCKET: '/nowhere/of.sock' } });
    expect(stdout).toBe('unix:///nowhere/of.sock no such file\n');
  });

  test('one that belongs to another user is told apart', async () => {
    await using daemon = await fakeControl(running);
    await chmod(daemon.socketPath, 0);
    // Root may open anything, unless it gives that up.
    const under = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override', '--'] : [];
    const ran = await runCtl(ctl, ['-s', daemon.socketPath, 'start', 'all'], { under });
    expect(ran).toMatchObject({ code: 4, stdout: `unix://${daemon.socketPath} permission denied\n` });
  });
});

/** Says these bytes to whatever it is asked, then closes. */
async function raw(bytes: string, ...args: string[]) {
  const path = join(ctl.directory, 'raw.sock');
  await rm(path, { force: true });
  const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(bytes)));
  server.listen(path);
  await once(server, 'listening');
  const ran = await runCtl(ctl, ['-s', path, ...args]);
  server.close();
  await once(server, 'close');
  return ran;
}

describe('a daemon that answers strangely', () => {
  test.each([
    ['not HTTP', 'hello\r\n\r\n', 'this is not HTTP'],
    ['an endless head', 'x'.repeat(20_000), 'its head is too long'],
    ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 'a chunked reply to HTTP/1.0'],
    ['no JSON', 'HTTP/1.1 200 OK\r\n\r\n<html>', 'it is not JSON'],
    ['other JSON', 'HTTP/1.1 200 OK\r\n\r\n{"daemon":{}}', 'daemon.pid is not a number'],
    ['a refusal without a reason', 'HTTP/1.1 500 Oops\r\n\r\n{}', 'HTTP 500 without a reason'],
  ])('%s', async (_case, bytes, why) => {
    const ran = await raw(bytes, 'pid');
    expect(ran).toMatchObject({ code: 1, stdout: `the daemon's reply makes no sense: ${why}\n` });
  });

  test.each([
    ['nothing', ''],
    ['half a body', 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{'],
  ])('%s: it has ended', async (_case, bytes) => {
    const { code, stdout, stderr } = await raw(bytes, 'pid');
    expect([code, stdout]).toEqual([1, 'the daemon closed the connection before it had answered\n']);
    expect(stderr).toContain('`portherdctl status` tells');
  });

  test.each([
    ['and nobody comes', undefined, 'nobody answers', 'it takes them over'],
    ['and is started again', 78, 'pid 78 runs in its place, with its workers', 'Reload again'],
    ['but no, it lives', 77, undefined, '`portherdctl status` tells'],
  ])('a daemon dies during its reload, %s', async (_case, next, what, advice) => {
    let reloading = false;
    await using daemon = await fakeControl({
      'GET /v1/status': (_asked, response) =>
        response.end(JSON.stringify(statusReply([web], reloading ? { pid: next ?? 0 } : {}))),
      'POST /v1/reload': (_asked, response) => {
        reloading = true;
        response.destroy();
        if (next === undefined) void daemon.close();
      },
    });
    const { code, stdout, stderr } = await runCtl(ctl, ['-s', daemon.socketPath, 'reload']);
    const told =
      what === undefined
        ? 'the daemon closed the connection before it had answered'
        : `the daemon (pid 77) ended during its reload; ${what}`;
    expect([code, stdout]).toEqual([1, `${told}\n`]);
    expect(stderr).toContain(advice);
  });

  test('a reload is over when another image answers; the one before tells whole milliseconds', async () => {
    const uptimes = [9_000, 9_000, 5];
    await using daemon = await fakeControl({
      'GET /v1/status': (_asked, response) =>
        response.end(JSON.stringify(statusReply([web], { uptimeMs: uptimes.shift() ?? 6 }))),
      'POST /v1/reload': { pid: 77, version, uptimeMs: 9_000.4 },
    });
    const { code, stdout } = await runCtl(ctl, ['-s', daemon.socketPath, 'reload']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Restarted portherd .* \(pid 77\)/)]);
    expect(uptimes).toEqual([]);
  });

  test('a refusal with a code of a newer daemon keeps its text and exit code', async () => {
    const ran = await ask({ 'POST /v1/roll': refuse('FROZEN', 'web is frozen', 42) }, 'roll');
    expect(ran).toMatchObject({ code: 42, stdout: 'web is frozen\n' });
  });

  test('letters that two packets share stay whole', async () => {
    const failure = 'Ü→'.repeat(30_000);
    const slot = slotStatus('web', 0, { state: 'FATAL', failure });
    const { stdout } = await ask({ 'GET /v1/status': statusReply([programStatus('web', [slot])]) }, 'status');
    expect(stdout).toBe(`web:0                            FATAL     ${failure}\n`);
  });

  test('none within the deadline', async () => {
    await using daemon = await fakeControl({ 'GET /v1/status': () => {} });
    const ran = await runCtl(ctl, ['-s', daemon.socketPath, 'pid']);
    expect(ran).toMatchObject({ code: 1, stdout: `unix://${daemon.socketPath} does not answer (waited 5 s)\n` });
  });

  test('a long stop is waited for while the daemon lives, and given up when it hangs', async () => {
    let asks = 0;
    await using daemon = await fakeControl({
      'POST /v1/stop': () => {},
      'GET /v1/status': (_asked, response) => {
        asks += 1;
        if (asks === 1) response.end(JSON.stringify(statusReply([web])));
      },
    });
    const ran = await runCtl(ctl, ['-s', daemon.socketPath, 'stop', 'all']);
    expect(ran).toMatchObject({ code: 1, stdout: `unix://${daemon.socketPath} does not answer (waited 5 s)\n` });
    expect(asks).toBe(2);
  });
});
