import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flags } from './cli/command-line.ts';
import { takeDaemonLock } from './linux/daemon-lock.ts';
import { isAlive } from './linux/procfs.ts';
import { signalProcess } from './linux/signal-process.ts';
import { createStateFile, recallState } from './linux/state-file.ts';
import { findSurvivors } from './linux/survivors.ts';
import { controlSocket, readConfig } from './read-config.ts';
import { fail, say } from './say.ts';
import { sweepGraceMs } from './shared/limits.ts';
import type { ProcessRef } from './supervisor/ports.ts';
import { isSavedState, type SavedState } from './supervisor/saved-state.ts';

/**
 * `portherd sweep`: ends the workers that a supervisor left behind, SIGTERM first. With `--after-stop` it is the unit's ExecStopPost=,
 * which systemd also runs when the supervisor has crashed and is about to be started again: then it leaves them alone.
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
    return await sweepRunDir(runDir, socket, flags.has('after-stop'));
  } finally {
    lock.value.release();
  }
}

/** What ExecStopPost= can know (systemd.exec(5), $SERVICE_RESULT), and what the unit's ExecStop= left. */
export interface HowItEnded {
  readonly serviceResult: string | undefined;
  /** ExecStop= ran: somebody wants the service stopped, or it ended in order. */
  readonly stopAsked: boolean;
  /** The supervisor was stopping everything when it ended. */
  readonly wasEnding: boolean;
}

/**
 * Whether the service is going to be down, instead of being started again in a moment. A start that took too long has the result
 * `timeout` as well, so that alone proves nothing.
 */
export function isDown({ serviceResult, stopAsked, wasEnding }: HowItEnded): boolean {
  return stopAsked || serviceResult === 'success' || (serviceResult === 'timeout' && wasEnding);
}

async function sweepRunDir(runDir: string, socket: string, afterStop: boolean): Promise<number> {
  const state = savedState(runDir);
  const mark = join(dirname(socket), 'stopping');
  const stopAsked = existsSync(mark);
  // It is about this end of the service only.
  rmSync(mark, { force: true });
  const ended = { serviceResult: process.env['SERVICE_RESULT'], stopAsked, wasEnding: state?.ending === true };
  if (afterStop && !isDown(ended)) return say('the service was not stopped: its workers serve on until it is back');
  const left = workersLeft(runDir, state);
  for (const worker of left) signalProcess(worker, 'SIGTERM', 'process');
  const since = performance.now();
  while (left.some(isAlive) && performance.now() - since < sweepGraceMs) await sleep(lookMs);
  const stubborn = left.filter(isAlive).length;
  // Also what the dead ones have started.
  for (const worker of left) signalProcess(worker, 'SIGKILL', 'group');
  createStateFile(runDir).forget();
  // The supervisor that is gone did not get to remove them.
  for (const path of [socket, join(runDir, 'workers.sock')]) rmSync(path, { force: true });
  const killed = stubborn === 0 ? '' : `, ${stubborn} of them by SIGKILL`;
  return say(left.length === 0 ? 'nothing is left behind' : `ended ${left.length} that were left behind${killed}`);
}

const lookMs = 20;

function savedState(runDir: string): SavedState | undefined {
  const recalled = recallState(runDir);
  if (!recalled.ok) console.error(`portherd: ${recalled.error}`);
  return recalled.ok && isSavedState(recalled.value) ? recalled.value : undefined;
}

/** By the state file, and by what the processes themselves tell: either may know more. */
function workersLeft(runDir: string, state: SavedState | undefined): readonly ProcessRef[] {
  const saved = (state?.programs ?? []).flatMap(({ workers }) =>
    workers.flatMap(({ process: started, serving }) => (serving === undefined ? [started] : [serving, started])),
  );
  const found = findSurvivors(join(runDir, 'workers.sock')).map(({ process: survivor }) => survivor);
  const byPid = new Map([...saved, ...found].filter(isAlive).map((one) => [one.pid, one]));
  return [...byPid.values()];
}
