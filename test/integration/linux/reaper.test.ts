import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../../harness/running-command.ts';

/** What it leaves to the Node that takes its place: dying while Node starts and after that. */
const shell = `
  sleep 0.04 & (sleep 0.1; exit 7) & (sleep 0.3; exit 8) & (sleep 1; exit 9) & (sleep 1.5; kill -KILL $BASHPID) &
  exec "$@"`;

test('strangers are reaped with their exit codes, and no exit of a child of Node’s is taken away', async () => {
  const script = join(import.meta.dirname, '../../harness/reaper-main.ts');
  const ran = await runCommand('bash', ['-c', shell, 'bash', process.execPath, script, '5'], { limitMs: 60_000 });
  expect(ran.exitCode, ran.stderr).toBe(0);
  const { reaped, exits } = ran.json();
  expect(reaped.map(String).toSorted()).toEqual(['0', '7', '8', '9', 'SIGKILL']);
  expect(exits).toEqual(Array.from({ length: 40 }, () => [3, 4, 'SIGTERM']).flat());
});
