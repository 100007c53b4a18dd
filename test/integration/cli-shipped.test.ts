import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeTooOld } from '../../src/shared/node-version.ts';
import { type Answers, fakeControl } from '../harness/fake-control.ts';
import { buildCtl, type Ctl, ranOf, runCtl, runOnTerminal, startCtl, startOnTerminal } from '../harness/run-ctl.ts';
import { programStatus, slotStatus, statusReply } from '../harness/status-fixture.ts';
import { until } from '../harness/until.ts';

/** portherdctl as a program: terminal, old Node, what it loads, its compile cache. */
let ctl: Ctl;

beforeAll(async () => {
  ctl = await buildCtl();
});

afterAll(() => ctl[Symbol.asyncDispose]());

const web = programStatus('web', [slotStatus('web', 0), slotStatus('web', 1)]);
const running: Answers = { 'GET /v1/status': statusReply([web]) };
const plainRows =
  'web:0                            RUNNING   pid 4000, uptime 0:01:02\r\n' +
  'web:1                            RUNNING   pid 4001, uptime 0:01:02\r\n';

async function statusOn(env: NodeJS.ProcessEnv, ...args: string[]) {
  await using daemon = await fakeControl(running);
  return (await runOnTerminal(ctl, ['-s', daemon.socketPath, 'status', ...args], { env })).stdout;
}

describe('the terminal', () => {
  test('gets colours, unless they are unwanted', async () => {
    expect(await statusOn({})).toContain('\u001B[32mRUNNING   \u001B[39mpid 4000');
    expect(await statusOn({ NO_COLOR: '1' })).toBe(plainRows);
    expect(await statusOn({}, '--no-color')).toBe(plainRows);
  });

  const slot = { name: 'web:0', slot: 0, state: 'RUNNING', open: 5, share: 1, weight: 1 };
  const connections = { programs: [{ name: 'web', slots: [slot] }], ageMs: 0 };

  test('gets a bar for each worker, half of it where the share is even', async () => {
    await using daemon = await fakeControl({ 'GET /v1/connections': connections });
    const { stdout } = await runOnTerminal(ctl, ['-s', daemon.socketPath, 'connections'], { columns: 120 });
    expect(stdout).toMatch(/100\.0% {2}█{8,12}\S?\r\n/);
    for (const line of stdout.split('\r\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  test('is watched on a page of its own, and is as it was after Ctrl-C', async () => {
    await using daemon = await fakeControl({ 'GET /v1/connections': connections });
    const child = startOnTerminal(ctl, ['-s', daemon.socketPath, 'connections', '-w', '0.1'], { columns: 60 });
    const ended = ranOf(child);
    let shown = '';
    child.stdout?.on('data', (text: string) => (shown += text));
    await until(() => shown.split('\u001B[H').length > 3, { what: 'three pages', explain: () => shown });
    child.stdin?.write('\u0003');
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    const pages = stdout.split('\u001B[H');
    expect(pages.length).toBeGreaterThan(3);
    expect(pages[0]).toContain('\u001B[?1049h\u001B[?25l');
    for (const page of pages.slice(1)) expect(page).toContain('every 0.1 s, Ctrl-C ends');
    expect(stdout).not.toContain('\u001B[2J');
    expect(stdout.indexOf('\u001B[?25h\u001B[?1049l')).toBeGreaterThan(stdout.lastIndexOf('web:0'));
  });

  test('FORCE_COLOR paints also where there is none', async () => {
    await using daemon = await fakeControl(running);
    const { stdout } = await runCtl(ctl, ['-s', daemon.socketPath, 'status'], { env: { FORCE_COLOR: '1' } });
    expect(stdout).toContain('\u001B[32mRUNNING');
  });
});

describe('as shipped', () => {
  const oldNode = '/usr/bin/node';
  const isOld =
    existsSync(oldNode) &&
    nodeTooOld('', execFileSync(oldNode, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim());

  test.skipIf(!isOld)('an old Node is refused with one line and exit code 2', async () => {
    const { code, stdout, stderr } = await runCtl(ctl, ['status'], { node: oldNode });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^portherdctl needs Node 22\.12 or newer, this is \S+: older ones silently ignore reusePort\n$/,
    );
  });

  test('what a command loads leaves out what starts slowly', async () => {
    const { files, modules } = await loaded();
    expect([...modules]).toContain('node:net');
    for (const slow of ['http', 'child_process', 'readline', 'zlib', 'crypto'])
      expect([...modules].filter((name) => name.replace('node:', '') === slow)).toEqual([]);
    expect([...modules].filter((name) => !/^(node:)?[a-z/]+$/.test(name))).toEqual([]);
    const text = (await Promise.all([...files].map((file) => readFile(file, 'utf8')))).join('');
    // zod, yaml, the shell and the completion scripts by words of theirs.
    const lazy = ['ZodError', 'YAMLParseError', 'portherd> ', 'COMP_WORDS is cut at colons'];
    expect(lazy.filter((word) => text.includes(word))).toEqual([]);
    expect(text.length).toBeLessThan(320_000);
  });

  test('the compiled code is kept in a directory that only its user may write', async () => {
    const cache = join(ctl.directory, 'cache2');
    await runCtl(ctl, ['--version'], { env: { XDG_CACHE_HOME: cache } });
    expect(existsSync(join(cache, 'portherd'))).toBe(true);
    const kept = () => execFileSync('find', [join(cache, 'portherd'), '-type', 'f'], { encoding: 'utf8' });
    expect(kept()).not.toBe('');
    await rm(join(cache, 'portherd'), { recursive: true });
    execFileSync('mkdir', ['-m', '0777', join(cache, 'portherd')]);
    await runCtl(ctl, ['--version'], { env: { XDG_CACHE_HOME: cache } });
    expect(kept()).toBe('');
  });

  test('a reader that goes away is no error', async () => {
    await using daemon = await fakeControl(running);
    const child = startCtl(ctl, ['-s', daemon.socketPath, 'status']);
    child.stdout?.destroy();
    const { code, stderr } = await ranOf(child);
    expect([code, stderr]).toEqual([0, '']);
  });
});

/** What a command loads before it runs: ctl.js, the one chunk that it asks for, and what those import. */
async function loaded(): Promise<{ files: Set<string>; modules: Set<string> }> {
  const [files, modules] = [new Set<string>(), new Set<string>()];
  const visit = async (file: string): Promise<void> => {
    if (files.has(file)) return;
    files.add(file);
    const text = await readFile(file, 'utf8');
    const entry = file === ctl.file ? [...text.matchAll(/import\("([^"]+)"\)/g)] : [];
    for (const [, name = ''] of [...text.matchAll(/(?:from|import)"([^"]+)"/g), ...entry])
      if (name.startsWith('.')) await visit(resolve(dirname(file), name));
      else modules.add(name);
  };
  await visit(ctl.file);
  return { files, modules };
}
