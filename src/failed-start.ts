import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recallState } from './linux/state-file.ts';
import { findSurvivors } from './linux/survivors.ts';
import { fail } from './say.ts';
import type { PortherdError } from './shared/errors.ts';
import { retryStartMs } from './shared/limits.ts';
import { readSavedState } from './supervisor/saved-state.ts';
import { workerUsers } from './worker-users.ts';

/**
 * The exit code of a supervisor that could not start. Exit code 2 tells a service manager that trying again is useless, which is only so
 * while nothing runs: workers that a former supervisor has left need somebody, and the next try may be luckier. It comes after a pause,
 * since a manager that knows portherd starts it again at once.
 */
export async function failedStart(error: PortherdError, runDir: string, managed: boolean): Promise<number> {
  const exit = fail(error);
  if (!managed || error.code === 'DAEMON_RUNNING') return exit;
  const recalled = recallState(runDir);
  const state = recalled.ok ? readSavedState(recalled.value) : undefined;
  const left = findSurvivors(join(runDir, 'workers.sock'), workerUsers(state, undefined)).length;
  if (left === 0) return exit;
  console.error(
    `portherd: workers that are left from before serve on without a supervisor: ${left}; the next try is in a second`,
  );
  await sleep(retryStartMs);
  return 1;
}
