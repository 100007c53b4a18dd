import type { ExitReport, ProcessRef } from '../supervisor/ports.ts';
import { isAlive, statOf } from './procfs.ts';

type OnExit = (exit: ExitReport) => void;

/**
 * The ends of workers that this process did not start, or started before it replaced itself: Node tells nothing of them. It asks
 * whether their pids still exist twenty times a second (1 µs each), and once a second whether they are still the same. Who is
 * nobody's child here leaves no exit status; a child's comes from the reaper.
 */
export interface AdoptedProcesses {
  adopt(process: ProcessRef, onExit: OnExit): void;
  /** Something points to its end, such as its channel's: looks soon, and not only at the next turn. */
  suspect(process: ProcessRef): void;
  /** The reaper took the exit status of a child of ours. */
  reaped(pid: number, exit: ExitReport): void;
  close(): void;
}

const everyMs = 50;
const thoroughEvery = 20;
/** A process closes its sockets some tenths of a millisecond before it is gone. */
const suspectMs = [1, 5, 20] as const;
const unknown: ExitReport = { code: undefined, signal: undefined };

export function watchAdopted(): AdoptedProcesses {
  const adopted = new Map<number, { readonly process: ProcessRef; readonly onExit: OnExit }>();
  let timer: NodeJS.Timeout | undefined;
  let turn = 0;

  function ended(pid: number, exit: ExitReport): void {
    const one = adopted.get(pid);
    adopted.delete(pid);
    if (adopted.size === 0) stop();
    one?.onExit(exit);
  }

  /** Told once it can be told with all that is known: a zombie of ours is the reaper's. */
  function look({ pid, startTicks }: ProcessRef): void {
    if (!adopted.has(pid) || isAlive({ pid, startTicks })) return;
    const stat = statOf(pid);
    const zombie = stat?.startTicks === startTicks;
    if (zombie && stat.ppid === process.pid) return;
    ended(pid, unknown);
  }

  function sweep(): void {
    turn = (turn + 1) % thoroughEvery;
    for (const one of adopted.values()) if (turn === 0 || !exists(one.process.pid)) look(one.process);
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    adopt(process, onExit) {
      adopted.set(process.pid, { process, onExit });
      timer ??= setInterval(sweep, everyMs);
    },
    suspect(process) {
      if (adopted.has(process.pid)) for (const ms of suspectMs) setTimeout(look, ms, process);
    },
    reaped: (pid, exit) => {
      if (adopted.has(pid)) ended(pid, exit);
    },
    close: stop,
  };
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ESRCH; EPERM: it has changed its user, and a thorough look will tell
  }
}
