import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorBody, errorBody } from '../protocol/control.ts';
import type { LogLine, LogPartReply, LogPlace, LogStream } from '../protocol/control-logs.ts';
import { failure, messageOf } from '../shared/errors.ts';
import { logReadBytesMax } from '../shared/limits.ts';
import { type Followed, LogFollower } from '../shared/follow-log.ts';
import { logDiskOf } from '../shared/log-disk.ts';
import { readRange } from '../shared/log-range.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Client } from './client.ts';
import { fields, list, number, optional, type Shape, tagged, text } from './fits.ts';

/** A log, read by this process itself where this user may, so that it costs the daemon nothing; else asked of the daemon. */
export interface LogSource {
  /** At most so many bytes of its end. */
  end(bytes: number): Promise<Result<Uint8Array, ErrorBody>>;
  /** What comes from now on, and some bytes of what was; ends with an error only. */
  follow(before: number, told: Followed): Promise<ErrorBody | undefined>;
}

export async function logSource(
  client: Client,
  place: LogPlace & { readonly path: string },
  ask: { readonly name?: string; readonly stream: LogStream },
): Promise<LogSource> {
  // Over TCP the path may be another machine's.
  const here = client.place.is === 'socket' && (await isReadable(place.path));
  return here ? fileSource(place.path) : daemonSource(client, ask);
}

export const logPlaces: Shape<readonly LogPlace[]> = list(
  fields<LogPlace>({
    name: text,
    path: optional(text),
    error: optional(fields<ErrorBody>({ code: text, message: text, advice: text, exit: number })),
  }),
);

/** Not so for a daemon in a container of its own: the path is one of its own files. */
async function isReadable(path: string): Promise<boolean> {
  try {
    await using file = await open(path, readOnly);
    return (await file.stat()).isFile();
  } catch {
    return false;
  }
}

function fileSource(path: string): LogSource {
  const disk = logDiskOf({ stat, open }, readOnly);
  return {
    async end(bytes) {
      try {
        const found = await disk.stat(path);
        const range = readRange(found?.size ?? 0, -bytes, 0, logReadBytesMax);
        if (found === undefined || range === undefined) return ok(new Uint8Array());
        return ok((await disk.read(path, found.ino, range.start, range.length)) ?? new Uint8Array());
      } catch (thrown) {
        return err(unreadable(path, thrown));
      }
    },

    async follow(before, told) {
      const follower = new LogFollower(disk, path);
      try {
        await follower.begin(before);
        for (;;) if (!(await follower.look(told))) await sleep(lookMs);
      } catch (thrown) {
        return unreadable(path, thrown);
      }
    },
  };
}

function daemonSource(client: Client, ask: { readonly name?: string; readonly stream: LogStream }): LogSource {
  return {
    async end(bytes) {
      const asked = await client.post('/v1/logs/read', { ...ask, offset: -bytes, length: 0 }, partReply);
      return asked.ok ? ok(Buffer.from(asked.value.base64, 'base64')) : asked;
    },

    async follow(before, told) {
      const ended = await client.stream('/v1/logs/follow', { ...ask, before }, logLine, (line) => {
        if (line.t === 'bytes') void told.bytes(Buffer.from(line.base64, 'base64'));
        else if (line.t === 'gap') void told.gap(line.why);
      });
      return ended.ok ? errorBody(failure('BAD_REPLY', 'the daemon has ended', '')) : ended.error;
    },
  };
}

function unreadable(path: string, thrown: unknown): ErrorBody {
  return errorBody(failure('LOG_UNUSABLE', `cannot read ${path}: ${messageOf(thrown)}`));
}

const partReply = fields<LogPartReply>({ base64: text, size: number });

const logLine: Shape<LogLine> = tagged({
  bytes: fields<Extract<LogLine, { t: 'bytes' }>>({ t: text, base64: text }),
  gap: fields<Extract<LogLine, { t: 'gap' }>>({ t: text, why: text }),
});

const readOnly = constants.O_RDONLY | constants.O_NONBLOCK;

const lookMs = 100;
