import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { holdsSocket } from '../../../src/linux/holders.ts';
import { startDaemon } from '../../harness/daemon.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { isAlive, puppet, slotsOf, untilStates } from '../../harness/puppet.ts';
import { underLoad } from '../../harness/roll-under-load.ts';
import type { CommandResult } from '../../harness/running-command.ts';
import { until } from '../../harness/until.ts';

/** `portherdctl reload`: the daemon replaces itself and stays the same process. */

test('ten reloads under load cost no connection; the daemon’s pid and the workers’ stay', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3 }) } });
  const before = await daemon.pids('web');
  const reports = await underLoad(daemon, {
    act: async () => {
      for (let n = 0; n < 10; n += 1) {
        const reloaded = await daemon.ctl('reload');
        expect(reloaded).toMatchObject({ exitCode: 0, stderr: '' });
        expect(reloaded.stdout).toMatch(
          new RegExp(`^Restarted portherd [\\d.]+ \\(pid ${daemon.pid}\\) in \\d+ ms; 3 workers kept\n$`),
        );
      }
    },
  });
  expectNoLoss(reports);
  expect(await daemon.pids('web')).toEqual(before);
});

test('who asks meanwhile waits, and is answered', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const over = new AbortController();
  const asked: CommandResult[] = [];
  const asking = (async () => {
    while (!over.signal.aborted) asked.push(await daemon.ctl('status'));
  })();
  // In step with the reloads on a slow machine: one is asked at each then.
  for (let n = 0; n < 5 || asked.length < 5; n += 1) expect(await daemon.ctl('reload')).toMatchObject({ exitCode: 0 });
  over.abort();
  await asking;
  expect(asked.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
});

test('the config is applied as by update', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const before = await daemon.pids('web');
  await daemon.rewrite({ programs: { web: puppet({ workers: 3 }) } });
  expect((await daemon.ctl('reload')).stdout).toContain('; 2 workers kept\n');
  await untilStates(daemon, ['RUNNING', 'RUNNING', 'RUNNING']);
  expect((await daemon.pids('web')).slice(0, 2)).toEqual(before);
  await daemon.rewrite({ programs: { web: puppet({ workers: 1 }) } });
  expect((await daemon.ctl('reload')).stdout).toContain(
    '; 1 of 3 workers kept, the others leave: see `portherdctl status`\n',
  );
  await untilStates(daemon, ['RUNNING']);
  expect(await daemon.pids('web')).toEqual(before.slice(0, 1));
});

test('a config that is bad is refused, and nothing has changed', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const [before, { daemon: was }] = [await daemon.pids('web'), await daemon.status()];
  await writeFile(daemon.configFile, 'programs: { web: { comand: node x.js } }');
  const refused = await daemon.ctl('reload');
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout + refused.stderr).toMatch(/the new portherd cannot start: .*portherd\.yaml:1:.*comand/s);
  expect(await daemon.pids('web')).toEqual(before);
  expect((await daemon.status()).daemon.uptimeMs).toBeGreaterThan(was.uptimeMs);
});

test('a config that cannot be applied is refused, and nothing has changed', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  const before = await daemon.pids('web');
  await daemon.rewrite({ programs: { web: puppet(), other: { command: 'no-such-program' } } });
  const refused = await daemon.ctl('reload');
  expect([refused.exitCode, refused.stdout + refused.stderr]).toEqual([
    1,
    expect.stringContaining('the config cannot be applied: other: no `no-such-program` in PATH'),
  ]);
  expect(await daemon.pids('web')).toEqual(before);
});

test('code that cannot start is refused with its error, and code that can is taken through the same path', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'portherd-release-'));
  try {
    const current = join(directory, 'main.js');
    const dist = join(import.meta.dirname, '../../../dist/main.js');
    await symlink(dist, current);
    await using daemon = await startDaemon({ programs: { web: puppet() }, main: current });
    const before = await daemon.pids('web');
    await unlink(current);
    await writeFile(join(directory, 'broken.js'), 'throw new Error("half an upgrade");');
    await symlink('broken.js', current);
    const refused = await daemon.ctl('reload');
    expect([refused.exitCode, refused.stdout + refused.stderr]).toEqual([
      1,
      expect.stringContaining('half an upgrade'),
    ]);
    expect(await daemon.ctl('status')).toMatchObject({ exitCode: 0 });
    await unlink(current);
    await symlink(dist, current);
    expect(await daemon.ctl('reload')).toMatchObject({ exitCode: 0 });
    expect(await daemon.pids('web')).toEqual(before);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.for([
  ['the file that holds the daemon is cut short', cutShort, /the new portherd cannot start: .*SyntaxError/s],
  ['its way to libc is gone', (release: string) => unlink(join(release, 'node_modules')), /no access to libc/],
] as const)('an upgrade that is only half there is refused: %s', async ([, spoil, why]) => {
  const release = await mkdtemp(join(tmpdir(), 'portherd-release-'));
  try {
    const root = join(import.meta.dirname, '../../..');
    for (const part of ['dist', 'package.json']) await cp(join(root, part), join(release, part), { recursive: true });
    await symlink(join(root, 'node_modules'), join(release, 'node_modules'));
    await using daemon = await startDaemon({ programs: { web: puppet() }, main: join(release, 'dist/main.js') });
    const before = await daemon.pids('web');
    await spoil(release);
    const refused = await daemon.ctl('reload');
    expect([refused.exitCode, refused.stdout + refused.stderr]).toEqual([1, expect.stringMatching(why)]);
    expect(await daemon.ctl('status')).toMatchObject({ exitCode: 0 });
    expect(await daemon.pids('web')).toEqual(before);
  } finally {
    await rm(release, { recursive: true });
  }
});

test('a roll that is under way is not interrupted', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ roll: { minReady: '10s' } }) } });
  await daemon.api('POST', '/v1/roll', { programs: ['web'], wait: false });
  const refused = await daemon.ctl('reload');
  expect([refused.exitCode, refused.stdout + refused.stderr]).toEqual([1, expect.stringContaining('is being rolled')]);
});

test('a worker that dies after a reload is told by how it ended, and leaves no zombie', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await daemon.ctl('reload');
  const [first = 0] = await daemon.pids('web');
  process.kill(first, 'SIGKILL');
  const told = await daemon.waitForLog('exited');
  expect(told['how']).toBe('killed by SIGKILL');
  await until(() => Promise.resolve(!isAlive(first)), { what: 'the process to be reaped' });
  await untilStates(daemon, ['RUNNING', 'RUNNING']);
  expect((await slotsOf(daemon)).map(({ restarts }) => restarts)).toEqual([1, 0]);
});

test('workers that are started after a reload hold nothing of the daemon’s: it may be killed, and succeeded', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await daemon.ctl('reload');
  expect(await daemon.ctl('restart', 'web')).toMatchObject({ exitCode: 0 });
  const [first = 0] = await daemon.pids('web');
  const own = [daemon.socket, join(daemon.directory, 'workers.sock')].map(inodeOfSocket);
  expect(own.every((inode) => inode > 0)).toBe(true);
  expect(own.filter((inode) => holdsSocket(first, inode))).toEqual([]);
  await daemon.succeed();
  expect((await daemon.pids('web'))[0]).toBe(first);
});

/** As /proc/net/unix names it: the path's own inode is the file's. */
function inodeOfSocket(path: string): number {
  const row = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .find((line) => line.endsWith(` ${path}`));
  return Number(row?.trim().split(/\s+/)[6] ?? 0);
}

/** Of the chunks of a build, the one with daemon.ts in it; main.js loads it last. */
async function cutShort(release: string): Promise<void> {
  const directory = join(release, 'dist/daemon');
  for (const name of await readdir(directory)) {
    const file = join(directory, name);
    const code = name.endsWith('.js') ? await readFile(file, 'utf8') : '';
    if (code.includes('portherd replaces itself')) return writeFile(file, code.slice(0, code.length / 2));
  }
  throw new Error('no chunk holds the daemon');
}
