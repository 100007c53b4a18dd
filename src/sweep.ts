import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flags } from './cli/command-line.ts';
import type { Config } from './config/schema.ts';
import { takeDaemonLock } from './linux/daemon-lock.ts';
import { isAlive } from './linux/procfs.ts';
import { signalProcess } from './linux/signal-process.ts';
import { createStateFile, recallState } from './linux/state-file.ts';
import { findSurvivors } from './linux/survivors.ts';
import { controlSocket, readConfig } from './read-config.ts';
import { fail, say } from './say.ts';
import { sweepGraceMs } from './shared/limits.ts';
import type { Result } from './shared/result.ts';
import type { ProcessRef } from './supervisor/ports.ts';
import { readSavedState } from './supervisor/saved-state.ts';
import { workerUsers } from './worker-users.ts';

/**
 * `portherd sweep`: ends the workers that a supervisor left behind, SIGTERM first. Under systemd it is run by portherd-sweep.service, once
 * the service is down and will not be started again by itself.
 */
export async function sweep(flags: Flags, file: string): Promise<number> {
  // A config that is bad now must not keep anybody from sweeping.
  const config = existsSync(file) ? readConfig(file) : undefined;
  const socket = controlSocket(flags.text('socket'), config?.ok ? config.value : undefined);
  const runDir = (config?.ok ? config.value.supervisor.runDir : undefined) ?? dirname(socket);
  if (!existsSync(runDir)) return say(`${runDir} does not exist: nothing is left behind`);
  const lock = takeDaemonLock(join(runDir, 'portherd.lock'));
  if (!lock.ok) return fail(lock.error);
  try {
    const said = await sweepRunDir(runDir, config);
    // The supervisor that is gone did not get to remove them.
    for (const path of [socket, join(runDir, 'workers.sock')]) rmSync(path, { force: true });
    return say(said);
  } finally {
    lock.value.release();
  }
}

async function sweepRunDir(runDir: string, config: Result<Config> | undefined): Promise<string> {
  const left = workersLeft(runDir, config);
  for (const worker of left) signalProcess(worker, 'SIGTERM', 'process');
  const since = performance.now();
  while (left.some(isAlive) && performance.now() - since < sweepGraceMs) await sleep(lookMs);
  const stubborn = left.filter(isAlive).length;
  // Also what the dead ones have started.
  for (const worker of left) signalProcess(worker, 'SIGKILL', 'group');
  createStateFile(runDir).forget();
  const killed = stubborn === 0 ? '' : `, ${stubborn} of them by SIGKILL`;
  return left.length === 0 ? 'nothing is left behind' : `ended ${left.length} that were left behind${killed}`;
}

const lookMs = 20;

/** By the state file, and by what the processes themselves tell: either may know more. */
function workersLeft(runDir: string, config: Result<Config> | undefined): readonly ProcessRef[] {
  const recalled = recallState(runDir);
  if (!recalled.ok) console.error(`portherd: ${recalled.error}`);
  const state = recalled.ok ? readSavedState(recalled.value) : undefined;
  const saved = (state?.programs ?? []).flatMap(({ workers }) =>
    workers.flatMap(({ process: started, serving }) => (serving === undefined ? [started] : [serving, started])),
  );
  const found = findSurvivors(join(runDir, 'workers.sock'), workerUsers(state, config)).map(
    ({ process: survivor }) => survivor,
  );
  const byPid = new Map([...saved, ...found].filter(isAlive).map((one) => [one.pid, one]));
  return [...byPid.values()];
}
