import type { LiveWorker } from './live-workers.ts';
import type { Processes } from './ports.ts';

/**
 * SIGKILL to the whole process group of a worker, also when its leader has gone already; or, with stop.killGroup: false, to the process
 * that was started, and to those of its group that serve (npm start) or hold the slot's sockets: who accepts there must not outlive it.
 */
export function killWorker(
  processes: Pick<Processes, 'signal'>,
  { process, serving, sockets = [] }: LiveWorker,
  group: boolean,
): void {
  if (group) return void processes.signal(process, 'SIGKILL', 'group');
  processes.signal(process, 'SIGKILL', { holding: sockets });
  if (serving !== undefined) processes.signal(serving, 'SIGKILL', 'process');
}
