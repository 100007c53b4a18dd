import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Diagnosis } from '../supervisor/ports.ts';
import { isAlive, statOf } from './procfs.ts';

/** What tells spinning from waiting; a quantum of the scheduler is a few ms. */
const sampleMs = 100;
/** CPU times in /proc are in clock ticks, of which there are 100 a second for programs on every architecture (times(2)). */
const tickMs = 10;
/** The innermost frames tell what it waits for; the outermost are the same for every system call. */
const framesMax = 4;

/**
 * What a process that does not serve is doing: its state, how much CPU it uses, and where in the kernel it waits. All of it from
 * /proc, so it works in any language and changes nothing. A report that the worker writes itself (process.report on a signal)
 * would have the JavaScript stack, but needs a signal handler in somebody else's app, set before anything is wrong.
 */
export function createDiagnosis(): Diagnosis {
  return {
    async of(process) {
      const before = cpuMs(process.pid);
      const heldUpBefore = runDelayMs(process.pid);
      await pause(sampleMs);
      const stat = statOf(process.pid);
      if (stat === undefined || !isAlive(process)) return `pid ${process.pid} is gone`;
      const used = Math.max(0, cpuMs(process.pid) - before);
      const heldUp = Math.round(runDelayMs(process.pid) - heldUpBefore);
      // On a machine with too much to do, one that spins is mostly waiting for its turn.
      const busy = used + heldUp >= sampleMs / 2 ? 'it spins' : used > 0 ? 'it is slow' : 'it waits';
      const turn = heldUp < tickMs ? '' : `, ${heldUp} ms waiting for a core`;
      const where = stat.state === 'S' || stat.state === 'D' ? whereOf(process.pid) : '';
      return `pid ${process.pid} is ${states[stat.state] ?? stat.state}${where}, ${used} ms of CPU in ${sampleMs} ms${turn}: ${busy}`;
    },
  };
}

/** proc_pid_stat(5), field 3. */
const states: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'asleep',
  D: 'in an uninterruptible sleep (a disk, a network file system)',
  T: 'stopped by a signal (SIGSTOP)',
  t: 'stopped by a debugger',
};

/** ` in futex_wait_queue < futex_wait < do_futex`: the stack is for root only, wchan for those who may trace it. */
function whereOf(pid: number): string {
  const stack = read(`/proc/${pid}/stack`)
    .split('\n')
    .flatMap((line) => /\] (\w[\w.]*)\+/.exec(line)?.[1] ?? []);
  if (stack.length > 0) return ` in ${stack.slice(0, framesMax).join(' < ')}`;
  const wchan = read(`/proc/${pid}/wchan`);
  return wchan === '' || wchan === '0' ? '' : ` in ${wchan}`;
}

/** User and system time of all its threads so far. */
function cpuMs(pid: number): number {
  const text = read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tickMs;
}

/** For how long its main thread was ready to run and had no core (Documentation/scheduler/sched-stats.rst); 0 where it is not counted. */
function runDelayMs(pid: number): number {
  const [, delayNs = '0'] = read(`/proc/${pid}/schedstat`).split(' ');
  return Number(delayNs) / 1e6;
}

/** Empty when it may not be read, or has gone meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}
