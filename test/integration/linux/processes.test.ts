import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { groupMembers, isAlive, statOf } from '../../../src/linux/procfs.ts';
import { until } from '../../harness/until.ts';
import { workerRequest } from '../../harness/worker-request.ts';
import { Workers } from '../../harness/workers.ts';

const empty = join(import.meta.dirname, '../../fixtures/preload/empty.cjs');

describe('a started worker', () => {
  test('leads its own session and process group, reads /dev/null with stdin: none, and writes to its logs', async () => {
    await using workers = new Workers(empty);
    const script = 'cat; echo out; echo err >&2; kill -STOP $$; exit 3';
    const worker = workers.start({ command: ['sh', '-c', script], stdin: 'none' });
    const { pid, startTicks } = worker.ref;
    await until(() => statOf(pid)?.state === 'T', { what: 'the worker to stop itself' });
    expect(workers.processes.identify(pid)).toEqual(worker.ref);
    expect(statOf(pid)).toMatchObject({ pid, startTicks, ppid: process.pid, pgrp: pid, session: pid });
    expect(workers.processes.signal(worker.ref, 'SIGCONT', 'process')).toBe(true);
    expect(await worker.exited()).toEqual({ code: 3, signal: undefined });
    expect(readFileSync(join(workers.directory, 'web-0.stdout.log'), 'utf8')).toBe('out\n');
    expect(readFileSync(join(workers.directory, 'web-0.stderr.log'), 'utf8')).toBe('err\n');
  });

  test('appends to the log of the one before', async () => {
    await using workers = new Workers(empty);
    for (const word of ['first', 'second']) await workers.start({ command: ['echo', word] }).exited();
    expect(readFileSync(join(workers.directory, 'web-0.stdout.log'), 'utf8')).toBe('first\nsecond\n');
  });

  test('of node has the preload before everything of its own, and claims at boot', async () => {
    await using workers = new Workers(empty);
    writeFileSync(join(workers.directory, 'app.js'), printing('[process.execArgv, process.env.PORTHERD_CLAIM]'));
    const command = [process.execPath, '--title', 'web', 'app.js'];
    expect((await workers.start({ command }).exited()).code).toBe(0);
    const printed: unknown = JSON.parse(readFileSync(join(workers.directory, 'web-0.stdout.log'), 'utf8'));
    expect(printed).toEqual([['--require', empty, '--title', 'web'], 'boot']);
  });

  test('behind a shebang gets the preload through NODE_OPTIONS, also from a path with spaces and quotes', async () => {
    await using workers = new Workers(join('/tmp', 'unused'));
    const odd = join(workers.directory, 'a "b" c');
    mkdirSync(odd);
    writeFileSync(join(odd, 'preload.cjs'), 'globalThis.preloaded = true;');
    await using others = new Workers(join(odd, 'preload.cjs'));
    const script = join(others.directory, 'app');
    writeFileSync(script, `#!${process.execPath}\n${printing('[globalThis.preloaded, process.env.PORTHERD_CLAIM]')}`);
    chmodSync(script, 0o755);
    expect((await others.start({ command: ['./app'] }).exited()).code).toBe(0);
    expect(readFileSync(join(others.directory, 'web-0.stdout.log'), 'utf8')).toBe('[true,"listen"]\n');
  });

  test('that is killed reports the signal, once', async () => {
    await using workers = new Workers(empty);
    const worker = workers.start({ command: ['sleep', '60'] });
    expect(workers.processes.signal(worker.ref, 'SIGKILL', 'process')).toBe(true);
    expect(await worker.exited()).toEqual({ code: undefined, signal: 'SIGKILL' });
    expect(workers.processes.identify(worker.ref.pid)).toBeUndefined(); // reaped: no zombie
    expect(workers.processes.signal(worker.ref, 'SIGKILL', 'process')).toBe(false);
    expect(worker.exits()).toBe(1);
  });
});

test('a program is prepared for the release behind `current`, whatever is deployed later', async () => {
  await using workers = new Workers(empty);
  for (const release of ['one', 'two']) {
    mkdirSync(join(workers.directory, release));
    writeFileSync(join(workers.directory, release, 'app.js'), printing('[process.cwd(), process.env.PWD]'));
  }
  const [one, current] = [join(workers.directory, 'one'), join(workers.directory, 'current')];
  symlinkSync('one', current);
  const { program } = workerRequest({ directory: current, command: [process.execPath, 'app.js'] });
  const prepared = workers.processes.prepare(program);
  expect(prepared).toMatchObject({ ok: true, value: { directory: one } });
  rmSync(current);
  symlinkSync('two', current);
  if (prepared.ok) await workers.start(prepared.value).exited();
  expect(JSON.parse(readFileSync(join(workers.directory, 'web-0.stdout.log'), 'utf8'))).toEqual([one, one]);
  const missing = workers.processes.prepare({ ...program, command: [process.execPath, 'gone.js'] });
  expect(missing).toMatchObject({ ok: false, error: { code: 'NO_FILE' } });
});

describe('signals', () => {
  test('go to nobody when the pid is another process by now', async () => {
    await using workers = new Workers(empty);
    const { ref } = workers.start({ command: ['sleep', '60'] });
    const stranger = { pid: ref.pid, startTicks: ref.startTicks - 1 };
    for (const scope of ['process', 'group'] as const) {
      expect(workers.processes.signal(stranger, 'SIGKILL', scope)).toBe(false);
    }
    expect(isAlive(ref)).toBe(true);
  });

  test('to the group sweep what a dead worker has left behind', async () => {
    await using workers = new Workers(empty);
    const worker = workers.start({ command: ['sh', '-c', 'sleep 60 & sleep 60 & exit 1'] });
    expect(await worker.exited()).toEqual({ code: 1, signal: undefined });
    expect(groupMembers(worker.ref.pid)).toHaveLength(2);
    expect(workers.processes.signal(worker.ref, 'SIGTERM', 'process')).toBe(false);
    expect(workers.processes.signal(worker.ref, 'SIGKILL', 'group')).toBe(true);
    await until(() => groupMembers(worker.ref.pid).length === 0, { what: 'the group to be empty' });
    expect(workers.processes.signal(worker.ref, 'SIGKILL', 'group')).toBe(false);
  });

  test('to the group reach the leader’s children while it lives', async () => {
    await using workers = new Workers(empty);
    const worker = workers.start({ command: ['sh', '-c', 'sleep 60 & sleep 60'] });
    await until(() => groupMembers(worker.ref.pid).length === 3, { what: 'three processes' });
    expect(workers.processes.signal(worker.ref, 'SIGTERM', 'group')).toBe(true);
    expect((await worker.exited()).signal).toBe('SIGTERM');
    await until(() => groupMembers(worker.ref.pid).length === 0, { what: 'the group to be empty' });
  });
});

test('fifty workers leave no descriptor open and no zombie in the parent', async () => {
  await using workers = new Workers(empty);
  const before = openDescriptors();
  const started = Array.from({ length: 50 }, (_, slot) => workers.start({ command: ['true'] }, { slot }));
  expect(openDescriptors()).toEqual(before);
  const exits = await Promise.all(started.map(({ exited }) => exited()));
  expect(exits.every(({ code }) => code === 0)).toBe(true);
  expect(started.filter(({ ref }) => statOf(ref.pid) !== undefined)).toEqual([]);
  expect(openDescriptors()).toEqual(before);
});

describe('what cannot be started is an error with its reason', () => {
  test.each([
    [{ command: ['./gone'] }, 'NO_FILE', 'gone'],
    [{ command: ['sh'], directory: '/nowhere' }, 'NO_FILE', '/nowhere'],
    [
      { command: ['sh'], logs: { ...workerRequest({}).program.logs, stdout: '/nowhere/x.log' } },
      'NO_LOG_DIRECTORY',
      '/nowhere/x.log: there is no directory /nowhere',
    ],
    [{ command: ['sh', '-c', 'x'.repeat(3_000_000)] }, 'SPAWN_ERROR', 'E2BIG'],
  ])('%#', async (program, code, text) => {
    await using workers = new Workers(empty);
    const before = openDescriptors();
    const request = workerRequest({ directory: workers.directory, ...program });
    const spawned = workers.processes.spawn(request, () => expect.unreachable());
    expect(spawned).toMatchObject({ ok: false, error: { code } });
    expect(!spawned.ok && spawned.error.message).toContain(text);
    expect(openDescriptors()).toEqual(before);
  });

  test('also when only execve(2) itself finds out', async () => {
    await using workers = new Workers(empty);
    const script = join(workers.directory, 'script');
    writeFileSync(script, `#!${workers.directory}/interpreter\n`, { mode: 0o755 });
    writeFileSync(join(workers.directory, 'interpreter'), '', { mode: 0o644 });
    const spawned = workers.processes.spawn(workerRequest({ command: [script] }), () => expect.unreachable());
    expect(spawned).toMatchObject({ ok: false, error: { code: 'SPAWN_ERROR' } });
    expect(!spawned.ok && spawned.error.message).toContain('EACCES');
  });
});

function printing(expression: string): string {
  return `console.log(JSON.stringify(${expression}));`;
}

function openDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').toSorted();
}
