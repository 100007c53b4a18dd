import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { failure, messageOf, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { loadLibc } from './libc.ts';
import { isAlive, startTicksOf } from './procfs.ts';

/**
 * One daemon a run directory: a file locked with flock(2), which the kernel releases when the holder dies in whatever
 * way. It holds `PID START-TICKS`, and ` sweep` after it if no daemon but a sweep has it; without FFI these say whether its
 * writer lives.
 */
export interface DaemonLock {
  /** Held by the kernel; false without FFI. */
  readonly held: boolean;
  release(): void;
}

export type LockHolder = 'daemon' | 'sweep';

/**
 * Errors: DAEMON_RUNNING (names the pid); RUN_DIR_BUSY for a sweep, or for one who has taken it and not yet written who he is;
 * RUN_DIR_UNSAFE when the file cannot be opened or written.
 */
export function takeDaemonLock(path: string, libc = loadLibc(), as: LockHolder = 'daemon'): Result<DaemonLock> {
  let fd: number;
  try {
    // Close-on-exec as everything that Node opens: a worker that held a copy would keep the lock after our death.
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (thrown) {
    return err(failure('RUN_DIR_UNSAFE', `cannot open the lock ${path}: ${messageOf(thrown)}`));
  }
  const locked = libc.ok ? libc.value.lock(fd) : undefined;
  const [pid, startTicks, holder] = readFileSync(fd, 'utf8').trim().split(' ');
  const alive = isAlive({ pid: Number(pid ?? 0), startTicks: Number(startTicks ?? 0) });
  const refuse = (error: PortherdError): Result<never> => {
    closeSync(fd);
    return err(error);
  };
  if (locked?.ok === false && locked.error !== 'EAGAIN') {
    return refuse(failure('RUN_DIR_UNSAFE', `cannot lock ${path}: ${locked.error}`));
  }
  if (locked === undefined ? alive : !locked.ok) {
    if (!alive) return refuse(failure('RUN_DIR_BUSY', `somebody who cannot be seen holds ${path}`));
    if (holder === 'sweep') return refuse(failure('RUN_DIR_BUSY', `a sweep is at work here: pid ${pid} holds ${path}`));
    return refuse(failure('DAEMON_RUNNING', `portherd already runs here: pid ${pid} holds ${path}`));
  }
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid} ${startTicksOf(process.pid)}${as === 'sweep' ? ' sweep' : ''}\n`, 0);
  } catch (thrown) {
    return refuse(failure('RUN_DIR_UNSAFE', `cannot write the lock ${path}: ${messageOf(thrown)}`));
  }
  let open = true;
  return ok({
    held: locked !== undefined,
    release() {
      if (open) closeSync(fd);
      open = false;
    },
  });
}
