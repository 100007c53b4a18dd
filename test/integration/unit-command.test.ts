import { statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandResult, startCommand } from '../harness/running-command.ts';

/** `portherd unit`: what is printed is a unit that systemd understands, for this node and this portherd. */
const main = join(import.meta.dirname, '../../dist/main.js');
const analyzer = await startCommand('systemd-analyze', ['--version']).ended.catch(() => undefined);
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portherd-unit-'));
  const config = {
    programs: { web: { command: 'node', listen: [{ port: 80 }], workers: 3, stop: { drainTimeout: '2m' } } },
  };
  await writeFile(join(directory, 'portherd.yaml'), JSON.stringify(config));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('prints a service for this node, this portherd and this config', async () => {
  const { exitCode, stdout, stderr } = await unit();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const where = `-c ${directory}/portherd.yaml -s %t/portherd/control.sock`;
  expect(stdout).toContain(`\nExecStart=${process.execPath} ${main} run ${where}\n`);
  expect(stdout).toContain('\nTimeoutStopSec=140\n');
  expect(stdout).toContain('\nUser=portherd\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n');
});

test('prints what goes with it: the sweeper, a socket unit, a user’s own', async () => {
  expect((await unit('--sweep-unit')).stdout).toContain(`\nExecStart=${process.execPath} ${main} sweep -c `);
  expect((await unit('--socket-unit')).stdout.match(/^ListenStream=\[::\]:80$/gm)).toHaveLength(3);
  const own = (await unit('--user')).stdout;
  expect(own).toContain('WantedBy=default.target');
  expect(own).not.toContain('User=');
  expect((await unit('--run-as', 'www-data')).stdout).toContain('\nUser=www-data\n');
});

test.runIf((statSync('/root').mode & 0o001) === 0)('warns of what its user may not read, with the cure', async () => {
  const file = join(directory, 'home.yaml');
  await writeFile(file, 'programs: { web: { command: node /root/app/x.js, directory: /root/app } }');
  const print = (...args: readonly string[]): Promise<CommandResult> =>
    startCommand(process.execPath, [main, 'unit', '-c', file, ...args]).ended;
  const { exitCode, stdout, stderr } = await print();
  expect(exitCode).toBe(0);
  expect(stdout).toContain('\nUser=portherd\n');
  expect(stdout).toContain('\nProtectHome=read-only\n');
  expect(stderr).toBe(
    'portherd: warning: portherd may not read what is in a home: /root/app, /root/app/x.js\n' +
      '  Give the unit their owner with --run-as, or move them, to /srv or /etc say.\n',
  );
  expect((await print('--run-as', 'root')).stderr).toBe('');
  expect((await print('--user')).stderr).toBe('');
});

test('refuses a config that is bad, and words that it does not know', async () => {
  await writeFile(join(directory, 'bad.yaml'), 'programs: { web: { comand: node } }');
  const bad = await startCommand(process.execPath, [main, 'unit', '-c', join(directory, 'bad.yaml')]).ended;
  expect(bad).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('comand') });
  expect(await unit('web')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('unexpected: web') });
});

test.for([
  [['--run-as', 'x\nExecStartPre=y'], 'is not a user’s name or number'],
  [['--user', '--run-as', 'www-data'], '--user and --run-as exclude each other'],
  [['--sweep-unit', '--socket-unit'], '--sweep-unit and --socket-unit exclude each other'],
] as const)('refuses %j', async ([flags, text]) => {
  expect(await unit(...flags)).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining(text) });
});

describe.skipIf(analyzer === undefined)('systemd-analyze', () => {
  test('finds nothing wrong with them, and an exposure of 2.0 at most', async () => {
    await writeFile(join(directory, 'portherd.service'), (await unit('--run-as', 'root')).stdout);
    await writeFile(join(directory, 'portherd-sweep.service'), (await unit('--run-as', 'root', '--sweep-unit')).stdout);
    await writeFile(join(directory, 'portherd.socket'), (await unit('--socket-unit')).stdout);
    for (const name of ['portherd.service', 'portherd-sweep.service', 'portherd.socket']) {
      const verified = await startCommand('systemd-analyze', ['verify', '--man=no', join(directory, name)]).ended;
      expect(verified, name).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    }
    await writeFile(join(directory, 'portherd.service'), (await unit()).stdout);
    const args = ['security', '--offline=true', '--threshold=20', '--no-pager', join(directory, 'portherd.service')];
    const { exitCode, stdout } = await startCommand('systemd-analyze', args).ended;
    expect(exitCode, stdout.split('\n').at(-2)).toBe(0);
  });
});

function unit(...flags: readonly string[]): Promise<CommandResult> {
  return startCommand(process.execPath, [main, 'unit', '-c', join(directory, 'portherd.yaml'), ...flags]).ended;
}
