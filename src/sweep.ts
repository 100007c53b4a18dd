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
  const lock = takeDaemonLock(join(runDir, 'portherd.lock'), undefined, 'sweep');
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
  const { left, holding } = workersLeft(runDir, config);
  for (const { process } of left) signalProcess(process, 'SIGTERM', 'process');
  const since = performance.now();
  while (left.some(lives) && performance.now() - since < sweepGraceMs) await sleep(lookMs);
  const stubborn = left.filter(lives).length;
  // Also what the dead ones have started.
  for (const { process, killGroup } of left) signalProcess(process, 'SIGKILL', killGroup ? 'group' : { holding });
  createStateFile(runDir).forget();
  const killed = stubborn === 0 ? '' : `, ${stubborn} of them by SIGKILL`;
  return left.length === 0 ? 'nothing is left behind' : `ended ${left.length} that were left behind${killed}`;
}

function lives({ process }: Left): boolean {
  return isAlive(process);
}

const lookMs = 20;

/** By the state file, and by what the processes themselves tell: either may know more. */
function workersLeft(runDir: string, config: Result<Config> | undefined): Remains {
  const recalled = recallState(runDir);
  if (!recalled.ok) console.error(`portherd: ${recalled.error}`);
  const state = recalled.ok ? readSavedState(recalled.value) : undefined;
  const programs = [
    ...(config?.ok === true ? config.value.programs : []),
    ...(state?.programs ?? []).map((one) => one.config),
  ];
  const killGroups = new Map(programs.map(({ name, stop }) => [name, stop.killGroup]));
  const left = (process: ProcessRef, program: string): Left => ({
    process,
    killGroup: killGroups.get(program) ?? true,
  });
  const saved = (state?.programs ?? []).flatMap(({ workers }) =>
    workers.flatMap(({ process, serving, program }) =>
      (serving === undefined ? [process] : [serving, process]).map((one) => left(one, program)),
    ),
  );
  const found = findSurvivors(join(runDir, 'workers.sock'), workerUsers(state, config)).map((survivor) =>
    left(survivor.process, survivor.program),
  );
  const living = [...saved, ...found].filter(({ process }) => isAlive(process));
  return {
    left: [...new Map(living.map((one) => [one.process.pid, one])).values()],
    holding: (state?.sockets ?? []).map(({ inode }) => inode),
  };
}

interface Remains {
  readonly left: readonly Left[];
  /** Sockets of the slots. */
  readonly holding: readonly number[];
}

interface Left {
  readonly process: ProcessRef;
  /** Of its program: what it has started is killed, too. */
  readonly killGroup: boolean;
}
