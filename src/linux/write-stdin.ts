import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure, messageOf, type PortherdError } from '../shared/errors.ts';
import { stdinWaitMsMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { ProcessRef } from '../supervisor/ports.ts';
import type { WorkerStdin } from '../supervisor/ports-stdin.ts';
import { errorCodeOf } from './error-code.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { isAlive } from './procfs.ts';

/**
 * Writes into the pipes that workers have as their standard input (worker-stdin.ts). What the worker has there now is asked of the kernel
 * each time: it may have closed it, or have another one. Nothing is buffered but by the pipe itself, which holds 64 KiB.
 */
export function createWorkerStdin(): WorkerStdin {
  /** Of those who are being written to. */
  const turns = new Map<number, { readonly turn: OneAtATime; waiting: number }>();

  return {
    async write(worker, text) {
      const entry = turns.get(worker.pid) ?? { turn: new OneAtATime(), waiting: 0 };
      turns.set(worker.pid, entry);
      entry.waiting += 1;
      try {
        const until = performance.now() + stdinWaitMsMax;
        return await entry.turn.run(() => write(worker, Buffer.from(text), until));
      } finally {
        entry.waiting -= 1;
        if (entry.waiting === 0) turns.delete(worker.pid);
      }
    },
  };
}

async function write(worker: ProcessRef, bytes: Buffer, until: number): Promise<Result<undefined>> {
  const opened = open(worker);
  if (!opened.ok) return opened;
  let written = 0;
  try {
    while (written < bytes.length) {
      const some = writeSome(opened.value, bytes.subarray(written, written + atomicBytes));
      if (!some.ok) return err(isGone(worker) ? gone : some.error);
      written += some.value;
      if (some.value > 0) continue;
      if (!isAlive(worker)) return err(gone);
      if (performance.now() > until) return err(full(written, bytes.length));
      await sleep(lookMs);
    }
    return ok();
  } finally {
    closeSync(opened.value);
  }
}

/** Up to this many bytes are written all or not at all, and never between those of somebody else (pipe(7), PIPE_BUF). */
const atomicBytes = 4_096;

/** A worker that reads at all is faster; one whose pipe is full is looked at this often. */
const lookMs = 10;

/** A descriptor that never waits. By the pid alone it might be another process' by now, so it is proved before and after. */
function open(worker: ProcessRef): Result<number> {
  const path = `/proc/${worker.pid}/fd/0`;
  let fd: number | undefined;
  try {
    if (!isAlive(worker)) return err(gone);
    const pipe = readlinkSync(path);
    if (!isOurs(worker.pid, pipe))
      return err(failure('NO_STDIN', `its standard input is ${pipe}, no pipe of portherd’s`));
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const same = isAlive(worker) && `pipe:[${fstatSync(fd).ino}]` === pipe;
    if (same) return ok(fd);
    closeSync(fd);
    return err(gone);
  } catch (thrown) {
    if (fd !== undefined) closeSync(fd);
    if (isGone(worker)) return err(gone);
    const why = errorCodeOf(thrown) === 'ENOENT' ? 'it has closed its standard input' : messageOf(thrown);
    return err(failure('NO_STDIN', why));
  }
}

/**
 * Nobody else has one end of a pipe open for both (fdinfo, proc_pid_fdinfo(5)): not a FIFO that the worker may have taken, nor what comes
 * to it from another process, into which we do not talk.
 */
function isOurs(pid: number, link: string): boolean {
  if (!/^pipe:\[\d+\]$/.test(link)) return false;
  const [, flags = '0'] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/0`, 'latin1')) ?? [];
  return (Number.parseInt(flags, 8) & (constants.O_WRONLY | constants.O_RDWR)) === constants.O_RDWR;
}

/** Its descriptors are closed while it still seems to run; but its memory has gone before them (kernel/exit.c, do_exit). */
function isGone(worker: ProcessRef): boolean {
  if (!isAlive(worker)) return true;
  try {
    readlinkSync(`/proc/${worker.pid}/exe`);
    return false;
  } catch (thrown) {
    return errorCodeOf(thrown) === 'ENOENT';
  }
}

/** Bytes; 0 when the pipe is full. */
function writeSome(fd: number, bytes: Buffer): Result<number> {
  try {
    return ok(writeSync(fd, bytes));
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'EAGAIN') return ok(0);
    return err(failure('NO_STDIN', `it has closed its standard input (${messageOf(thrown)})`));
  }
}

const gone = failure('NOT_RUNNING', 'it has ended');

function full(written: number, length: number): PortherdError {
  const seconds = stdinWaitMsMax / 1_000;
  return failure('STDIN_FULL', `it took ${written} of ${length} bytes in ${seconds} s and reads no more`);
}
