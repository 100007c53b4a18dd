import { assert } from '../shared/assert.ts';
import { reapedAtOnceMax } from '../shared/limits.ts';
import type { ExitReport } from '../supervisor/ports.ts';
import type { Libc } from './libc.ts';
import { allPids, statOf } from './procfs.ts';
import { exitOf, siginfoBytes } from './siginfo.ts';

export interface ReaperOptions {
  /**
   * Whether Node itself waits for this child: its exit status must not be taken away. libuv waits for each of its children by
   * pid (uv__wait_children(), src/unix/process.c) and for no other, and passes over one that somebody else has reaped, so
   * that its 'exit' would never come.
   */
  readonly isOurs: (pid: number) => boolean;
  /** Not called from within createReaper(). */
  readonly onReaped: (pid: number, exit: ExitReport) => void;
}

export interface Reaper {
  /** Looks now instead of at the next SIGCHLD. */
  sweep(): void;
  close(): void;
}

/** A SIGCHLD that came before the listener was there is made up for by then. */
const everyMs = 5_000;

/** Turns of the event loop that libuv gets to take its own child from the head of the kernel's list. */
const turnsForNode = 8;

/**
 * Takes the exit status of children that Node does not know of, which would stay zombies for ever: orphans that the kernel
 * gave to us as PID 1 of a container (or as a subreaper, prctl(2)), and what this process had started before it replaced
 * itself through execve(2). It looks at each SIGCHLD, and every five seconds.
 */
export function createReaper(libc: Libc, { isOurs, onReaped }: ReaperOptions): Reaper {
  const siginfo = Buffer.alloc(siginfoBytes);
  let later: NodeJS.Immediate | undefined;

  /** A dead child, which stays a zombie with `keep`; `pid` 0: the kernel's choice. */
  function wait(pid: number, keep: boolean): ReturnType<typeof exitOf> {
    siginfo.fill(0);
    const waited = libc.waitid(pid, keep, siginfo);
    assert(waited.ok || waited.error === 'ECHILD', `waitid(${pid}): ${waited.ok ? '' : waited.error}`);
    return waited.ok ? exitOf(siginfo) : undefined;
  }

  function take(pid: number): void {
    const taken = wait(pid, false);
    if (taken !== undefined) onReaped(taken.pid, taken.exit);
  }

  function sweep(turns = turnsForNode): void {
    for (let count = 0; count < reapedAtOnceMax; count++) {
      // A look costs a microsecond, reading /proc 10 for each process of the machine: that is for when the kernel goes on
      // showing the same child of Node's, which hides those behind it.
      const first = wait(0, true);
      if (first === undefined) return;
      if (isOurs(first.pid)) return turns > 0 ? soon(turns - 1) : deadStrangers(isOurs).forEach(take);
      take(first.pid);
    }
    soon(turns);
  }

  function soon(turns: number): void {
    clearImmediate(later);
    later = setImmediate(sweep, turns);
  }

  const look = (): void => sweep();
  process.on('SIGCHLD', look);
  const timer = setInterval(look, everyMs);
  timer.unref();
  soon(turnsForNode);
  return {
    sweep: look,
    close() {
      process.off('SIGCHLD', look);
      clearInterval(timer);
      clearImmediate(later);
    },
  };
}

function deadStrangers(isOurs: ReaperOptions['isOurs']): readonly number[] {
  const dead = allPids().filter((pid) => {
    const stat = statOf(pid);
    return stat?.ppid === process.pid && stat.state === 'Z' && !isOurs(pid);
  });
  return dead.slice(0, reapedAtOnceMax);
}
