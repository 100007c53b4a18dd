import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { failure, messageOf, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { ProcessRef } from '../supervisor/ports.ts';
import { errorCodeOf } from './error-code.ts';
import { isAlive } from './procfs.ts';

/**
 * The pipe that a worker has as its standard input now (worker-stdin.ts), opened for writing without waiting; to be closed soon. By the pid
 * alone it might be another process', so it is proved before and after. Errors: NOT_RUNNING, NO_STDIN.
 */
export function stdinOf(worker: ProcessRef): Result<number> {
  if (!isAlive(worker)) return err(gone);
  const path = `/proc/${worker.pid}/fd/0`;
  try {
    const pipe = readlinkSync(path);
    if (!/^pipe:\[\d+\]$/.test(pipe) || !isOpenForBoth(`/proc/${worker.pid}/fdinfo/0`))
      return err(failure('NO_STDIN', `its standard input is ${pipe}, no pipe of portherd’s`));
    const opened = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (isAlive(worker) && `pipe:[${fstatSync(opened).ino}]` === pipe) return ok(opened);
    closeSync(opened);
    return err(gone);
  } catch (thrown) {
    const closed = errorCodeOf(thrown) === 'ENOENT';
    const why = closed
      ? failure('NO_STDIN', 'it has closed its standard input', '')
      : failure('NO_STDIN', messageOf(thrown));
    return err(endedOr(worker, why));
  }
}

/** Of a worker that is gone an error says nothing else: its descriptors are closed while it still seems to run; its memory has gone before them. */
export function endedOr(worker: ProcessRef, error: PortherdError): PortherdError {
  if (!isAlive(worker)) return gone;
  try {
    readlinkSync(`/proc/${worker.pid}/exe`);
    return error;
  } catch (thrown) {
    return errorCodeOf(thrown) === 'ENOENT' ? gone : error; // kernel/exit.c, do_exit(): exit_mm, then exit_files
  }
}

const gone = failure('NOT_RUNNING', 'it has ended');

/**
 * As nobody else has one end of a pipe (proc_pid_fdinfo(5)): not what comes to a worker from another process, into which we do not talk, nor a
 * FIFO that it has taken.
 */
function isOpenForBoth(fdinfo: string): boolean {
  const [, flags = '0'] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(fdinfo, 'latin1')) ?? [];
  return (Number.parseInt(flags, 8) & (constants.O_WRONLY | constants.O_RDWR)) === constants.O_RDWR;
}
