import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { puppet } from '../../harness/puppet.ts';
import { type CommandResult, startCommand } from '../../harness/running-command.ts';
import { until } from '../../harness/until.ts';

/** What the unit's ExecStopPost= does; systemd itself is in test/system. */

test('after a crash workers serve on; when the service was stopped, the ones left behind are ended', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await killed(daemon);
  const crashed = await sweep(daemon, { SERVICE_RESULT: 'signal', EXIT_CODE: 'killed', EXIT_STATUS: 'KILL' });
  expect(crashed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('serve on until it is back') });
  expect(daemon.processes()).toHaveLength(2);

  await writeFile(join(daemon.directory, 'stopping'), '');
  const stopped = await sweep(daemon, { SERVICE_RESULT: 'signal' });
  expect(stopped).toMatchObject({ exitCode: 0, stdout: 'ended 2 that were left behind\n' });
  expect(daemon.processes()).toEqual([]);
  for (const name of ['stopping', 'state.json', 'control.sock', 'workers.sock'])
    expect(existsSync(join(daemon.directory, name)), name).toBe(false);
});

test('a mark of an earlier stop is not believed twice', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1 }) } });
  await killed(daemon);
  const mark = join(daemon.directory, 'stopping');
  await writeFile(mark, '');
  expect((await sweep(daemon, { SERVICE_RESULT: 'success' })).stdout).toBe('ended 1 that were left behind\n');
  expect(existsSync(mark)).toBe(false);
});

test('by hand it ends a worker that does not hear SIGTERM, and what its group has started', async () => {
  const deaf = [
    process.execPath,
    '-e',
    "process.on('SIGTERM', () => {}); require('child_process').spawn('sleep', ['600']); setInterval(() => {}, 1e6)",
  ];
  await using daemon = await startDaemon({ programs: { web: puppet({ command: deaf, workers: 1, listen: [] }) } });
  await until(() => daemon.processes().length === 3, { what: 'the worker’s own child' });
  await killed(daemon);
  const swept = await sweep(daemon);
  expect(swept.stdout).toBe('ended 1 that were left behind, 1 of them by SIGKILL\n');
  await until(() => daemon.processes().length === 0, { what: 'nobody to be left' });
});

test('is refused while the daemon runs', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1 }) } });
  const swept = await sweep(daemon);
  expect(swept).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`pid ${daemon.pid}`) });
  expect(daemon.processes()).toHaveLength(2);
});

test('where nothing is, nothing is left behind', async () => {
  const swept = await startCommand(process.execPath, [main, 'sweep', '-s', '/nonexistent/control.sock']).ended;
  expect(swept).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing is left behind') });
});

const main = join(import.meta.dirname, '../../../dist/main.js');

async function killed(daemon: Daemon): Promise<void> {
  daemon.kill('SIGKILL');
  await daemon.exited;
}

/** With a service's result as systemd's hook, else by hand. */
function sweep(daemon: Daemon, service?: Readonly<Record<string, string>>): Promise<CommandResult> {
  const args = [main, 'sweep', '-c', daemon.configFile, '-s', daemon.socket];
  if (service !== undefined) args.push('--after-stop');
  return startCommand(process.execPath, args, { env: { ...process.env, ...service } }).ended;
}
