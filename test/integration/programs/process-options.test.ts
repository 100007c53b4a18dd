import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { expectNoLoss } from '../../harness/expect-no-loss.ts';
import { runPortherd } from '../../harness/portherd-command.ts';
import { startCommand } from '../../harness/running-command.ts';
import { puppet } from '../../harness/puppet.ts';
import { underLoad } from '../../harness/roll-under-load.ts';

/** Whose a worker is and what the kernel allows it, read from /proc of real workers. */

const isRoot = process.getuid?.() === 0;
const whoever = userWithGroups();
const needsRoot = isRoot ? '' : ' (skipped: only root can start workers as somebody else)';

describe(`as root${needsRoot}`, () => {
  test.runIf(isRoot)(
    'a program’s user serves with his groups, reports, outlives the supervisor and is rolled',
    async () => {
      const { name, uid, gid, groups } = whoever;
      const web = puppet({ user: name, umask: '027' }, { LD_PRELOAD: '/nonexistent.so' });
      await using daemon = await startDaemon({ programs: { web } });
      const before = await daemon.pids('web');
      for (const pid of before) {
        expect(idsOf(pid)).toEqual({ uids: Array(4).fill(uid), gids: Array(4).fill(gid), groups });
        expect(variable(pid, 'HOME')).toBe(process.env['HOME']);
        expect(variable(pid, 'LD_PRELOAD')).toBe('/nonexistent.so');
        expect(status(pid, 'Umask')).toBe('0027');
      }
      const reports = await underLoad(daemon, {
        act: async () => {
          await daemon.succeed();
          expect(await daemon.pids('web')).toEqual(before);
          // As systemd leaves a directory of RuntimeDirectoryMode=0700 behind: the way is opened again.
          await chmod(daemon.directory, 0o700);
          await daemon.succeed();
          expect(await daemon.pids('web')).toEqual(before);
          expect((await daemon.ctl('roll', 'web')).exitCode).toBe(0);
        },
      });
      expectNoLoss(reports);
      const after = await daemon.pids('web');
      expect(after.some((pid) => before.includes(pid))).toBe(false);
      expect(after.map((pid) => idsOf(pid).uids[0])).toEqual([uid, uid]);
    },
  );

  test.runIf(isRoot)(
    'others may pass the run directory then, and get no further than the workers’ socket',
    async () => {
      await using plain = await startDaemon({ programs: { web: puppet() } });
      expect((await stat(plain.directory)).mode & 0o777).toBe(0o700);
      await using daemon = await startDaemon({ programs: { web: puppet({ user: 'nobody' }) } });
      const modes = ['.', 'workers.sock', 'control.sock', 'log'].map(async (name) => [
        name,
        (await stat(join(daemon.directory, name))).mode & 0o007,
      ]);
      expect(Object.fromEntries(await Promise.all(modes))).toEqual({
        '.': 1,
        'workers.sock': 6,
        'control.sock': 0,
        log: 0,
      });
    },
  );

  test.runIf(isRoot)('a group alone leaves the user, and a number without a name takes its group', async () => {
    const programs = { team: puppet({ group: 'nogroup' }), bare: puppet({ user: 54_321, group: 54_322 }) };
    await using daemon = await startDaemon({ programs });
    const [team = 0] = await daemon.pids('team');
    expect(idsOf(team)).toMatchObject({ uids: [0, 0, 0, 0], gids: Array(4).fill(65_534) });
    const [bare = 0] = await daemon.pids('bare');
    expect(idsOf(bare)).toEqual({ uids: Array(4).fill(54_321), gids: Array(4).fill(54_322), groups: [] });
  });

  test.runIf(isRoot)('limits, a lower niceness and another user go together', async () => {
    const rlimits = { nofile: '1234:5678', core: 0, nproc: '4000:5000' };
    await using daemon = await startDaemon({ programs: { web: puppet({ user: 'nobody', nice: -5, rlimits }) } });
    const [pid = 0] = await daemon.pids('web');
    // Node has raised the soft one.
    expect(limit(pid, 'Max open files')).toEqual(['5678', '5678']);
    expect(limit(pid, 'Max core file size')).toEqual(['0', '0']);
    expect(limit(pid, 'Max processes')).toEqual(['4000', '5000']);
    expect(niceOf(pid)).toBe(-5);
    expect(idsOf(pid).uids[0]).toBe(65_534);
  });

  test.runIf(isRoot)('who is not root is told so, before anything is started', async () => {
    await using daemon = await startDaemon({ programs: { web: puppet() } });
    const file = join(daemon.directory, 'other.yaml');
    const text = `programs:
  web: { command: sleep 1, user: root }
  nice: { command: sleep 1, nice: -20 }
  big: { command: sleep 1, rlimits: { nofile: 2000000000 } }
`;
    await chmod(daemon.directory, 0o755);
    await writeFile(file, text, { mode: 0o644 });
    const words = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, mainJs, 'check', '-c', file];
    const { NODE_OPTIONS: _, ...env } = process.env;
    const checked = await startCommand('setpriv', words, { env }).ended;
    expect(checked.exitCode).toBe(2);
    expect(checked.stderr).toContain('web: only root can start workers as user root; this daemon has uid 65534');
    expect(checked.stderr).toContain('nice: nice: -20 is below the daemon’s own');
    expect(checked.stderr).toContain('big: rlimits.nofile: 2000000000 is above the daemon’s own hard limit');
  });
});

test('umask, niceness and limits count for node and for others, whose pids stay', async () => {
  const traits = { umask: '027', nice: 7, rlimits: { nofile: '512:600', core: 0 } };
  const other = { command: ['sh', '-c', 'exec sleep 600'], listen: [], workers: 1, ...traits };
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 1, ...traits }), other } });
  const own = await daemon.pids('web');
  for (const pid of [...own, ...(await daemon.pids('other'))]) {
    expect(status(pid, 'Umask')).toBe('0027');
    expect(niceOf(pid)).toBe(7);
    expect(limit(pid, 'Max open files')).toEqual([own.includes(pid) ? '600' : '512', '600']); // Node raises its own
    expect(limit(pid, 'Max core file size')).toEqual(['0', '0']);
  }
});

test('a change of them is a roll', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ nice: 3 }) } });
  const before = await daemon.pids('web');
  await daemon.rewrite({ programs: { web: puppet({ nice: 4 }) } });
  const updated = await daemon.ctl('update');
  expect(updated.exitCode, updated.stderr).toBe(0);
  const after = await daemon.pids('web');
  expect(after.some((pid) => before.includes(pid))).toBe(false);
  expect(after.map(niceOf)).toEqual([4, 4]);
});

test.each([
  [{ user: 'nobody-of-that-name' }, 'there is no user nobody-of-that-name'],
  [{ group: 'nogroup-of-that-name' }, 'there is no group nogroup-of-that-name'],
  [{ user: 54_321 }, 'uid 54321 has no entry among the users'],
  [{ envFile: 'gone.env' }, 'cannot read the envFile: ENOENT'],
])('%j cannot be, and check says so', async (wrong, text) => {
  await using daemon = await startDaemon({ programs: { web: puppet() } });
  await daemon.rewrite({ programs: { web: puppet(wrong) } });
  const checked = await runPortherd(['check', '-c', daemon.configFile]);
  expect(checked.exitCode).toBe(2);
  expect(checked.stderr).toContain(`web: ${text}`);
});

const mainJs = join(import.meta.dirname, '../../../dist/main.js');

function status(pid: number, key: string): string {
  return new RegExp(`^${key}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}

function idsOf(pid: number): { uids: number[]; gids: number[]; groups: number[] } {
  const numbers = (key: string): number[] => (status(pid, key).match(/\d+/g) ?? []).map(Number);
  return { uids: numbers('Uid'), gids: numbers('Gid'), groups: numbers('Groups').toSorted((one, two) => one - two) };
}

function limit(pid: number, name: string): readonly string[] {
  const line = readFileSync(`/proc/${pid}/limits`, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name} `));
  return line?.slice(name.length).trim().split(/\s+/).slice(0, 2) ?? [];
}

/** Field 19 of /proc/PID/stat; the name before it may hold spaces. */
function niceOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16]);
}

function variable(pid: number, name: string): string | undefined {
  const found = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .find((one) => one.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** Somebody who is in more groups than his own, where there is one; else nobody. */
function userWithGroups(): { name: string; uid: number; gid: number; groups: number[] } {
  const groups = lines('/etc/group');
  const users = lines('/etc/passwd').filter(([, , uid]) => Number(uid) > 0);
  const inOne = (name: string): string[][] =>
    groups.filter(([, , , members = '']) => members.split(',').includes(name));
  const [name = '', , uid, gid] = users.find(([user = '']) => inOne(user).length > 0) ?? [
    'nobody',
    '',
    '65534',
    '65534',
  ];
  const all = new Set([Number(gid), ...inOne(name).map(([, , id]) => Number(id))]);
  return { name, uid: Number(uid), gid: Number(gid), groups: [...all].toSorted((one, two) => one - two) };
}

function lines(file: string): string[][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
}
