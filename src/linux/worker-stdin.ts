import { closeSync, constants, fchmodSync, openSync } from 'node:fs';
import type { Result } from '../shared/result.ts';
import type { Libc } from './libc.ts';

/**
 * A worker's standard input: a pipe that is open for reading and writing in the worker alone. So it never ends, nobody has to hold its
 * other end, and whoever may write to it opens it by /proc/PID/fd/0 (write-stdin.ts): there is nothing to remember and nothing to adopt
 * when the supervisor is gone. 16 µs, beside 4 µs for /dev/null (measured).
 *
 * `shared`: the worker is another user, who may then open it by its name as well (`/dev/stdin`). Nobody comes to it but through the
 * worker's own /proc/PID/fd, whatever its mode is.
 *
 * Answers a descriptor to close once the worker runs; undefined where that cannot be, without libc say: then the worker has /dev/null.
 */
export function openStdin(shared: boolean, loadLibc: () => Result<Pick<Libc, 'pipe'>>): number | undefined {
  const libc = loadLibc();
  const ends = new Int32Array(2);
  if (!libc.ok || !libc.value.pipe(ends).ok) return undefined;
  const [read = -1, write = -1] = ends;
  try {
    // open(2) of /proc/self/fd makes a new open file of the same pipe; fifo(7): O_RDWR never waits for another end.
    const both = openSync(`/proc/self/fd/${read}`, constants.O_RDWR);
    if (shared) fchmodSync(both, 0o666);
    return both;
  } catch {
    return undefined; // no /proc, no descriptor left, or a security module's word
  } finally {
    closeSync(read);
    closeSync(write);
  }
}
