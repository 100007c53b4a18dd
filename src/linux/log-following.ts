import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '../protocol/control-logs.ts';
import { failure, messageOf } from '../shared/errors.ts';
import { LogFollower } from '../shared/follow-log.ts';
import { logStreamsMax } from '../shared/limits.ts';
import { logDiskOf } from '../shared/log-disk.ts';
import { err, ok, type Result } from '../shared/result.ts';

/** The daemon follows a log for somebody who may not read it: four looks a second, at the reader's pace. Errors: LOG_UNUSABLE, TOO_MANY_STREAMS. */
export async function followLog(
  path: string,
  before: number,
  tell: (line: LogLine) => Promise<void>,
  abort: AbortSignal,
): Promise<Result<undefined>> {
  if (following >= logStreamsMax)
    return err(failure('TOO_MANY_STREAMS', `${logStreamsMax} logs are being followed already`));
  following += 1;
  const follower = new LogFollower(disk, path);
  const told = {
    bytes: (bytes: Uint8Array) => tell({ t: 'bytes', base64: Buffer.from(bytes).toString('base64') }),
    gap: (why: string) => tell({ t: 'gap', why }),
  };
  try {
    await follower.begin(before);
    await told.bytes(new Uint8Array()); // the reader knows that it has begun
    while (!abort.aborted) if (!(await follower.look(told))) await sleep(lookMs, undefined, { ref: false });
    return ok();
  } catch (thrown) {
    return err(failure('LOG_UNUSABLE', `cannot follow the log ${path}: ${messageOf(thrown)}`));
  } finally {
    following -= 1;
  }
}

let following = 0;

const disk = logDiskOf({ stat, open }, constants.O_RDONLY | constants.O_NONBLOCK);

const lookMs = 250;
