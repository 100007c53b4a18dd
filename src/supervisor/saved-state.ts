import { completeHook, completeProgram, completeSupervisor } from '../config/complete.ts';
import type { HookConfig } from '../config/hook-config.ts';
import type { ProgramConfig, SupervisorConfig } from '../config/schema.ts';
import { type SavedFleet, snapshot } from '../core/restore.ts';
import type { SavedHookQueue } from './hooks.ts';
import type { LiveWorker } from './live-workers.ts';
import type { SavedSocket } from './ports-survival.ts';
import type { Supervisor } from './supervisor.ts';

/** What a supervisor leaves to the next one. The file that holds it proves that it is whole, ours and of this boot. */
export interface SavedState {
  /** Where the config came from; absent under `portherd serve`. */
  readonly configFile: string | undefined;
  readonly supervisor: SupervisorConfig;
  /** Absent from the state of a portherd that had none. */
  readonly hooks?: readonly HookConfig[];
  /** Of a reload: what its hooks had not delivered. */
  readonly hookQueues?: readonly SavedHookQueue[];
  /** It was stopping everything. */
  readonly ending: boolean;
  /** The highest handle that was given out. */
  readonly handles: number;
  readonly programs: readonly SavedProgram[];
  readonly sockets: readonly SavedSocket[];
}

export interface SavedProgram {
  readonly config: ProgramConfig;
  readonly fleet: SavedFleet;
  readonly launches: readonly (readonly [number, ProgramConfig])[];
  readonly workers: readonly SavedWorker[];
}

export type SavedWorker = Omit<LiveWorker, 'beat' | 'heardAt' | 'awaited'>;

export function stateOf(supervisor: Supervisor, running: SupervisorConfig): SavedState {
  const { ports, programs, workers, closing } = supervisor;
  return {
    configFile: ports.configFile.path,
    supervisor: running,
    hooks: supervisor.hooks,
    ending: closing,
    handles: workers.handles,
    programs: [...programs.values()].map(({ config, fleet, launches }) => {
      const books = workers.all().filter((live) => live.program === config.name);
      return { config, fleet: snapshot(fleet), launches: [...launches], workers: books.map(savedWorker) };
    }),
    sockets: [...programs.keys()].flatMap((program) =>
      ports.listeners.own(program).map(({ slot, name, host, port, inode, fd }) => {
        return { program, slot, name, host, port, inode, fd };
      }),
    ),
  };
}

/** Of the value of a state file that passed its checks: perhaps an older portherd wrote it, so that its configs lack options. */
export function readSavedState(value: unknown): SavedState | undefined {
  if (!isSavedState(value)) return undefined;
  const programs = value.programs.map((program) => ({
    ...program,
    config: completeProgram(program.config),
    launches: program.launches.map(([generation, launch]) => [generation, completeProgram(launch)] as const),
  }));
  const hooks = value.hooks?.map(completeHook);
  return {
    ...value,
    supervisor: completeSupervisor(value.supervisor),
    ...(hooks !== undefined && { hooks }),
    programs,
  };
}

function isSavedState(value: unknown): value is SavedState {
  return typeof value === 'object' && value !== null && 'programs' in value && 'sockets' in value;
}

/** What it says, it says anew. */
function savedWorker(live: LiveWorker): SavedWorker {
  const { handle, program, slot, worker, generation, process, startedAt, token, stderr, serving, sockets = [] } = live;
  const saved = { handle, program, slot, worker, generation, process, startedAt, token, stderr, sockets };
  return serving === undefined ? saved : { ...saved, serving };
}
