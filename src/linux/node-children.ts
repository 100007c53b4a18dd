import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';

/**
 * The children that Node waits for, whoever started them (a library too), so that a reaper keeps its hands off. Only those started
 * from now on; `spawnSync` needs none of this, it takes its child's exit before anything else runs.
 */
export function watchNodeChildren(): { has(pid: number): boolean } {
  const children = new Set<ChildProcess>();

  // Node publishes the object before it has a pid, and gives it an exit code when libuv has taken the exit.
  subscribe('child_process', (message) => {
    for (const child of children) if (isOver(child)) children.delete(child);
    if (isMessage(message)) children.add(message.process);
  });

  return { has: (pid) => [...children].some((child) => child.pid === pid && !isOver(child)) };
}

function isOver({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

/** https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#child-process */
function isMessage(message: unknown): message is { readonly process: ChildProcess } {
  return typeof message === 'object' && message !== null && 'process' in message;
}
