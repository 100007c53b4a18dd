import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findSurvivors } from '../../../src/linux/survivors.ts';
import { channelEnv } from '../../../src/protocol/channel.ts';
import { until } from '../../harness/until.ts';

const isRoot = process.getuid?.() === 0;
const channel = `/run/portherd-test-${randomUUID()}/workers.sock`;

test.runIf(isRoot)(
  'a worker is ours, or of its program’s user; nobody else’s word counts (skipped unless root)',
  async () => {
    const impostors = [worker('web', 0), worker('web', 54_321), worker('web', 54_322), worker('api', 54_321)];
    try {
      const users = new Map([['web', new Set([54_321])]]);
      const found = (): readonly number[] => findSurvivors(channel, users).map(({ process: { pid } }) => pid);
      const [own, ofUser] = impostors.map(({ pid }) => pid);
      await until(() => findSurvivors(channel, everybody).length === 4, { what: 'four processes with such a name' });
      expect(found()).toEqual([own, ofUser]);
      expect(findSurvivors(channel).map(({ process: { pid } }) => pid)).toEqual([own]);
    } finally {
      for (const one of impostors) one.kill('SIGKILL');
      await Promise.all(impostors.map((one) => once(one, 'exit')));
    }
  },
);

test('a worker is found by whatever path the run directory is named', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'portherd-survivors-'));
  await mkdir(join(directory, 'run'));
  await mkdir(join(directory, 'other'));
  await symlink(directory, join(directory, 'link'));
  const one = worker('web', process.getuid?.() ?? 0, join(directory, 'run/workers.sock'));
  try {
    const found = (path: string): number => findSurvivors(join(directory, path, 'workers.sock')).length;
    await until(() => found('run') === 1, { what: 'the process to have its name' });
    expect(['link/run', 'other', 'gone'].map(found)).toEqual([1, 0, 0]);
  } finally {
    one.kill('SIGKILL');
    await once(one, 'exit');
    await rm(directory, { recursive: true });
  }
});

const everybody = new Map(['web', 'api'].map((name) => [name, new Set([54_321, 54_322])]));

function worker(program: string, id: number, socket = channel): ChildProcess {
  const env = {
    PORTHERD_PROGRAM: program,
    PORTHERD_SLOT: '0',
    PORTHERD_GENERATION: '1',
    [channelEnv.socket]: socket,
    [channelEnv.token]: 'guessed',
  };
  return spawn('/bin/sleep', ['60'], { uid: id, gid: id, env, detached: true, stdio: 'ignore', cwd: '/' });
}
