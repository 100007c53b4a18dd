import type { ExitReport, Log } from '../supervisor/ports.ts';
import { loadLibc } from './libc.ts';
import { watchNodeChildren } from './node-children.ts';
import { createReaper } from './reaper.ts';

/**
 * Reaps what nobody else will: the duty of PID 1 of a container. Before the first child is started. Elsewhere there is
 * nothing to reap but what a shell has left to us that became us (`sh -c 'helper & exec portherd run'`). Returns what ends it.
 */
export function reapOrphans(log: Log, reaped: (pid: number, exit: ExitReport) => void): () => void {
  const libc = loadLibc();
  if (!libc.ok) {
    const fields = { event: 'notReaping', error: libc.error.message };
    if (process.pid === 1)
      log.warn(fields, 'without FFI orphans stay zombies; run a small init in front, as docker run --init');
    return () => undefined;
  }
  const ours = watchNodeChildren();
  const reaper = createReaper(libc.value, {
    isOurs: (pid) => ours.has(pid),
    onReaped(pid, exit) {
      log.debug({ event: 'reaped', pid, ...exit }, 'a process that was left to us has ended');
      reaped(pid, exit);
    },
  });
  return () => reaper.close();
}
