import { ftruncateSync, readSync, writeSync } from 'node:fs';
import { type FileHandle, statfs } from 'node:fs/promises';
import { messageOf } from '../shared/errors.ts';
import type { Libc } from './libc.ts';
import { FALLOC_FL_COLLAPSE_RANGE, tryCollapse } from './log-disk.ts';

/**
 * How the beginning of a file is cut off while others append to it:
 *
 * - collapse: fallocate(2) removes whole blocks in one step; what is appended meanwhile stays. ext4, xfs, and overlayfs above them.
 * - truncate: what has come meanwhile is copied, until nothing is left, and the file is emptied at once. What is written between that
 *   last look and the emptying, some 10 µs, is lost.
 *
 * Punching a hole instead would lose nothing there, but a file that begins with gigabytes of NULs is none that people can
 * search; stopping the writer for that moment would leave it stopped if the supervisor died (DECISIONS.md, 0031).
 */
export type Cut =
  | { readonly by: 'collapse'; readonly blockBytes: number }
  | { readonly by: 'truncate'; readonly why: string };

/** What can be done in a directory: tried out there. */
export async function cutOf(directory: string, libc: Libc | undefined): Promise<Cut> {
  if (libc === undefined) return { by: 'truncate', why: 'no access to libc' };
  try {
    const { bsize } = await statfs(directory);
    if (tryCollapse(libc, directory, bsize) === true) return { by: 'collapse', blockBytes: bsize };
    return { by: 'truncate', why: 'its file system cannot cut the beginning off a file' };
  } catch (thrown) {
    return { by: 'truncate', why: messageOf(thrown) };
  }
}

/** Throws with the system's reason; nothing was cut off then. */
export async function collapse(libc: Libc, live: FileHandle, bytes: number): Promise<void> {
  const cut = await libc.fallocateLater(live.fd, FALLOC_FL_COLLAPSE_RANGE, 0, bytes);
  if (!cut.ok) throw Object.assign(new Error(`fallocate: ${cut.error}`), { code: cut.error });
}

/**
 * Appends what `live` has behind `from` to `copy`, and empties `live`. The last part is synchronous, at most a few `partBytes`, because
 * every switch between threads would be time in which something is lost. Throws as node:fs does; nothing was emptied then.
 */
export async function truncateBehind(live: FileHandle, copy: FileHandle, from: number): Promise<void> {
  let done = from;
  const part = Buffer.alloc(partBytes);
  for (let round = 0; round < roundsMax; round++) {
    const { bytesRead } = await live.read(part, 0, partBytes, done);
    if (bytesRead < partBytes) break; // read again below
    await copy.writeFile(part);
    done += bytesRead;
  }
  for (let round = 0; round < roundsAtOnceMax; round++) {
    const read = readSync(live.fd, part, 0, partBytes, done);
    if (read === 0) break;
    for (let written = 0; written < read; ) written += writeSync(copy.fd, part, written, read - written);
    done += read;
  }
  ftruncateSync(live.fd, 0);
}

const partBytes = 256 * 1024;

/** A writer that is faster than we copy is not waited for. */
const roundsMax = 4_096;
const roundsAtOnceMax = 32;
