import type { LiveWorker } from './live-workers.ts';
import type { Processes } from './ports.ts';

/**
 * SIGKILL to the whole process group of a worker, also when its leader has gone already; or, with stop.killGroup: false, to the process
 * that was started and to the one that serves, which has the slot's socket and is not always the same (npm start).
 */
export function killWorker(
  processes: Pick<Processes, 'signal'>,
  { process, serving }: Pick<LiveWorker, 'process' | 'serving'>,
  group: boolean,
): void {
  processes.signal(process, 'SIGKILL', group ? 'group' : 'process');
  if (!group && serving !== undefined) processes.signal(serving, 'SIGKILL', 'process');
}
