import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { statOf } from '../../../src/linux/procfs.ts';
import { watchForLeaks } from '../../harness/leaks.ts';
import { until } from '../../harness/until.ts';

test('a forgotten process fails the run, is named, and is killed', async () => {
  const before = process.env['PORTHERD_TEST_RUN'];
  const watch = watchForLeaks(50);
  const shell = spawn('sh', ['-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = Number(await text(shell.stdout));
  const command = (): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  await until(() => command().startsWith('sleep'), {
    what: 'the shell’s child to have become sleep',
    explain: command,
  });
  await expect(watch.end()).rejects.toThrow(`${pid} sleep 60`);
  await until(() => statOf(pid)?.state !== 'S', { what: 'the forgotten process to be killed' });
  expect(process.env['PORTHERD_TEST_RUN']).toBe(before);
});

test('a process that ends in time does not', async () => {
  const watch = watchForLeaks();
  await once(spawn('sh', ['-c', 'sleep 0.05 &'], { stdio: 'ignore' }), 'exit');
  await watch.end();
});
