import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { failure, messageOf, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { loadLibc } from './libc.ts';
import { isAlive, startTicksOf } from './procfs.ts';

/**
 * One daemon a run directory: a file locked with flock(2), which the kernel releases when the holder dies in whatever
 * way. It holds `PID START-TICKS`; without FFI these say whether its writer lives.
 */
export interface DaemonLock {
  /** Held by the kernel; false without FFI. */
  readonly held: boolean;
  release(): void;
}

/** Errors: DAEMON_RUNNING (names the pid), RUN_DIR_UNSAFE when the file cannot be opened or written. */
export function takeDaemonLock(path: string, libc = loadLibc()): Result<DaemonLock> {
  let fd: number;
  try {
    // Close-on-exec as everything that Node opens: a worker that held a copy would keep the lock after our death.
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (thrown) {
    return err(failure('RUN_DIR_UNSAFE', `cannot open the lock ${path}: ${messageOf(thrown)}`));
  }
  const locked = libc.ok ? libc.value.lock(fd) : undefined;
  const [pid, startTicks] = readFileSync(fd, 'utf8').trim().split(' ').map(Number);
  const refuse = (error: PortherdError): Result<never> => {
    closeSync(fd);
    return err(error);
  };
  if (locked?.ok === false && locked.error !== 'EAGAIN') {
    return refuse(failure('RUN_DIR_UNSAFE', `cannot lock ${path}: ${locked.error}`));
  }
  if (locked === undefined ? isAlive({ pid: pid ?? 0, startTicks: startTicks ?? 0 }) : !locked.ok) {
    return refuse(failure('DAEMON_RUNNING', `portherd already runs here: pid ${pid || 'unknown'} holds ${path}`));
  }
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid} ${startTicksOf(process.pid)}\n`, 0);
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
