import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { fixtureApps } from '../../harness/daemon-config.ts';
import { freePort } from '../../harness/free-port.ts';
import { getText } from '../../harness/get-text.ts';
import { runPortherd, startPortherd } from '../../harness/portherd-command.ts';
import { outcome, puppet } from '../../harness/puppet.ts';
import { runCommand } from '../../harness/running-command.ts';
import { until } from '../../harness/until.ts';

/** Starts that are refused leave nothing behind; starts after a daemon's death go well. */

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'portherd-boot-'))));
afterEach(() => rm(directory, { recursive: true }));

test('a port in use is refused with 2, naming the holder, whether or not it would share', async () => {
  const port = await freePort();
  for (const reusePort of [false, true]) {
    const source = `require('node:http').createServer((q, s) => s.end('theirs')).listen({ port: ${port}, host: '127.0.0.1', reusePort: ${reusePort} }, () => console.log('up'))`;
    const holder = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await until(async () => (await outcome(getText(port))) === 'theirs', { what: 'the holder to listen' });
      const ran = await runPortherd(['run', '-c', await configFile(port), '-s', join(directory, 'run/control.sock')]);
      expect(ran.exitCode).toBe(2);
      expect(ran.stderr).toContain(`web: 127.0.0.1:${port} is in use by pid ${holder.pid}`);
      expect(ran.stderr).toContain('node');
      expect(await socketsIn(join(directory, 'run'))).toEqual([]);
      expect(await getText(port)).toBe('theirs');
    } finally {
      holder.kill('SIGKILL');
      await until(async () => (await outcome(getText(port))) === 'ECONNREFUSED', { what: 'the port to be free' });
    }
  }
});

test('a second daemon on the same run directory is refused with 2, naming the first', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const pids = await daemon.pids('web');
  const second = await runPortherd(['run', '-c', await configFile(await freePort()), '-s', daemon.socket]);
  expect([second.exitCode, second.stderr]).toEqual([2, expect.stringContaining(`pid ${daemon.pid}`)]);
  // Another socket in the same directory is the same daemon's home.
  const beside = join(daemon.directory, 'other.sock');
  expect(await runPortherd(['run', '-c', await configFile(await freePort()), '-s', beside])).toMatchObject({
    exitCode: 2,
  });
  expect(await daemon.pids('web')).toEqual(pids);
  expect(await daemon.ctl('status')).toMatchObject({ exitCode: 0 });
});

test('a run directory that others may enter is refused with 2', async () => {
  const open = join(directory, 'open');
  await mkdir(open);
  await chmod(open, 0o755);
  const ran = await runPortherd(['run', '-c', await configFile(await freePort()), '-s', join(open, 'control.sock')]);
  expect([ran.exitCode, ran.stderr]).toEqual([2, expect.stringContaining(`${open} has mode 0755`)]);
  expect(await readdir(open)).toEqual([]);
});

test.for<[string, RegExp]>([
  ['run --frobnicate', /frobnicate/],
  ['run surplus', /surplus/],
  ['run -c nowhere.yaml', /cannot read the config .*nowhere\.yaml/],
  ['frobnicate', /there is no command frobnicate/],
  ['serve', /serve needs a script/],
  ['serve app.js', /serve needs --port/],
  ['serve missing.js --port 8080', /no script .*missing\.js/],
  ['serve missing.js --port 99999', /65535/],
  ['serve missing.js --port 8080 --workers many', /workers/],
])('portherd %s is refused with 2', async ([line, said]) => {
  const ran = await runPortherd(line.split(' '), {
    cwd: directory,
    env: { PORTHERD_SOCKET: join(directory, 'run/c.sock') },
  });
  expect([ran.exitCode, ran.stderr]).toEqual([2, expect.stringMatching(said)]);
  expect(ran.stderr).not.toMatch(/^ +at /m);
});

test('serve runs a script without a file', async () => {
  const port = await freePort();
  const socket = join(directory, 'run/control.sock');
  const args = ['serve', join(fixtureApps, 'puppet.cjs'), '--port', String(port), '--workers', '2', '-s', socket];
  const served = startPortherd(args, { cwd: directory });
  const ctl = (...words: readonly string[]) =>
    runCommand(process.execPath, [join(import.meta.dirname, '../../../dist/ctl.js'), '-s', socket, ...words]);
  try {
    await until(
      async () => (await ctl('status')).exitCode === 0 && (await ctl('status')).stdout.match(/RUNNING/g)?.length === 2,
      { what: 'two workers' },
    );
    expect((await ctl('status')).stdout).toMatch(/^puppet:0 +RUNNING/);
    expect((await getText(port)).split(' ')[0]).toBe('r0');
    for (const command of ['update', 'reread']) {
      const ran = await ctl(command);
      expect([ran.exitCode, ran.stdout]).toEqual([1, expect.stringContaining('without a config file')]);
    }
    expect((await ctl('avail')).exitCode).toBe(0);
    expect((await ctl('roll')).exitCode).toBe(0);
  } finally {
    served.kill('SIGTERM');
  }
  expect(await served.ended).toMatchObject({ exitCode: 0 });
});

async function configFile(port: number): Promise<string> {
  const file = join(directory, `portherd-${port}.yaml`);
  const web = {
    command: [process.execPath, 'puppet.cjs'],
    directory: fixtureApps,
    workers: 1,
    listen: [{ port, host: '127.0.0.1' }],
  };
  await writeFile(file, JSON.stringify({ programs: { web } }));
  return file;
}

async function socketsIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isSocket()).map(({ name }) => name);
}
