import { closeSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure, messageOf, type PortherdError } from '../shared/errors.ts';
import { stdinWaitMsMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { ProcessRef } from '../supervisor/ports.ts';
import type { WorkerStdin } from '../supervisor/ports-stdin.ts';
import { errorCodeOf } from './error-code.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { endedOr, stdinOf } from './stdin-of.ts';

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
        return await entry.turn.run(() => write(worker, stdinOf(worker), Buffer.from(text), until));
      } finally {
        entry.waiting -= 1;
        if (entry.waiting === 0) turns.delete(worker.pid);
      }
    },
  };
}

async function write(
  worker: ProcessRef,
  opened: Result<number>,
  bytes: Buffer,
  until: number,
): Promise<Result<undefined>> {
  if (!opened.ok) return opened;
  let written = 0;
  try {
    while (written < bytes.length) {
      const some = writeSome(opened.value, bytes.subarray(written, written + atomicBytes));
      if (!some.ok) return err(endedOr(worker, some.error));
      written += some.value;
      if (some.value > 0) continue;
      if (performance.now() > until) return err(endedOr(worker, full(written, bytes.length)));
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

/** Bytes; 0 when the pipe is full. */
function writeSome(fd: number, bytes: Buffer): Result<number> {
  try {
    return ok(writeSync(fd, bytes));
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'EAGAIN') return ok(0);
    return err(failure('NO_STDIN', `it has closed its standard input (${messageOf(thrown)})`, ''));
  }
}

function full(written: number, length: number): PortherdError {
  const seconds = stdinWaitMsMax / 1_000;
  return failure('STDIN_FULL', `it took ${written} of ${length} bytes in ${seconds} s and reads no more`);
}
