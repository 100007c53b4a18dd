import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadLibc } from '../../../src/linux/libc.ts';
import { isAlive, statOf } from '../../../src/linux/procfs.ts';
import { openStdin } from '../../../src/linux/worker-stdin.ts';
import { createWorkerStdin } from '../../../src/linux/write-stdin.ts';
import { failure } from '../../../src/shared/errors.ts';
import { err, ok } from '../../../src/shared/result.ts';
import { nodeBinary, nodeNames } from '../../harness/nodes.ts';
import { until } from '../../harness/until.ts';
import { type StartedWorker, Workers } from '../../harness/workers.ts';

const preload = join(import.meta.dirname, '../../fixtures/preload/empty.cjs');
const root = process.getuid?.() === 0;

describe('a worker’s standard input', () => {
  test('is a pipe that never ends, which gets what is sent, whole and in order', async () => {
    await using workers = new Workers(preload);
    const worker = workers.start({ command: ['sh', '-c', 'cat; echo over'] });
    const stdin = createWorkerStdin();
    const lines = Array.from({ length: 500 }, (_, at) => `${at} ${'ä'.repeat(at)}\n`);
    const sent = await Promise.all(lines.map((line) => stdin.write(worker.ref, line)));
    expect(sent).toEqual(lines.map(() => ok()));
    const heard = lines.join('');
    await until(() => said(workers) === heard, {
      what: 'the worker to have read all of it',
      explain: () => said(workers).length,
    });
    expect(isAlive(worker.ref)).toBe(true);
    expect(pipesOf(worker)).toEqual(['0']);
  });

  test.each(nodeNames)(
    'of Node %s: an app that leaves it alone ends as ever, one that listens gets it',
    async (name) => {
      const node = nodeBinary(name);
      if (node === undefined) return;
      await using workers = new Workers(preload);
      const serve = `const server = require('http').createServer().listen(0, () => setTimeout(() => server.close(), 50))`;
      expect((await workers.start({ command: [node, '-e', serve] }).exited()).code).toBe(0);
      const echo = `process.stdin.on('data', (text) => { console.log(String(text)); if (String(text) === 'end') process.exit(7); })`;
      const worker = workers.start({ command: [node, '-e', echo] });
      await createWorkerStdin().write(worker.ref, 'end');
      expect((await worker.exited()).code).toBe(7);
      expect(said(workers)).toBe('end\n');
    },
  );

  test('is inherited by what a wrapper starts', async () => {
    await using workers = new Workers(preload);
    const worker = workers.start({ command: ['sh', '-c', 'python3 -c "print(input())"; exit 4'] });
    expect(await createWorkerStdin().write(worker.ref, 'hello\n')).toEqual(ok());
    expect((await worker.exited()).code).toBe(4);
    expect(said(workers)).toBe('hello\n');
  });

  test.runIf(root)('of another user can be opened by its name, too', async () => {
    await using workers = new Workers(preload, { PATH: process.env['PATH'] });
    const script = 'exec 2>&1; id -u; head -c 6 /dev/stdin';
    const logs = { stdout: '/dev/null', stderr: '/dev/null' };
    const worker = workers.start({
      command: ['sh', '-c', `{ ${script}; } >&1`],
      user: '65534',
      group: '65534',
      directory: '/',
      logs: {
        ...logs,
        stdout: join(workers.directory, 'web-0.stdout.log'),
        maxSize: 'never',
        keep: 1,
        compress: false,
        maxAge: 'never',
        events: [],
        capture: 'never',
      },
    });
    expect(await createWorkerStdin().write(worker.ref, 'hello\n')).toEqual(ok());
    await worker.exited();
    expect(said(workers)).toBe('65534\nhello\n');
  });

  test.each([
    ['with stdin: none', 'kill -STOP $$', 'none', 'its standard input is /dev/null'],
    ['that it has closed', 'exec <&-; kill -STOP $$', 'pipe', 'it has closed its standard input'],
    ['that is another process’ output', 'exec < <(sleep 60); kill -STOP $$', 'pipe', 'no pipe of portherd’s'],
    ['that is a FIFO of its own', 'mkfifo fifo; exec <>fifo; kill -STOP $$', 'pipe', '/fifo, no pipe of portherd’s'],
  ] as const)('%s cannot be written to', async (_, script, kind, why) => {
    await using workers = new Workers(preload);
    const worker = workers.start({ command: ['bash', '-c', script], stdin: kind });
    await until(() => statOf(worker.ref.pid)?.state === 'T', { what: 'it to stop itself' });
    const sent = await createWorkerStdin().write(worker.ref, 'x\n');
    expect(sent).toMatchObject({ ok: false, error: { code: 'NO_STDIN' } });
    expect(!sent.ok && sent.error.message).toContain(why);
  });

  test('that nobody reads is full in the end: the sender is told how much it took, and the next one too', async () => {
    await using workers = new Workers(preload);
    const worker = workers.start({ command: ['sleep', '60'] });
    const stdin = createWorkerStdin();
    const [first, second] = await Promise.all([
      stdin.write(worker.ref, 'x'.repeat(100_000)),
      stdin.write(worker.ref, 'y'),
    ]);
    expect(first).toMatchObject({ ok: false, error: { code: 'STDIN_FULL' } });
    expect(!first.ok && first.error.message).toBe('it took 65536 of 100000 bytes in 2 s and reads no more');
    expect(second).toMatchObject({ ok: false, error: { code: 'STDIN_FULL' } });
  });

  test('of a worker that ends meanwhile, or was another process, gets nothing', async () => {
    await using workers = new Workers(preload);
    const worker = workers.start({ command: ['sleep', '60'] });
    const stdin = createWorkerStdin();
    const gone = { ok: false, error: { code: 'NOT_RUNNING' } };
    expect(await stdin.write({ ...worker.ref, startTicks: worker.ref.startTicks - 1 }, 'x')).toMatchObject(gone);
    const sent = stdin.write(worker.ref, 'x'.repeat(100_000));
    workers.processes.signal(worker.ref, 'SIGKILL', 'process');
    expect(await sent).toMatchObject(gone);
    await worker.exited();
    expect(await stdin.write(worker.ref, 'x')).toMatchObject(gone);
  });
});

test('without libc, and without descriptors, there is none', () => {
  expect(openStdin(false, () => err(failure('FFI_UNAVAILABLE', 'no koffi')))).toBeUndefined();
  expect(openStdin(false, () => ok({ pipe: () => err('EMFILE') }))).toBeUndefined();
});

test('two hundred workers that were spoken to leave no descriptor open', async () => {
  await using workers = new Workers(preload);
  expect(loadLibc().ok).toBe(true);
  const before = ownDescriptors();
  const stdin = createWorkerStdin();
  for (let batch = 0; batch < 10; batch++) {
    const started = Array.from({ length: 20 }, () => workers.start({ command: ['cat'] }));
    await Promise.all(started.map(({ ref }) => stdin.write(ref, 'x\n')));
    for (const { ref } of started) workers.processes.signal(ref, 'SIGKILL', 'process');
    await Promise.all(started.map(({ exited }) => exited()));
  }
  expect(ownDescriptors()).toEqual(before);
});

function said(workers: Workers): string {
  return readFileSync(join(workers.directory, 'web-0.stdout.log'), 'utf8');
}

/** At which descriptors it has what it reads. */
function pipesOf({ ref }: StartedWorker): readonly string[] {
  const at = (fd: string): string => readlinkSync(`/proc/${ref.pid}/fd/${fd}`);
  return readdirSync(`/proc/${ref.pid}/fd`).filter((fd) => at(fd) === at('0'));
}

function ownDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').toSorted();
}
