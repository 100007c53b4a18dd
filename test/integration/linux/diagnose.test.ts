import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createDiagnosis } from '../../../src/linux/diagnose.ts';
import { statOf } from '../../../src/linux/procfs.ts';
import type { ProcessRef } from '../../../src/supervisor/ports.ts';

/** What a process that does not serve is doing, from /proc. */

async function diagnosed(command: string, args: readonly string[], signal?: NodeJS.Signals): Promise<string> {
  const child = spawn(command, args, { stdio: 'ignore' });
  try {
    await once(child, 'spawn');
    if (signal !== undefined) child.kill(signal);
    return await createDiagnosis().of(refOf(child.pid));
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

function refOf(pid = 0): ProcessRef {
  return { pid, startTicks: statOf(pid)?.startTicks ?? 0 };
}

test('one that waits: where in the kernel, if we may know, and no CPU', async () => {
  expect(await diagnosed('sleep', ['60'])).toMatch(
    /^pid \d+ is asleep( in [\w.]+( < [\w.]+)*)?, 0 ms of CPU in 100 ms: it waits$/,
  );
});

test('one that spins', async () => {
  expect(await diagnosed(process.execPath, ['-e', 'for (;;);'])).toMatch(
    /^pid \d+ is running, \d+ ms of CPU in 100 ms: it (spins|is slow)$/,
  );
});

test('one that was stopped', async () => {
  expect(await diagnosed('sleep', ['60'], 'SIGSTOP')).toMatch(/^pid \d+ is stopped by a signal \(SIGSTOP\), 0 ms/);
});

test('one that is gone, also when its pid is another’s by now', async () => {
  const { pid, startTicks } = refOf(process.pid);
  expect(await createDiagnosis().of({ pid, startTicks: startTicks - 1 })).toBe(`pid ${pid} is gone`);
});
