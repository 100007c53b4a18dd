import type { Config, ProgramConfig } from '../config/schema.ts';
import { isVacant } from '../core/seat.ts';
import { failure } from '../shared/errors.ts';
import { type Adoption, adopt } from './adopt.ts';
import { addPrepared, startItself } from './boot.ts';
import type { Survivor } from './ports-survival.ts';
import type { SavedState } from './saved-state.ts';
import type { Supervisor } from './supervisor.ts';

export interface Inheritance {
  readonly config: Config;
  readonly state: SavedState | undefined;
  readonly adoption: Adoption;
}

/**
 * Takes over what a former supervisor left. Answers the programs that are still to be booted: all of the config, or those without
 * survivors where the state was lost. Where it was not, the programs are what they were; `update` brings others.
 */
export function succeed(supervisor: Supervisor, { config, state, adoption }: Inheritance): readonly ProgramConfig[] {
  adopt(supervisor, adoption);
  for (const survivor of adoption.lost) dismiss(supervisor, survivor);
  if (state?.ending === true) comeBack(supervisor);
  if (state !== undefined) return [];
  return config.programs.filter(({ name }) => !supervisor.programs.has(name));
}

/** In the order of their priority; what cannot be prepared is told, and the others start. `complete`: all are there. */
export function bootPrograms(
  supervisor: Supervisor,
  programs: readonly ProgramConfig[],
  complete: () => void = () => undefined,
): void {
  const added = programs
    .toSorted((one, other) => one.priority - other.priority)
    .filter((program) => {
      const prepared = addPrepared(supervisor, program);
      if (prepared.ok) return true;
      const { log } = supervisor.ports;
      log.error({ event: 'bootFailed', program: program.name, error: prepared.error }, 'program cannot be started');
      return false;
    });
  complete();
  for (const program of added) startItself(supervisor, program);
}

/** The former supervisor died while it stopped everything; this one was started to serve. */
function comeBack(supervisor: Supervisor): void {
  for (const [name, { config, fleet }] of supervisor.programs) {
    if (!config.autostart) continue;
    const away = fleet.slots.filter(({ seat }) => seat.is === 'STOPPING' || seat.is === 'STOPPED');
    const slots = away.map(({ index }) => index);
    supervisor.send(name, { is: 'restart', slots });
    // Where all were stopped, the sockets are closed already; new ones can be opened when everybody has gone.
    const fresh = supervisor.programs.get(name)?.fleet.slots ?? [];
    if (fresh.some(({ seat }) => seat.is === 'STOPPING' && seat.after === 'STOPPED'))
      startWhenGone(supervisor, name, slots);
  }
}

function startWhenGone(supervisor: Supervisor, name: string, slots: readonly number[]): void {
  const unwatch = supervisor.watch((program, fact) => {
    if (program !== name || fact !== undefined) return;
    const fleet = supervisor.programs.get(name)?.fleet;
    if (fleet !== undefined && !supervisor.closing && !fleet.slots.every(isVacant)) return;
    unwatch();
    if (!supervisor.closing) supervisor.send(name, { is: 'start', slots });
  });
}

/** A worker of a program that nobody knows any more: it may finish, and is killed if it does not. */
function dismiss({ ports: { log, processes } }: Supervisor, { program, slot, process }: Survivor): void {
  const error = failure('BAD_NAME', `there is no program ${program} any more`);
  log.error({ event: 'lostWorker', program, slot, pid: process.pid, error }, 'a worker that nobody knows is stopped');
  processes.signal(process, 'SIGTERM', 'process');
  setTimeout(() => processes.signal(process, 'SIGKILL', 'group'), dismissMs).unref();
}

const dismissMs = 30_000;
