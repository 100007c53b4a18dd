import { constants, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { failure, messageOf } from '../shared/errors.ts';
import { logReadBytesMax } from '../shared/limits.ts';
import { type Range, readRange, tailRange } from '../shared/log-range.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { DaemonLogFile } from './daemon-log.ts';
import { errorCodeOf } from './error-code.ts';
import { followLog } from './log-following.ts';
import { openLog } from './open-log.ts';
import type { LogStream } from '../protocol/control-logs.ts';
import type { LogReading } from '../supervisor/ports-logs.ts';

/**
 * Log files, read and emptied, on the thread pool. A path is the config's: it may be a FIFO or a device, which would keep a reader
 * waiting, so only regular files are read. `clearing` says when a file may be made empty: not in the middle of its rotation.
 */
export function createLogReading(
  daemon?: DaemonLogFile,
  clearing: <T>(work: () => Promise<T>) => Promise<T> = (work) => work(),
): LogReading {
  return {
    daemonLog: daemon?.path,
    reopenDaemonLog: () => daemon?.reopen() ?? ok(),
    wasMoved,
    follow: followLog,

    read: (path, offset, length) =>
      withLog(path, constants.O_RDONLY, async (file) => {
        const found = await readPart(file, (size) => readRange(size, offset, length, logReadBytesMax));
        return found === undefined ? err(badRange(offset, length)) : ok(found);
      }),

    async tail(path, offset, length) {
      if (tailRange(0, offset, length, 0) === undefined) return err(badRange(offset, length));
      let overflow = false;
      const found = await withLog(path, constants.O_RDONLY, async (file) => {
        const part = await readPart(file, (size) => {
          const range = tailRange(size, offset, length, logReadBytesMax);
          overflow = range?.overflow === true;
          return range;
        });
        return part === undefined ? err(badRange(offset, length)) : ok(part);
      });
      if (!found.ok) return ok({ bytes: new Uint8Array(), offset: 0, overflow: false });
      return ok({ bytes: found.value.bytes, offset: found.value.size, overflow });
    },

    clear: (path) =>
      clearing(() =>
        withLog(path, constants.O_WRONLY, async (file) => {
          await file.truncate(0);
          return ok();
        }),
      ),
  };
}

/** Undefined when `range` knows none. */
async function readPart(
  file: FileHandle,
  range: (size: number) => Range | undefined,
): Promise<{ bytes: Uint8Array; size: number } | undefined> {
  for (let attempt = 1; ; attempt++) {
    const { size } = await file.stat();
    const wanted = range(size);
    if (wanted === undefined) return undefined;
    const bytes = new Uint8Array(wanted.length);
    const { bytesRead } = await file.read(bytes, 0, wanted.length, wanted.start);
    // A rotation in between moves everything towards the beginning; what is where it was is shorter than it was.
    if (bytesRead === wanted.length || attempt === attempts) return { bytes: bytes.subarray(0, bytesRead), size };
  }
}

const attempts = 5;

async function withLog<T>(
  path: string,
  flags: number,
  work: (file: FileHandle) => Promise<Result<T>>,
): Promise<Result<T>> {
  try {
    // Not blocking: open(2) of a FIFO waits for its other end.
    await using file = await openLog(path, flags | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) return err(failure('NO_LOG', `${path} is not a regular file`));
    return await work(file);
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'ENOENT') return err(failure('NO_LOG', `there is no file ${path} yet`));
    return err(failure('LOG_UNUSABLE', `cannot use the log ${path}: ${messageOf(thrown)}`));
  }
}

function badRange(offset: number, length: number) {
  return failure(
    'BAD_RANGE',
    `a log has no offset ${offset} with length ${length}`,
    'A negative offset goes with length 0.',
  );
}

/** stat(2) of a descriptor's link in /proc follows it to the open file itself, whatever its name is now (proc_pid_fd(5)). */
function wasMoved(pid: number, stream: LogStream, path: string): boolean {
  try {
    const held = statSync(`/proc/${pid}/fd/${stream === 'stdout' ? 1 : 2}`, { throwIfNoEntry: false });
    const there = statSync(path, { throwIfNoEntry: false });
    return held?.isFile() === true && (held.ino !== there?.ino || held.dev !== there.dev);
  } catch {
    return false; // EACCES: not ours any more
  }
}
