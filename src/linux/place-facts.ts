import { accessSync, constants, lstatSync, type Stats, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DirectoryFacts, SocketFacts } from '../core/findings/facts.ts';
import { messageOf } from '../shared/errors.ts';

/** The run directory as it is, or whether this user could make it. Changes nothing. */
export function directoryFacts(path: string): DirectoryFacts {
  const its = statOf(path);
  if (typeof its === 'string') return { is: 'unseen', path, why: its };
  if (its === undefined) return { is: 'missing', path, mayCreate: mayCreate(path) };
  const kind = its.isSymbolicLink() ? 'symlink' : its.isDirectory() ? 'directory' : 'other';
  return { is: 'there', path, kind, freeBytes: freeBytes(path), uid: its.uid, mode: its.mode & 0o7777 };
}

export function socketFacts(path: string): SocketFacts {
  const its = statOf(path);
  if (typeof its === 'string') return { is: 'unseen', path, why: its };
  if (its === undefined) return { is: 'missing', path };
  return { is: 'there', path, socket: its.isSocket(), uid: its.uid, mode: its.mode & 0o7777 };
}

/** A text says why it may not be looked at: a directory on the way is closed to this user, or is no directory. */
function statOf(path: string): Stats | string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined; // closed to this user, or a link that leads nowhere: the other facts tell
  }
}

/** The daemon makes the directories above it too; the first that exists decides. */
function mayCreate(path: string): boolean {
  const above = dirname(path);
  const its = statOf(above);
  if (its === undefined) return mayCreate(above);
  try {
    accessSync(above, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
