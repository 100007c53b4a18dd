import { killWorker } from './kill-worker.ts';
import type { LiveWorker } from './live-workers.ts';
import type { Supervisor } from './supervisor.ts';

/** npm ends some 50 ms after what it ran; a script may still tidy up. Meanwhile clients wait in the slot's queue. */
const wrapperGraceMs = 1_000;

/**
 * The process that served left the channel. Where that is not the one that we started (a shell script, npm), its death is
 * not an exit that we see: when it is gone and its wrapper stays, with nobody serving in its place, the rest is killed, which
 * is a crash like any other. A worker on its way out has its own deadlines.
 */
export function watchServing(supervisor: Supervisor, { handle, serving }: LiveWorker): void {
  if (serving === undefined) return;
  setTimeout(() => {
    const { ports, workers } = supervisor;
    const live = workers.byHandle(handle);
    if (live === undefined || live.serving !== serving || isLeaving(supervisor, live)) return;
    if (ports.processes.identify(serving.pid)?.startTicks === serving.startTicks) return;
    const { program, slot, worker, process } = live;
    ports.log.warn(
      { event: 'servingGone', program, slot, worker, pid: serving.pid, wrapper: process.pid },
      'the process that served has ended and its wrapper has not; the wrapper is killed',
    );
    killWorker(ports.processes, live, supervisor.programs.get(program)?.config.stop.killGroup ?? true);
  }, wrapperGraceMs).unref();
}

function isLeaving({ programs }: Supervisor, { program, slot, worker }: LiveWorker): boolean {
  const found = programs.get(program)?.fleet.slots[slot];
  if (found === undefined) return true;
  const { seat, leaving } = found;
  return (seat.is === 'STOPPING' && seat.worker.id === worker) || leaving.some((one) => one.worker.id === worker);
}
