import { chmodSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { failure, messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * Lets workers of other users dial: they may pass the run directory (not read it, nor write) and connect to the workers' socket, where a
 * token of 128 bits and more proves who they are. Only done once there is such a worker; everything else in the directory stays its
 * owner's. Without a socket there is nothing to do.
 */
export function admitOthers(channelSocket: string): Result<undefined> {
  try {
    const socket = statSync(channelSocket, { throwIfNoEntry: false });
    if (socket === undefined) return ok();
    const directory = dirname(channelSocket);
    const { mode } = statSync(directory);
    if ((mode & passable) !== passable) chmodSync(directory, (mode & 0o7777) | passable);
    if ((socket.mode & connectable) !== connectable) chmodSync(channelSocket, connectable);
    return ok();
  } catch (thrown) {
    return err(failure('SPAWN_ERROR', `its user cannot be let in to ${channelSocket}: ${messageOf(thrown)}`));
  }
}

const passable = 0o011;
/** connect(2) needs write permission (unix(7)). */
const connectable = 0o666;
