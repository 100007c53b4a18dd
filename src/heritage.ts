import type { Config } from './config/schema.ts';
import { type Given, joinGiven, nothingGiven } from './linux/given-sockets.ts';
import type { Handover } from './linux/handover.ts';
import { inheritedSockets } from './linux/inherited-sockets.ts';
import { loadLibc } from './linux/libc.ts';
import { createWorkerLogs } from './linux/log-files.ts';
import { identify } from './linux/procfs.ts';
import type { RunDir } from './linux/run-dir.ts';
import { recallState } from './linux/state-file.ts';
import { findSurvivors } from './linux/survivors.ts';
import { workerUsers } from './worker-users.ts';
import type { ServiceManager } from './linux/systemd.ts';
import { failure, type PortherdError } from './shared/errors.ts';
import { ok, type Result } from './shared/result.ts';
import { type Adoption, planAdoption } from './supervisor/adopt.ts';
import type { Clock, Log } from './supervisor/ports.ts';
import type { SavedSocket } from './supervisor/ports-survival.ts';
import { readSavedState, type SavedState } from './supervisor/saved-state.ts';

/** What a former supervisor of this run directory left: known before anything is opened. */
export interface Heritage {
  /** The file's, or the former supervisor's when the file is bad now and there are workers to look after. */
  readonly config: Config;
  readonly state: SavedState | undefined;
  readonly adoption: Adoption;
  readonly given: Given;
  /** Programs run as other users than the daemon. */
  readonly foreign: boolean;
}

export interface HeirTools {
  readonly runDir: RunDir;
  readonly log: Log;
  readonly clock: Clock;
  readonly handover: Handover | undefined;
  readonly manager: ServiceManager;
}

/** Errors: the config's, when there is nothing to take over either. */
export function readHeritage(file: Result<Config>, tools: HeirTools): Result<Heritage> {
  const { runDir, log, clock, handover, manager } = tools;
  const recalled = recallState(runDir.path);
  if (!recalled.ok)
    log.warn({ event: 'stateUnusable', why: recalled.error }, 'the former supervisor’s state cannot be used');
  const state = recalled.ok ? readSavedState(recalled.value) : undefined;
  const users = workerUsers(state, file);
  const survivors = findSurvivors(runDir.channelSocket, users);
  const former = state === undefined ? file : ok(formerConfig(state));
  const config = file.ok ? file : former;
  if (!config.ok) return config;
  if (!file.ok)
    log.error(
      { event: 'configUnusable', error: file.error },
      'the config is bad; what runs is supervised by the old one',
    );

  const workerLogs = createWorkerLogs(runDir.logDir);
  const look = { processes: { identify }, workerLogs, now: clock.now() };
  const adoption = planAdoption({ state, survivors, config: config.value }, look);
  if (state === undefined && adoption.programs.length > 0)
    log.warn(
      { event: 'stateLost', programs: adoption.programs.map((program) => program.config.name) },
      'nobody knows with which config these workers were started; if it has changed since, `portherdctl roll` brings it to them',
    );
  const libc = loadLibc();
  const holders = adoption.programs.flatMap(({ workers, living }) =>
    workers.filter(({ worker }) => living.has(worker)).map((live) => live.serving ?? live.process),
  );
  manager.keepOnly(new Set(adoption.sockets.map(({ inode }) => inode)));
  const own = handover === undefined ? manager.stored.map(({ fd }) => fd) : adoption.sockets.map(({ fd }) => fd);
  const units = manager.givenTo(config.value.programs);
  const heirlooms = { sockets: adoption.sockets, own, holders };
  const inherited = libc.ok ? inheritedSockets(libc.value, heirlooms) : { ...nothingGiven, outOfReach: [] };
  if (inherited.outOfReach.length > 0)
    log.error(outOfReach(inherited.outOfReach), 'the workers’ sockets cannot be taken over');
  return ok({ config: config.value, state, adoption, given: joinGiven(units, inherited), foreign: users.size > 0 });
}

/** They are served on, and steered as they were; but a worker that ends cannot be replaced on its socket. */
function outOfReach(sockets: readonly SavedSocket[]): { readonly event: string; readonly error: PortherdError } {
  const ports = [...new Set(sockets.map(({ port }) => port))].join(', ');
  return {
    event: 'socketsOutOfReach',
    error: failure(
      'LISTEN_FAILED',
      `the kernel refuses copies of the sockets of port ${ports}, which the workers serve on`,
      'Run portherd under systemd (its store keeps them), with CAP_SYS_PTRACE, or with kernel.yama.ptrace_scope=0; then start it again.',
    ),
  };
}

function formerConfig({ configFile, supervisor, hooks = [], programs }: SavedState): Config {
  return { file: configFile, supervisor, hooks, programs: programs.map(({ config }) => config) };
}
