import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure, messageOf } from '../shared/errors.ts';
import { LogFollower } from '../shared/follow-log.ts';
import { logStreamsMax } from '../shared/limits.ts';
import { logDiskOf } from '../shared/log-disk.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * supervisord's /logtail: a log's last 1024 bytes and what comes after them, through rotations, for as long as somebody reads, at the
 * reader's pace. `begin` sends the head. Errors, before that: NO_LOG, LOG_UNUSABLE, TOO_MANY_STREAMS.
 */
export async function streamLog(path: string, response: ServerResponse, begin: () => void): Promise<Result<undefined>> {
  if (streams >= logStreamsMax)
    return err(failure('TOO_MANY_STREAMS', `${logStreamsMax} logs are being streamed already`));
  streams += 1;
  try {
    if ((await disk.stat(path)) === undefined) return err(failure('NO_LOG', `there is no file ${path} yet`));
    const follower = new LogFollower(disk, path);
    await follower.begin(headBytes);
    begin();
    await follow(follower, response);
    return ok();
  } catch (thrown) {
    if (response.headersSent) response.destroy();
    return err(failure('LOG_UNUSABLE', `cannot follow the log ${path}: ${messageOf(thrown)}`));
  } finally {
    streams -= 1;
  }
}

let streams = 0;

async function follow(follower: LogFollower, response: ServerResponse): Promise<void> {
  const told = {
    bytes: (bytes: Uint8Array) => write(response, bytes),
    gap: (why: string) => write(response, `==> ${why} <==\n`),
  };
  response.on('error', () => response.destroy());
  while (!response.destroyed) if (!(await follower.look(told))) await sleep(lookMs, undefined, { ref: false });
}

async function write(response: ServerResponse, part: Uint8Array | string): Promise<void> {
  if (response.destroyed || response.write(part)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('drain', resolve);
  response.once('close', resolve);
  await promise;
  response.off('drain', resolve);
  response.off('close', resolve);
}

const disk = logDiskOf({ stat, open }, constants.O_RDONLY | constants.O_NONBLOCK);

/** As supervisord, and as much as somebody sees at once. */
const headBytes = 1_024;

const lookMs = 250;
