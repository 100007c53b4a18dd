import type { SlotListener } from '../supervisor/ports.ts';
import type { PlacedListener } from './worker-env.ts';

/**
 * At which numbers a worker inherits its slot's sockets. Pure arithmetic on descriptor numbers; opens nothing.
 *
 *   0 1 2     its standard input and the logs
 *   3 4 …     node: eight copies for each port, for the preload
 *             others: one for each port, by systemd's protocol
 *   200 …     others: eight copies for each port, for a preload that comes through NODE_OPTIONS
 *
 * Node sets close-on-exec at boot on the low descriptors that it inherits (libuv, uv_disable_stdio_inheritance, stops at
 * the first gap above 15). So an app that is started directly does not pass its sockets on to its own children; and what
 * shall get through npm or a shell to the app behind it must lie above the gap.
 */
export function placeCopies(listeners: readonly SlotListener[], first: number): readonly PlacedListener[] {
  return listeners.map((listener, index) => ({
    ...listener,
    fds: Array.from({ length: copiesPerPort }, (_, copy) => first + index * copiesPerPort + copy),
  }));
}

/** child_process's stdio array: entry N becomes descriptor N; from 3 on, libuv leaves an ignored one alone. */
export function stdioOf(
  streams: { readonly stdin: number | 'ignore'; readonly stdout: number; readonly stderr: number },
  listeners: readonly PlacedListener[],
  socketActivation: boolean,
): readonly (number | 'ignore')[] {
  const stdio: (number | 'ignore')[] = [streams.stdin, streams.stdout, streams.stderr];
  if (socketActivation) stdio.push(...listeners.map(({ fd }) => fd));
  for (const { fd, fds } of listeners) {
    while (stdio.length < (fds[0] ?? 0)) stdio.push('ignore');
    stdio.push(...fds.map(() => fd));
  }
  return stdio;
}

/**
 * 200, or above everything that a big daemon has open: libuv's pipe that reports a failed exec takes the lowest free
 * number and must not lie among those that the child overwrites (src/unix/process.c, uv__process_child_init).
 */
export function firstCopyAbove(openDescriptors: readonly number[]): number {
  if (openDescriptors.length + spareDescriptors <= firstCopyUsual) return firstCopyUsual;
  return Math.max(firstCopyUsual, ...openDescriptors) + spareDescriptors;
}

/** The first after standard input, output and error. */
export const firstInherited = 3;

/** Each listen() of the app closes one when it ends; an app that listens more often than that serves beside its slot. */
const copiesPerPort = 8;

const firstCopyUsual = 200;

/** What a spawn opens by itself before it forks: its standard streams and libuv's pipe. */
const spareDescriptors = 8;
