import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createDiagnosis } from '../../../src/linux/diagnose.ts';
import { statOf } from '../../../src/linux/procfs.ts';
import type { ProcessRef } from '../../../src/supervisor/ports.ts';
import { until } from '../../harness/until.ts';

/** What a process that does not serve is doing, from /proc. */

/** Fails unless this is found of a process that has started and is in `state` (proc_pid_stat(5)). */
async function expectFound(found: RegExp, state: string, script: string, signal?: NodeJS.Signals): Promise<void> {
  const child = spawn('sh', ['-c', `echo up; ${script}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    if (signal !== undefined) child.kill(signal);
    const { pid = 0 } = child;
    await until(() => statOf(pid)?.state === state, { what: `it to be in state ${state}` });
    let said = '';
    // Again, since a machine with much else to do may give it nothing, or its start something, for one look.
    const isSo = async (): Promise<boolean> => found.test((said = await createDiagnosis().of(refOf(pid))));
    await until(isSo, { what: `${found} to be found`, explain: () => said });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

function refOf(pid = 0): ProcessRef {
  return { pid, startTicks: statOf(pid)?.startTicks ?? 0 };
}

test('one that waits: where in the kernel, if we may know, and no CPU', async () => {
  const found = /^pid \d+ is asleep( in [\w.]+( < [\w.]+)*)?, 0 ms of CPU in 100 ms: it waits$/;
  await expectFound(found, 'S', 'exec sleep 60');
});

test('one that spins', async () => {
  const text = /^pid \d+ is running, \d+ ms of CPU in 100 ms(, \d+ ms waiting for a core)?: it (spins|is slow)$/;
  await expectFound(text, 'R', 'while :; do :; done');
});

test('one that spins on a core that others want too', async () => {
  const [core = '0'] = /(?<=^Cpus_allowed_list:\s*)\d+/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const spin = ['-c', core, 'sh', '-c', 'while :; do :; done'];
  const rivals = [1, 2].map(() => spawn('taskset', spin, { stdio: 'ignore' }));
  const ended = rivals.map((rival) => once(rival, 'exit'));
  try {
    const found = /^pid \d+ is running, \d+ ms of CPU in 100 ms, \d+ ms waiting for a core: it spins$/;
    await expectFound(found, 'R', `exec taskset -c ${core} sh -c 'while :; do :; done'`);
  } finally {
    for (const rival of rivals) rival.kill('SIGKILL');
    await Promise.all(ended);
  }
});

test('one that was stopped', async () => {
  await expectFound(/^pid \d+ is stopped by a signal \(SIGSTOP\), 0 ms/, 'T', 'exec sleep 60', 'SIGSTOP');
});

test('one that is gone, also when its pid is another’s by now', async () => {
  const { pid, startTicks } = refOf(process.pid);
  expect(await createDiagnosis().of({ pid, startTicks: startTicks - 1 })).toBe(`pid ${pid} is gone`);
});
