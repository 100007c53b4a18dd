import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callRpc } from '../../harness/rpc-client.ts';
import { type RunningCommand, startCommand } from '../../harness/running-command.ts';
import { startDaemon } from '../../harness/daemon.ts';
import { puppet, slotsOf, statesOf, untilStates } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** add, remove and fg, with supervisorctl’s words and exit codes. */

const talks = {
  command: [
    '/bin/sh',
    '-c',
    'echo out $$; echo err $$ >&2; while read -r x; do echo "heard $x"; [ "$x" != die ] || exit; done',
  ],
  autorestart: false,
  workers: 1,
  listen: [],
};

test('add brings a program of the file into operation, and touches no other', async () => {
  const web = puppet();
  await using daemon = await startDaemon({ programs: { web } });
  const pids = await daemon.pids('web');
  await daemon.rewrite({ programs: { web: { ...web, workers: 4 }, fresh: puppet({ workers: 1 }) } });
  expect(await daemon.ctl('add', 'fresh')).toMatchObject({ exitCode: 0, stdout: 'fresh: added process group\n' });
  await untilStates(daemon, ['RUNNING'], 'fresh');
  expect(await daemon.pids('web')).toEqual(pids);
  expect(await daemon.ctl('add', 'fresh')).toMatchObject({
    exitCode: 0,
    stdout: 'ERROR: process group already active\n',
  });
  expect(await daemon.ctl('add', 'web', 'nope')).toMatchObject({
    exitCode: 1,
    stdout: 'ERROR: process group already active\nERROR: no such process/group: nope\n',
  });
  expect(await daemon.ctl('add')).toMatchObject({ exitCode: 0, stdout: '' });
});

test('add says what is in the way', async () => {
  const web = puppet({ workers: 1 });
  await using daemon = await startDaemon({ programs: { web } });
  await daemon.rewrite({ programs: { web, lost: puppet({ command: ['./nowhere'] }) } });
  const added = await daemon.ctl('add', 'lost');
  expect([added.exitCode, added.stdout]).toEqual([1, expect.stringMatching(/^ERROR: lost: .*nowhere/)]);
  expect(await daemon.ctl('status', 'lost')).toMatchObject({ exitCode: 4 });
  await daemon.rewrite({ programs: { web: { ...web, workers: 'many' } } });
  expect(await daemon.ctl('add', 'lost')).toMatchObject({ exitCode: 1 });
});

test('remove drops a stopped program, which the next update adds again', async () => {
  const [web, job] = [puppet({ workers: 1 }), puppet({ workers: 2 })];
  await using daemon = await startDaemon({ programs: { web, job } });
  expect(await daemon.ctl('remove', 'job')).toMatchObject({
    exitCode: 1,
    stdout: 'ERROR: process/group still running: job\n',
  });
  await daemon.ctl('stop', 'job');
  expect(await daemon.ctl('remove', 'job:*', 'nope')).toMatchObject({
    exitCode: 1,
    stdout: 'job: removed process group\nERROR: no such process/group: nope\n',
  });
  expect(await daemon.ctl('status', 'job')).toMatchObject({ exitCode: 4 });
  expect(JSON.parse((await daemon.ctl('remove', 'job', '--json')).stdout)).toMatchObject([
    { name: 'job', error: { code: 'BAD_NAME' } },
  ]);
  expect((await daemon.ctl('update')).stdout).toBe('job: added process group\n');
  await untilStates(daemon, ['RUNNING', 'RUNNING'], 'job');
});

test('fg shows both streams, and sends what is typed, until the worker ends', async () => {
  await using daemon = await startDaemon({ programs: { talks } });
  const [pid] = await daemon.pids('talks');
  const ctl = join(import.meta.dirname, '../../../dist/ctl.js');
  const fg = (): RunningCommand =>
    startCommand(process.execPath, [ctl, '-s', daemon.socket, 'fg', 'talks'], { typed: true });
  const long = 'ä'.repeat(20_000);
  const piped = fg();
  piped.type(`one\n${long}\nlast`);
  // It leaves a second after the end of what is typed, whatever is still on its way then.
  await hears(piped, `heard ${long}`);
  piped.type(undefined);
  expect(await piped.ended).toMatchObject({ exitCode: 0, stderr: `${begins}Exiting foreground\n` });
  const heard = piped.printed.stdout.match(/^heard .*/gm);
  expect(heard).toEqual(['heard one', `heard ${long}`, 'heard last']);

  const watched = fg();
  await hears(watched, 'heard last');
  watched.type('hello\n');
  await hears(watched, 'heard hello');
  expect((await daemon.ctl('signal', 'STOP', 'talks')).exitCode).toBe(0);
  watched.type('unread\n');
  expect((await daemon.ctl('signal', 'CONT', 'talks')).exitCode).toBe(0);
  await hears(watched, 'heard unread');
  watched.type('die\n');
  expect(await watched.ended).toMatchObject({
    exitCode: 0,
    stderr: `${begins}Process got killed\nExiting foreground\n`,
  });
  expect(watched.printed.stdout).toMatch(new RegExp(`heard hello\nheard unread\nheard die\n$`));
  expect(await readFile(join(daemon.directory, 'log/talks-0.stderr.log'), 'utf8')).toBe(`err ${pid}\n`);
});

test('fg says that a worker with stdin: none cannot be written to; sendProcessStdin has a fault for each case', async () => {
  const deaf = { ...talks, command: 'sleep 300', stdin: 'none' };
  const ear = { ...talks, command: 'cat', events: { subscribe: ['TICK_3600'] } };
  const full = { ...talks, command: 'sleep 300' };
  const off = { ...talks, autostart: false };
  await using daemon = await startDaemon({ programs: { deaf, ear, full, off }, wait: 'answers' });
  for (const name of ['deaf', 'ear', 'full']) await untilStates(daemon, ['RUNNING'], name);
  const send = async (name: string, text: string): Promise<string | undefined> =>
    (await callRpc(daemon.socket, 'supervisor.sendProcessStdin', name, text)).fault;
  const faults = [send('deaf', 'x'), send('ear:0', 'x'), send('off:0', 'x'), send('full:0', 'x'.repeat(70_000))];
  expect(await Promise.all(faults)).toEqual([
    '20 NO_FILE: deaf',
    '20 NO_FILE: ear:0',
    '70 NOT_RUNNING: off:0',
    '30 FAILED: full:0: it took 65536 of 70000 bytes in 2 s and reads no more',
  ]);
  const ctl = join(import.meta.dirname, '../../../dist/ctl.js');
  const watched = startCommand(process.execPath, [ctl, '-s', daemon.socket, 'fg', 'deaf:0'], { typed: true });
  watched.type('x\n');
  const { exitCode, stderr } = await watched.ended;
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    'deaf:0: its standard input is /dev/null, no pipe of portherd’s\n  `stdin: pipe` of its program',
  );
});

function hears(watched: RunningCommand, text: string): Promise<unknown> {
  return until(() => watched.printed.stdout.includes(text), { what: text, explain: () => watched.printed });
}

const begins = '==> Press Ctrl-C to exit <==\n';

test('fg ends with Ctrl-C, the worker does not; a roll goes by unseen', async () => {
  const web = puppet({ workers: 1 });
  await using daemon = await startDaemon({ programs: { web } });
  const watched = daemon.startCtl('fg', 'web');
  await until(() => watched.printed.stderr.includes('Ctrl-C'), { what: 'the watch' });
  expect((await daemon.ctl('roll')).exitCode).toBe(0);
  watched.kill('SIGINT');
  expect(await watched.ended).toMatchObject({ exitCode: 0 });
  expect(await statesOf(daemon)).toEqual(['RUNNING']);
});

test('fg refuses what does not run, what it does not know, and more than one', async () => {
  const [web, job] = [puppet(), { ...talks, autostart: false }];
  await using daemon = await startDaemon({ programs: { web, job }, wait: 'answers' });
  expect(await daemon.ctl('fg', 'job:0')).toMatchObject({ exitCode: 1, stdout: 'ERROR: process not running\n' });
  expect(await daemon.ctl('fg', 'nope')).toMatchObject({ exitCode: 1, stdout: 'ERROR: bad process name supplied\n' });
  expect(await daemon.ctl('fg', 'web')).toMatchObject({ exitCode: 1, stdout: 'ERROR: bad process name supplied\n' });
  expect(await slotsOf(daemon)).toHaveLength(2);
});
