import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DaemonProcess } from '../harness/daemon-process.ts';
import { freePort } from '../harness/free-port.ts';
import { getText } from '../harness/get-text.ts';
import { type CommandResult, runCommand } from '../harness/running-command.ts';
import { until } from '../harness/until.ts';

/** `portherd init`, then what it says to do next. What it makes of each package.json is in unit/config/first-config.test.ts. */
const main = join(import.meta.dirname, '../../dist/main.js');
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portherd-init-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function portherd(...args: readonly string[]): Promise<CommandResult> {
  return runCommand(process.execPath, [main, ...args], { cwd: directory });
}

async function writeApp(manifest: object): Promise<void> {
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
  const app =
    "require('node:http').createServer((_, answer) => answer.end(process.env.GREETING ?? 'hello')).listen(process.env.PORT);";
  await writeFile(join(directory, 'server.js'), app);
}

test.for([
  [{ name: 'direct', scripts: { start: 'GREETING=moin node server.js' } }, 'moin'],
  [{ name: 'wrapped', scripts: { start: 'true && node server.js' } }, 'hello'],
  [{ name: 'plain' }, 'hello'],
] as const)('init, check, run, and a request is answered: %j', async ([manifest, answer]) => {
  await writeApp(manifest);
  const port = await freePort();
  const made = await portherd('init', '--port', String(port));
  expect(made.exitCode, made.stderr).toBe(0);
  expect(made.stdout).toContain('npx portherd check ');
  const checked = await portherd('check');
  expect(checked.exitCode, checked.stderr).toBe(0);

  const { NODE_OPTIONS: _, ...env } = process.env;
  const socket = join(directory, 'run/control.sock');
  const daemon = new DaemonProcess(process.execPath, [main, 'run', '-s', socket], env, directory);
  try {
    await daemon.waitForLog('ready', ({ slot }) => slot === 0, 30_000);
    expect(await getText(port)).toBe(answer);
  } finally {
    daemon.kill('SIGTERM');
    await until(() => daemon.exit, { what: 'the daemon to end', deadline: 30_000, explain: () => daemon.tail() });
  }
  expect(daemon.exit).toEqual({ code: 0, signal: null });
});

test('what is there is kept, unless it is forced', async () => {
  await writeApp({ name: 'shop' });
  const path = join(directory, 'portherd.yml');
  await writeFile(path, 'mine\n');
  const refused = await portherd('init', directory);
  expect(refused).toMatchObject({
    exitCode: 2,
    stderr: `portherd: ${path} is there already\n  --force replaces it.\n`,
  });
  expect(await readFile(path, 'utf8')).toBe('mine\n');
  expect((await portherd('init', '--force')).exitCode).toBe(0);
  expect(await readFile(path, 'utf8')).toContain('command: node server.js');
  expect((await portherd('check')).exitCode).toBe(0);
});

test('a package.json that is no file is refused, not waited for', async () => {
  await mkdir(join(directory, 'shop'));
  expect(await runCommand('mkfifo', [join(directory, 'shop/package.json')])).toMatchObject({ exitCode: 0 });
  expect(await portherd('init', 'shop')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('package.json is not a regular file\n'),
  });
});

test('a link that leads nowhere is not written through', async () => {
  await writeApp({ name: 'shop' });
  await symlink(join(directory, 'elsewhere'), join(directory, 'portherd.yaml'));
  expect(await portherd('init')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is there already') });
  await expect(readFile(join(directory, 'elsewhere'))).rejects.toThrow('ENOENT');
});

test('in another directory the next steps name the file; what has to be built first is said', async () => {
  await writeApp({ name: 'shop', scripts: { start: 'node dist/main.js' } });
  const made = await runCommand(process.execPath, [main, 'init', directory], { cwd: tmpdir() });
  expect(made.exitCode, made.stderr).toBe(0);
  expect(made.stdout).toMatch(/npx portherd check -c portherd-init-\w+\/portherd\.yaml/);
  expect(made.stdout).toContain('Build the app first?');
});

test.for([
  [[], 'cannot read'],
  [['--port', '0'], '--port 0 is not a port'],
  [['--port', '1e3'], '--port 1e3 is not a port'],
  [['a', 'b'], 'unexpected: b'],
] as const)('init %j without an app is refused: %s', async ([args, why]) => {
  expect(await portherd('init', ...args)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(why) });
  await expect(readFile(join(directory, 'portherd.yaml'))).rejects.toThrow('ENOENT');
});
