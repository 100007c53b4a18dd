import { createServer, type Server } from 'node:net';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../../src/shared/finding.ts';
import { startDaemon } from '../harness/daemon.ts';
import { freePort } from '../harness/free-port.ts';
import { puppet } from '../harness/puppet.ts';
import { type CommandResult, runCommand } from '../harness/running-command.ts';
import { until } from '../harness/until.ts';

/** `portherd doctor` on this machine. What it makes of each fact is in unit/core/*-findings.test.ts. */
const dist = join(import.meta.dirname, '../../dist');
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portherd-doctor-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** In a directory of its own, where it finds neither a config nor a daemon unless told. */
function doctor(args: readonly string[] = [], tool = 'main.js'): Promise<CommandResult> {
  const { PORTHERD_SOCKET: _, ...env } = process.env;
  const socket = args.includes('-s') ? [] : ['-s', join(directory, 'run/control.sock')];
  return runCommand(process.execPath, [join(dist, tool), 'doctor', ...socket, ...args], { cwd: directory, env });
}

function finding(result: CommandResult, subject: string): Finding | undefined {
  const { findings }: { findings: readonly Finding[] } = result.json();
  return findings.find((one) => one.subject === subject);
}

async function writeConfig(port: number, over = ''): Promise<string> {
  const path = join(directory, 'portherd.yaml');
  await writeFile(path, `programs: { web: { command: node x.js, workers: 1, listen: [{ port: ${port} }] } }\n${over}`);
  return path;
}

test.each(['main.js', 'ctl.js'])('a daemon that is asked over TCP is not looked at (%s)', async (tool) => {
  const { exitCode, stdout, stderr } = await doctor(['-s', 'http://user:secret@127.0.0.1:9001'], tool);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toContain('doctor looks at this machine and not at http://');
  expect(stderr).not.toContain('secret');
  expect((await doctor(['-s', `unix://${directory}/run/control.sock`], tool)).stdout).toMatch(
    /^ok +daemon +does not run$/m,
  );
});

test('without a config and a daemon it looks at the machine, and aligns what it says', async () => {
  const ran = await doctor();
  expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
  const lines = ran.stdout.split('\n');
  expect(lines[0]).toBe(`ok       Node           ${process.versions.node}`);
  expect(lines).toContain('ok       daemon         does not run');
  expect(lines.filter((line) => line.includes('port '))).toEqual([]);
  expect(ran.stdout).toMatch(/\n\d+ ok, \d+ warnings?, 0 failures\n$/);
});

test('a config that is there is looked at; a wrong one is a failure, and the machine is looked at all the same', async () => {
  const port = await freePort();
  await writeConfig(port);
  expect(finding(await doctor(['--json']), `port ${port}`)).toMatchObject({ is: 'ok', text: 'web, ::: free' });
  const path = await writeConfig(port, 'nonsense: 1\n');
  const ran = await doctor(['--json', '-c', path]);
  expect(ran.exitCode).toBe(1);
  expect(finding(ran, 'config')).toMatchObject({ is: 'failure', text: expect.stringContaining('portherd.yaml:2:1') });
  expect(finding(ran, 'kernel')).toMatchObject({ is: 'ok' });
});

test('a port that another process holds is a failure that names it', async () => {
  await using held = await listenOnAnyPort();
  await writeConfig(held.port);
  const ran = await doctor(['--json']);
  expect(ran.exitCode).toBe(1);
  const text = expect.stringContaining(`held by pid ${process.pid} (`);
  expect(finding(ran, `port ${held.port}`)).toMatchObject({ is: 'failure', text });
});

test('a running daemon’s ports are its own, and portherdctl says the same', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 2 }) } });
  for (const tool of ['main.js', 'ctl.js']) {
    const ran = await doctor(['--json', '-s', daemon.socket], tool);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    expect(finding(ran, 'daemon')).toMatchObject({ text: expect.stringContaining(`pid ${daemon.pid}`) });
    // The config is the one that the daemon runs with.
    const text = 'web, 127.0.0.1: the daemon’s, 2 listeners';
    expect(finding(ran, `port ${daemon.port()}`)).toEqual({ is: 'ok', subject: `port ${daemon.port()}`, text });
    expect(finding(ran, 'control socket')).toMatchObject({ is: 'ok', text: `${daemon.socket}, 0600` });
  }
});

test('the ports of workers that bind them themselves are the daemon’s too, behind a wrapper as well', async () => {
  const command = ['sh', '-c', '"$@"; exit $?', 'sh', process.execPath, 'puppet.cjs'];
  const programs = { web: puppet({ workers: 2, bind: 'worker', command }) };
  await using daemon = await startDaemon({ programs });
  const ran = await doctor(['--json', '-s', daemon.socket]);
  expect(finding(ran, `port ${daemon.port()}`)).toMatchObject({
    is: 'ok',
    text: expect.stringContaining('2 listeners'),
  });
  expect(finding(ran, 'migrate_req')?.is).toMatch(/^(ok|warning)$/);
});

test('the workers of a daemon that was killed are told from strangers', async () => {
  const daemon = await startDaemon({ programs: { web: puppet({ workers: 2 }) } });
  const pids = await daemon.pids('web');
  try {
    daemon.kill('SIGKILL');
    await daemon.exited;
    const ran = await doctor(['--json', '-s', daemon.socket, '-c', daemon.configFile]);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    expect(finding(ran, 'daemon')).toMatchObject({ is: 'warning', text: expect.stringMatching(/left serve on: 2$/) });
    const text = expect.stringContaining('2 workers of a daemon that died');
    expect(finding(ran, `port ${daemon.port()}`)).toMatchObject({ is: 'ok', text });
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(() => daemon.processes().length === 0, { what: 'its workers to be gone' });
    await daemon[Symbol.asyncDispose]();
  }
});

test('a stranger in the group of a running daemon is a warning that names it', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1 }) } });
  await using stranger = await listenOnAnyPort({ port: daemon.port(), host: '127.0.0.1', reusePort: true });
  const ran = await doctor(['--json', '-s', daemon.socket]);
  expect(ran.exitCode).toBe(0);
  const text = expect.stringContaining(`beside the daemon pid ${process.pid}`);
  expect(finding(ran, `port ${stranger.port}`)).toMatchObject({ is: 'warning', text });
});

test('a run directory that others may enter is a failure', async () => {
  await chmod(directory, 0o755);
  const ran = await doctor(['--json', '-s', join(directory, 'control.sock')]);
  expect(ran.exitCode).toBe(1);
  expect(finding(ran, 'run directory')).toMatchObject({ is: 'failure', cure: `chmod 0700 ${directory}` });
});

test('a log directory on tmpfs cannot be rotated without loss', async () => {
  await writeConfig(await freePort(), 'supervisor: { logDir: /dev/shm }\n');
  expect(finding(await doctor(['--json']), 'log disk')).toMatchObject({
    is: 'warning',
    text: expect.stringMatching(/^tmpfs, \d+ MB free/),
  });
});

test('words that it does not know are refused', async () => {
  expect(await doctor(['now'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('unexpected: now') });
  expect((await doctor(['now'], 'ctl.js')).exitCode).toBe(2);
});

async function listenOnAnyPort(
  options: { port: number; host: string; reusePort: boolean } = { port: 0, host: '127.0.0.1', reusePort: false },
): Promise<{ port: number } & AsyncDisposable> {
  const server: Server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.on('error', reject);
  server.listen(options, resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
