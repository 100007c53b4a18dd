import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogDirFacts } from '../core/findings/facts.ts';
import { messageOf } from '../shared/errors.ts';
import { doctorMsMax } from '../shared/limits.ts';
import type { Libc } from './libc.ts';
import { within } from './within.ts';

/**
 * Whether logs can be written to this directory, and what its disk can do; of the directory above while it does not exist yet.
 * A file system that hangs, as NFS does without its server, is given up after `doctorMsMax`.
 */
export async function logDirFacts(path: string, libc: Libc | undefined): Promise<LogDirFacts> {
  const facts = await within(doctorMsMax, look(path, libc));
  return facts ?? { path, writable: false, hangs: true, disk: undefined, why: `no answer within ${doctorMsMax} ms` };
}

async function look(path: string, libc: Libc | undefined): Promise<LogDirFacts> {
  try {
    const directory = await existing(path);
    const { type, bavail, bsize } = await statfs(directory);
    const trouble = await access(directory, constants.W_OK | constants.X_OK).then(() => '', messageOf);
    const collapses = trouble === '' && libc !== undefined ? tryCollapse(libc, directory, bsize) : undefined;
    const disk = { kind: fileSystems[type] ?? `0x${type.toString(16)}`, collapses, freeBytes: bavail * bsize };
    return { path, writable: trouble === '', hangs: false, disk, why: trouble };
  } catch (thrown) {
    return { path, writable: false, hangs: false, disk: undefined, why: messageOf(thrown) };
  }
}

async function existing(path: string): Promise<string> {
  try {
    return (await stat(path)).isDirectory() ? path : existing(dirname(path));
  } catch (thrown) {
    if (path === dirname(path)) throw thrown;
    return existing(dirname(path));
  }
}

export const FALLOC_FL_COLLAPSE_RANGE = 0x08;

/** Blocks are 4 KiB; where they are more than this there is no collapsing anyway. */
const blockBytesMax = 1024 * 1024;

/**
 * Cuts the first block off a nameless file of two, as log rotation does. False when the file system cannot (fallocate(2):
 * EOPNOTSUPP, or EINVAL for a block size that it does not tell); undefined when no file could be written.
 */
export function tryCollapse(libc: Libc, directory: string, blockBytes: number): boolean | undefined {
  if (blockBytes > blockBytesMax) return false;
  try {
    const name = join(directory, `.portherd-doctor-${randomUUID()}`);
    const fd = openSync(name, 'wx', 0o600);
    try {
      unlinkSync(name);
      writeSync(fd, Buffer.alloc(2 * blockBytes));
      return libc.fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, blockBytes).ok;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined; // a full or read-only disk: `freeBytes` and `writable` tell
  }
}

/** statfs(2), and and the magic numbers of include/uapi/linux/magic.h. */
const fileSystems: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x01021994: 'tmpfs',
  0x858458f6: 'ramfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlayfs',
  0xf2f52010: 'f2fs',
  0x2fc12fc1: 'zfs',
  0x6969: 'nfs',
  0x65735546: 'fuse',
  0x01021997: '9p',
};
