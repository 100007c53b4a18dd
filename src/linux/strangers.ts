import type { Log } from '../supervisor/ports.ts';
import type { Sockets } from './sockets.ts';

/**
 * Any process of the same user may join a SO_REUSEPORT group and take 1/(N+1) of its traffic (socket(7)). A look walks the kernel's table of
 * sockets, which beside many in TIME_WAIT costs milliseconds.
 */
const everyMs = 10_000;

/** Warns once of each stranger that listens on our ports, and again when it comes back. Returns what ends it. */
export function watchStrangers(sockets: Pick<Sockets, 'strangers'>, log: Log): () => void {
  let known = new Set<number>();
  const timer = setInterval(() => {
    const strangers = sockets.strangers();
    for (const { inode, port, pid, command } of strangers) {
      if (known.has(inode)) continue;
      log.warn(
        { event: 'stranger', port, pid, command },
        'another process listens on our port and may take its connections',
      );
    }
    known = new Set(strangers.map(({ inode }) => inode));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
