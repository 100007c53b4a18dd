import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { failure, messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * Makes way for binding a Unix socket: removes what a dead daemon left, and nothing else.
 *
 * Errors: DAEMON_RUNNING when somebody answers there, RUN_DIR_UNSAFE when it is no socket or cannot be removed,
 * CONFIG_INVALID when the path is too long.
 */
export async function clearSocket(path: string): Promise<Result<undefined>> {
  const bytes = Buffer.byteLength(path);
  if (bytes > pathBytesMax) {
    return err(failure('CONFIG_INVALID', `${path} has ${bytes} bytes; a socket's path has at most ${pathBytesMax}`));
  }
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return ok();
    if (!stat.isSocket())
      return err(failure('RUN_DIR_UNSAFE', `${path} is in the way: it is not a socket`, 'Remove it.'));
    if (await answers(path)) return err(failure('DAEMON_RUNNING', `a daemon already listens on ${path}`));
    unlinkSync(path);
    return ok();
  } catch (thrown) {
    return err(failure('RUN_DIR_UNSAFE', `cannot remove ${path}: ${messageOf(thrown)}`));
  }
}

/** A listener whose process hangs still completes the handshake, or has a full queue (EAGAIN); only a dead one refuses. */
async function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.setTimeout(connectMsMax, () => resolve(true));
  socket.once('connect', () => resolve(true));
  socket.once('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
  );
  const answered = await promise;
  socket.destroy();
  return answered;
}

/** sun_path of unix(7) is 108 bytes with its final zero. */
const pathBytesMax = 107;

/** A local connect(2) never waits; this is for the case that it does. */
const connectMsMax = 1_000;
