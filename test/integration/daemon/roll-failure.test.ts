import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { answering, broken, puppet, slotsOf, statesOf } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** Rolls to builds that are none: the old workers serve on, untouched. */

test.for<[string, string]>([
  ['bad-throws-at-boot.cjs', 'the fixture throws at boot, as it should'],
  ['bad-never-listens.cjs', 'the fixture never listens, as it should'],
  ['bad-exits-after-a-second.cjs', 'the fixture exits after a second, as it should'],
])('an update to %s keeps every old worker, exits with 7 and shows its last words', async ([script, words]) => {
  await using daemon = await startDaemon({ programs: { web: puppet({ roll: {} }) } });
  const before = await daemon.pids('web');
  // Without `roll`: the default minReady must catch the one that exits after a second.
  await daemon.rewrite({ programs: { web: broken(script, { roll: {} }) } });
  const updated = await daemon.ctl('update');
  expect(updated.exitCode).toBe(7);
  expect(updated.stdout + updated.stderr).toContain('web:0');
  expect(updated.stdout + updated.stderr).toContain(words);
  expect(await daemon.pids('web')).toEqual(before);
  expect(await answering(daemon)).toEqual(new Set(before));
  expect((await slotsOf(daemon)).map(({ generation }) => generation)).toEqual([1, 1]);
  await until(() => daemon.processes().length === 3, { what: 'the failed replacement to be gone' });
  // The file still differs from what runs, and the next update tries again.
  expect((await daemon.ctl('reread')).stdout).toBe('web: changed\n');
});

test.for(['abort', 'rollback'] as const)('when the third slot fails, %s', async (onFailure) => {
  const flags = await mkdtemp(join(tmpdir(), 'portherd-flags-'));
  try {
    const web = puppet({ workers: 4, roll: { minReady: '0s', onFailure } }, { FLAGS: flags });
    await using daemon = await startDaemon({ programs: { web } });
    const before = await daemon.pids('web');
    await writeFile(join(flags, 'broken-2'), '');
    const rolled = await daemon.ctl('roll', 'web', '--json');
    expect(rolled.exitCode).toBe(7);
    const lines = rolled.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.find(({ t }) => t === 'failed')).toMatchObject({ program: 'web', slot: 2 });
    expect(JSON.stringify(lines)).toContain('puppet 2 is broken');
    const generations = (await slotsOf(daemon)).map(({ generation }) => generation);
    expect(generations).toEqual(onFailure === 'abort' ? [2, 2, 1, 1] : [1, 1, 1, 1]);
    expect((await daemon.pids('web')).slice(2)).toEqual(before.slice(2));
    expect((await answering(daemon, 64)).size).toBe(4);
    await rm(join(flags, 'broken-2'));
    expect(await daemon.ctl('roll', 'web')).toMatchObject({ exitCode: 0 });
    expect(new Set((await slotsOf(daemon)).map(({ generation }) => generation)).size).toBe(1);
  } finally {
    await rm(flags, { recursive: true });
  }
});

test('in place too, a build that exits after a second fails the roll and costs one worker for a moment', async () => {
  const roll = { maxSurge: 0, maxUnavailable: 1 };
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3, roll }) } });
  const before = await daemon.pids('web');
  await daemon.rewrite({ programs: { web: broken('bad-exits-after-a-second.cjs', { workers: 3, roll }) } });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 7 });
  await until(async () => (await statesOf(daemon)).join() === 'RUNNING,RUNNING,RUNNING', { what: 'three to run' });
  expect((await slotsOf(daemon)).map(({ generation }) => generation)).toEqual([1, 1, 1]);
  expect((await daemon.pids('web')).slice(1)).toEqual(before.slice(1));
});

test('a program that is stopped while it is rolled ends the roll', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 3, roll: { minReady: '10s' } }) } });
  const roll = daemon.ctl('roll', 'web');
  await daemon.waitForLog('ready', ({ generation }) => generation === 2);
  expect(await daemon.ctl('stop', 'web')).toMatchObject({ exitCode: 0 });
  expect(await roll).toMatchObject({ exitCode: 7 });
  expect(await statesOf(daemon)).toEqual(['STOPPED', 'STOPPED', 'STOPPED']);
  expect(daemon.processes()).toHaveLength(1);
  expect(await daemon.ctl('start', 'web')).toMatchObject({ exitCode: 0 });
});

test('a change of readiness comes with the build that it belongs to', async () => {
  const said = { command: [process.execPath, 'message-ready.cjs'], readiness: { type: 'message', timeout: '10s' } };
  const listens = { command: [process.execPath, 'puppet.cjs'], readiness: { type: 'listening', timeout: '10s' } };
  await using daemon = await startDaemon({ programs: { web: puppet(said) } });
  await daemon.rewrite({ programs: { web: puppet(listens) } });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  await daemon.rewrite({ programs: { web: puppet(said) } });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
});
