import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time that a process and its threads have used, ms: schedstat counts nanoseconds, where /proc/PID/stat counts ticks of 10 ms.
 * A thread that has ended meanwhile is gone from it, so it suits processes whose threads stay.
 */
export function cpuMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(readStat(`/proc/${pid}/task/${task}/schedstat`)) / 1e6, 0);
}

function readStat(path: string): string {
  try {
    return readFileSync(path, 'utf8').split(' ')[0] ?? '0';
  } catch {
    return '0'; // the thread has ended
  }
}
