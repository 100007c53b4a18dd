import { existsSync, readFileSync } from 'node:fs';
import { mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { puppet } from '../../harness/puppet.ts';
import { type CommandResult, startCommand } from '../../harness/running-command.ts';
import { until, within } from '../../harness/until.ts';

/** What portherd-sweep.service runs; systemd itself is in test/system. */

test('workers whose supervisor was killed serve on until they are swept; nothing of them is left', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await killed(daemon);
  expect(await getText(daemon.port())).toMatch(/^r0 /);
  expect(await sweep(daemon)).toMatchObject({ exitCode: 0, stdout: 'ended 2 that were left behind\n' });
  expect(daemon.processes()).toEqual([]);
  for (const name of ['state.json', 'control.sock', 'workers.sock'])
    expect(existsSync(join(daemon.directory, name)), name).toBe(false);
  expect(await sweep(daemon)).toMatchObject({ exitCode: 0, stdout: 'nothing is left behind\n' });
});

test('without the state file they are found by what they were started with', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await killed(daemon);
  await rm(join(daemon.directory, 'state.json'));
  expect((await sweep(daemon)).stdout).toBe('ended 2 that were left behind\n');
  expect(daemon.processes()).toEqual([]);
});

test('a worker that does not hear SIGTERM is killed after a while, and what its group has started but for killGroup: false', async () => {
  const web = puppet({ command: deaf('600'), workers: 1, listen: [] });
  const spare = puppet({ command: deaf('601'), workers: 1, listen: [], stop: { killGroup: false } });
  await using daemon = await startDaemon({ programs: { web, spare } });
  await until(() => daemon.processes().length === 5, { what: 'the workers’ own children' });
  await killed(daemon);
  const swept = await sweep(daemon);
  expect(swept.stdout).toBe('ended 2 that were left behind, 2 of them by SIGKILL\n');
  const left = await until(() => daemon.processes().length === 1 && daemon.processes()[0], { what: 'one to be left' });
  expect(left.command).toBe('sleep 601');
  process.kill(left.pid, 'SIGKILL');
  await until(() => daemon.processes().length === 0, { what: 'it to be gone' });
});

test('is refused while the daemon runs', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1 }) } });
  const swept = await sweep(daemon);
  expect(swept).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`pid ${daemon.pid}`) });
  expect(daemon.processes()).toHaveLength(2);
});

test('a daemon that starts meanwhile waits for its end, and starts afresh then', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'portherd-sweep-'));
  const leave = join(directory.path, 'leave');
  const command = [process.execPath, '-e', endsWhenThereIs(leave)];
  await using daemon = await startDaemon({ programs: { web: puppet({ command, workers: 1, listen: [] }) } });
  const before = await daemon.pids('web');
  await killed(daemon);
  const sweeping = sweep(daemon);
  const lock = join(daemon.directory, 'portherd.lock');
  await until(() => readFileSync(lock, 'utf8').endsWith(' sweep\n'), { what: 'the sweep to be under way' });
  await daemon.succeed('nothing');
  expect(await within(1_000, daemon.exited)).toBeUndefined();
  await writeFile(leave, '');
  expect(await sweeping).toMatchObject({ exitCode: 0, stdout: 'ended 1 that were left behind\n' });
  await daemon.waitUntil('ready');
  expect(await daemon.pids('web')).not.toEqual(before);
});

test('a start that fails while workers live is worth another try to a service manager, after a second', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1 }) } });
  await killed(daemon);
  const unusable = join(daemon.directory, 'file');
  await writeFile(unusable, '');
  const config = join(daemon.directory, 'other.yaml');
  await writeFile(config, `supervisor: { logDir: ${unusable} }\nprograms: { web: { command: node } }\n`);
  const run = (env: Readonly<Record<string, string>>): Promise<CommandResult> =>
    startCommand(process.execPath, [main, 'run', '-c', config, '-s', daemon.socket], {
      env: { ...process.env, ...env },
    }).ended;
  expect(await run({ NOTIFY_SOCKET: '@nobody' })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('without a supervisor: 1;'),
  });
  expect(await run({})).toMatchObject({ exitCode: 2 });
  expect((await sweep(daemon)).stdout).toBe('ended 1 that were left behind\n');
  expect(await run({ NOTIFY_SOCKET: '@nobody' })).toMatchObject({ exitCode: 2 });
});

test('where nothing is, nothing is left behind', async () => {
  const swept = await startCommand(process.execPath, [main, 'sweep', '-s', '/nonexistent/control.sock']).ended;
  expect(swept).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing is left behind') });
});

const main = join(import.meta.dirname, '../../../dist/main.js');

/** A worker that ignores SIGTERM and has started `sleep`. */
function deaf(seconds: string): readonly string[] {
  const script = `process.on('SIGTERM', () => {}); require('child_process').spawn('sleep', ['${seconds}']); setInterval(() => {}, 1e6)`;
  return [process.execPath, '-e', script];
}

/** A worker that stays after SIGTERM until the file is there. */
function endsWhenThereIs(path: string): string {
  const look = `require('fs').existsSync(${JSON.stringify(path)}) && process.exit()`;
  return `process.on('SIGTERM', () => setInterval(() => ${look}, 20)); setInterval(() => {}, 1e6)`;
}

async function killed(daemon: Daemon): Promise<void> {
  daemon.kill('SIGKILL');
  await daemon.exited;
}

function sweep(daemon: Daemon): Promise<CommandResult> {
  return startCommand(process.execPath, [main, 'sweep', '-c', daemon.configFile, '-s', daemon.socket]).ended;
}
