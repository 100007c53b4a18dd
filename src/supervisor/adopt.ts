import type { Config, ProgramConfig } from '../config/schema.ts';
import { listensToEvents } from '../config/events-schema.ts';
import { missedBy } from '../core/adoption.ts';
import type { FleetEvent } from '../core/events.ts';
import type { Fleet } from '../core/fleet.ts';
import { listenersWanted } from '../core/listening.ts';
import { type Found, rebuild, restore } from '../core/restore.ts';
import type { LiveWorker } from './live-workers.ts';
import type { Ports, ProcessRef } from './ports.ts';
import type { SavedSocket, Survivor } from './ports-survival.ts';
import type { SavedProgram, SavedState, SavedWorker } from './saved-state.ts';
import { watchServing } from './serving-gone.ts';
import type { Supervisor } from './supervisor.ts';

/** What is taken over from a former supervisor. */
export interface Adoption {
  readonly programs: readonly AdoptedProgram[];
  readonly sockets: readonly SavedSocket[];
  /** Handles up to here are taken. */
  readonly handles: number;
  /** Workers of programs that neither the state nor the config knows. */
  readonly lost: readonly Survivor[];
}

export interface AdoptedProgram {
  readonly config: ProgramConfig;
  readonly launches: ReadonlyMap<number, ProgramConfig>;
  readonly fleet: Fleet;
  /** The dead too: what they left behind in their groups is swept as usual. */
  readonly workers: readonly LiveWorker[];
  readonly living: ReadonlySet<number>;
  readonly missed: readonly FleetEvent[];
  /** Slots that have no worker, though nothing says that they should not. */
  readonly vacant: readonly number[];
}

export interface Remains {
  readonly state: SavedState | undefined;
  readonly survivors: readonly Survivor[];
  /** Of the file; what a program that no state tells of is supervised by. */
  readonly config: Config;
}

interface Look {
  readonly processes: Pick<Ports['processes'], 'identify'>;
  readonly workerLogs: Pick<Ports['workerLogs'], 'paths'>;
  readonly now: number;
}

/** Joins what was written with who lives. Changes nothing. */
export function planAdoption({ state, survivors, config }: Remains, look: Look): Adoption {
  const ids = { next: Math.max(0, state?.handles ?? 0) };
  const of = (name: string): readonly Survivor[] => survivors.filter(({ program }) => program === name);
  const programs =
    state === undefined
      ? config.programs.flatMap((program) => {
          const found = of(program.name);
          return found.length === 0 ? [] : [fromSurvivors(program, found, ids, look)];
        })
      : state.programs.map((program) => {
          const found = of(program.config.name);
          // Written long before the end (a full disk): what lives says more.
          if (!isOutdated(program, found, look)) return fromState(program, found, ids, look);
          const stopped = program.fleet.slots.filter(({ seat }) => seat.is === 'STOPPED');
          return fromSurvivors(program.config, found, ids, look, new Set(stopped.map(({ index }) => index)));
        });
  const known = new Set(programs.map(({ config: { name } }) => name));
  const written = state?.sockets ?? [];
  const inodes = new Set(written.map(({ inode }) => inode));
  // What was opened after the last write is held by its worker, and the last of its group.
  const told = programs.flatMap((program) => socketsOf(program.config, of(program.config.name)));
  const sockets = [...written, ...told.filter(({ inode }) => !inodes.has(inode))];
  const lost = survivors.filter(({ program }) => !known.has(program));
  return { programs, sockets, handles: ids.next, lost };
}

/** From now on its workers are ours: their ends are noticed, their words heard, their sockets steered. */
export function adopt(supervisor: Supervisor, { programs, handles }: Adoption): void {
  const { ports, workers } = supervisor;
  workers.reserve(handles);
  for (const program of programs) {
    const { name } = program.config;
    supervisor.take(program);
    for (const worker of program.workers) {
      workers.add(worker);
      if (!program.living.has(worker.worker)) continue;
      ports.processes.adopt(worker.process, (exit) => {
        supervisor.send(name, { is: 'exited', worker: worker.worker, exit });
      });
      watchServing(supervisor, worker);
    }
    const slots = Array.from({ length: listenersWanted(program.fleet) }, (_, slot) => slot);
    const opened = ports.listeners.open(program.config, slots);
    if (!opened.ok) {
      ports.log.error({ event: 'listenFailed', program: name, error: opened.error }, 'cannot open the sockets');
      supervisor.send(name, { is: 'listenFailed', slots, why: opened.error.message });
    }
    if (listensToEvents(program.config)) supervisor.send(name, { is: 'restart', slots: talking(program.fleet) });
    for (const event of program.missed) supervisor.send(name, event);
    if (program.config.autostart) supervisor.send(name, { is: 'start', slots: program.vacant });
    supervisor.send(name, { is: 'tick' });
    const fields = { event: 'adopted', program: name, workers: program.living.size, slots: program.fleet.slots.length };
    ports.log.info(fields, 'workers of the former supervisor are adopted');
  }
}

/** What was said between an event listener and the former supervisor is lost, and the listener has read the end of its input. */
function talking({ slots }: Fleet): readonly number[] {
  return slots.flatMap(({ seat, index }) => (seat.is === 'RUNNING' || seat.is === 'STARTING' ? [index] : []));
}

function fromState(
  { config, fleet: saved, launches, workers }: SavedProgram,
  survivors: readonly Survivor[],
  ids: { next: number },
  look: Look,
): AdoptedProgram {
  const restored = restore(saved, look.now);
  const books = workers.map((worker) => ({ ...worker, process: processOf(worker, survivors, look) ?? worker.process }));
  const alive = books.filter((worker) => processOf(worker, survivors, look) !== undefined);
  const tokens = new Set(workers.map(({ token }) => token));
  const strays = survivors.filter(({ token }) => !tokens.has(token));
  const living = new Map(alive.map(({ worker, process }) => [worker, process.pid]));
  const [fleet, ...missed] = missedBy(restored, living, strays.map(asFound));
  const more = strays.map((stray, at) => liveWorker(stray, config, restored.nextWorker + at, (ids.next += 1), look));
  const awaited = new Set(
    fleet.slots.flatMap(({ seat, leaving }) => [
      ...('worker' in seat && seat.worker.attached ? [seat.worker.id] : []),
      ...leaving.flatMap(({ worker }) => (worker.attached ? [worker.id] : [])),
    ]),
  );
  return {
    config,
    launches: new Map(launches),
    fleet,
    workers: [...books.map((book) => (awaited.has(book.worker) ? { ...book, awaited: true } : book)), ...more],
    living: new Set([...living.keys(), ...more.map(({ worker }) => worker)]),
    missed,
    vacant: [],
  };
}

/** Without a state the newest of each slot serves there; where nobody does, somebody shall, unless that slot was `stopped`. */
function fromSurvivors(
  config: ProgramConfig,
  survivors: readonly Survivor[],
  ids: { next: number },
  look: Look,
  stopped: ReadonlySet<number> = new Set(),
): AdoptedProgram {
  const fleet = restore(rebuild(survivors.map(asFound), config.workers, look.now), look.now);
  const workers = survivors.map((one, at) => liveWorker(one, config, at + 1, (ids.next += 1), look));
  const launches = new Map(survivors.map(({ generation }) => [generation, config]));
  return {
    config,
    launches: new Map([...launches, [fleet.generation, config]]),
    fleet,
    workers,
    living: new Set(workers.map(({ worker }) => worker)),
    missed: [],
    vacant: fleet.slots.flatMap(({ index, seat }) => (seat.is === 'STOPPED' && !stopped.has(index) ? [index] : [])),
  };
}

function isOutdated({ workers }: SavedProgram, survivors: readonly Survivor[], look: Look): boolean {
  return survivors.length > 0 && workers.every((worker) => processOf(worker, survivors, look) === undefined);
}

/** By its token, which nobody else can have, else by its pid and start time. */
function processOf(
  { token, process: { pid, startTicks } }: SavedWorker,
  survivors: readonly Survivor[],
  { processes }: Look,
): ProcessRef | undefined {
  const found = survivors.find((survivor) => survivor.token === token);
  if (found !== undefined) return found.process;
  const now = processes.identify(pid);
  return now?.startTicks === startTicks ? now : undefined;
}

function asFound({ slot, generation, process: { pid }, attached }: Survivor): Found {
  return { slot, generation, pid, attached };
}

function liveWorker(
  { slot, generation, process, token, attached, inodes: sockets }: Survivor,
  config: ProgramConfig,
  worker: number,
  handle: number,
  { now, workerLogs }: Look,
): LiveWorker {
  const { stderr } = workerLogs.paths(config, slot);
  const base = { handle, program: config.name, slot, worker, generation, process, startedAt: now, token, sockets };
  return { ...base, stderr: { path: stderr, from: 0 }, ...(attached ? { awaited: true } : {}) };
}

/** As the workers were told of them. */
function socketsOf({ name: program, listen, bind }: ProgramConfig, survivors: readonly Survivor[]): SavedSocket[] {
  if (bind === 'worker') return [];
  const bySlot = new Map(survivors.toSorted((one, other) => one.slot - other.slot).map((one) => [one.slot, one]));
  return listen.flatMap(({ name, host, port }, at) =>
    [...bySlot].flatMap(([slot, { inodes }]): SavedSocket[] => {
      const inode = inodes[at];
      return inode === undefined || inode === 0 ? [] : [{ program, slot, name, host, port, inode, fd: -1 }];
    }),
  );
}
