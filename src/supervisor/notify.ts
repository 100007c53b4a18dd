import { timeBounds } from '../config/time-bounds.ts';
import { nextDeadline } from '../core/deadlines.ts';
import { newNotices, noticesFor, type ProgramSituation, type Situation } from '../core/notices.ts';
import { isComing, isReady } from '../core/weights.ts';
import type { Ports } from './ports.ts';
import { rollProgress } from './roll-command.ts';
import type { Program, Supervisor } from './supervisor.ts';

/** The part of linux/systemd.ts that is told. */
export interface Manager {
  readonly present: boolean;
  /** ms within which it wants a sign of life. */
  readonly watchdogMs: number | undefined;
  send(lines: readonly string[]): void;
  monotonicUsec(): bigint;
}

/** What of a supervisor is told. */
export type Notified = Pick<Supervisor, 'programs' | 'closing' | 'watch' | 'send' | 'workers'> & {
  readonly ports: Pick<Ports, 'clock' | 'machine'>;
};

/** Tells the service manager how things are: core/notices.ts says what. */
export interface Notify {
  /** Every program that starts with the daemon has been told to. */
  begin(): void;
  /** The config is read again, or the supervisor re-executes itself; the answer ends it, in the latter case if it fails. */
  reloading(): () => void;
  end(): void;
}

export function keepNotified(supervisor: Notified, manager: Manager): Notify {
  const { clock, machine } = supervisor.ports;
  const timers: NodeJS.Timeout[] = [];
  let told = newNotices(clock.now());
  let reloads = 0;

  function tell(): void {
    const [next, ...messages] = noticesFor(told, situationOf(supervisor, reloads > 0), clock.now());
    told = next;
    for (const lines of messages) manager.send(lines.flatMap(completed));
  }

  /** Type=notify-reload wants to know that this is younger than its signal; MAINPID helps where a wrapper started us. */
  function completed(line: string): readonly string[] {
    if (line === 'RELOADING=1') return [line, `MONOTONIC_USEC=${manager.monotonicUsec()}`];
    return line === 'READY=1' ? [line, `MAINPID=${machine.pid}`] : [line];
  }

  function reload(change: 1 | -1): void {
    reloads += change;
    if (timers.length > 0) tell();
  }

  // Numbers may wait for the timer; that all have come, or that the end has begun, may not.
  const unwatch = supervisor.watch((_program, fact) => {
    if (fact !== undefined || timers.length === 0) return;
    if (told.is === 'STARTING' || (supervisor.closing && told.is !== 'STOPPING')) tell();
  });
  return {
    begin() {
      if (!manager.present) return;
      timers.push(setInterval(tell, tellEveryMs).unref());
      const { watchdogMs } = manager;
      if (watchdogMs !== undefined)
        timers.push(setInterval(() => showLife(supervisor, manager, watchdogMs), watchdogMs / 2).unref());
      tell();
    },
    reloading() {
      reload(1);
      return () => reload(-1);
    },
    end() {
      for (const timer of timers) clearInterval(timer);
      unwatch();
    },
  };
}

const tellEveryMs = 1_000;

/**
 * WATCHDOG=1 only for a supervisor that still works: this timer ran, so the event loop turns; no program's alarm is overdue; and an
 * event that is sent now goes through the queue, is decided and performed.
 */
function showLife(supervisor: Notified, manager: Manager, watchdogMs: number): void {
  const programs = [...supervisor.programs];
  const overdue = supervisor.ports.clock.now() - watchdogMs;
  if (programs.some(([, { fleet }]) => nextDeadline(fleet) < overdue)) return;
  let decided = 0;
  const unwatch = supervisor.watch((_program, fact) => {
    if (fact === undefined) decided += 1;
  });
  for (const [name] of programs) supervisor.send(name, { is: 'tick' });
  unwatch();
  if (decided >= programs.length) manager.send(['WATCHDOG=1']);
}

function situationOf(supervisor: Notified, reloading: boolean): Situation {
  const programs = [...supervisor.programs.values()];
  return {
    phase: supervisor.closing ? 'stopping' : reloading ? 'reloading' : 'running',
    programs: programs.map((program) => programSituation(supervisor, program)),
    bounds: timeBounds(programs.map(({ config }) => config)),
  };
}

function programSituation(supervisor: Notified, program: Program): ProgramSituation {
  const { config, fleet } = program;
  const { name, autostart } = config;
  const staying = fleet.slots.slice(0, fleet.wanted);
  const beats = supervisor.workers.all().filter((worker) => worker.program === name && worker.beat !== undefined);
  const roll = rollProgress(program);
  return {
    name,
    autostart,
    wanted: fleet.wanted,
    ready: staying.filter(isReady).length,
    coming: staying.filter(isComing).length,
    fatal: staying.filter(({ seat }) => seat.is === 'FATAL').length,
    leaving: fleet.slots.reduce((sum, { seat, leaving }) => sum + leaving.length + (seat.is === 'STOPPING' ? 1 : 0), 0),
    connections: beats.length === 0 ? undefined : beats.reduce((sum, { beat }) => sum + (beat?.open ?? 0), 0),
    roll: roll === undefined ? undefined : { done: roll.done, total: roll.total },
  };
}
