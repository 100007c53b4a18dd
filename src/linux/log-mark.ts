import { readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Libc } from './libc.ts';

/**
 * A small file beside a log, `web.log.rotation`, from when its copy is complete until the copy is its backup. Whoever finds it and is
 * not rotating knows that somebody died in between. It tells what is needed to know whether the log was cut by then.
 */
export interface Mark {
  /** Of the log. */
  readonly inode: number;
  /** That were to be cut off. */
  readonly bytes: number;
  readonly by: 'collapse' | 'truncate';
  /** Where the log's first block was on the disk; null when that is not known. Cutting blocks off brings another one there. */
  readonly firstBlock: string | null;
}

export function markPath(log: string): string {
  return `${log}.rotation`;
}

/** On the disk when it resolves: nothing may be cut off before that. */
export async function writeMark(log: string, mark: Mark): Promise<void> {
  removeMark(log);
  await using file = await open(markPath(log), 'wx', 0o600);
  await file.writeFile(JSON.stringify(mark));
  await file.datasync();
}

export function removeMark(log: string): void {
  rmSync(markPath(log), { force: true });
}

/** Undefined when there is none, or only a part of one: nothing was cut off then. */
export function readMark(log: string): Mark | undefined {
  try {
    const mark: unknown = JSON.parse(readFileSync(markPath(log), 'utf8'));
    return isMark(mark) ? mark : undefined;
  } catch {
    return undefined; // ENOENT, or not written to its end
  }
}

function isMark(value: unknown): value is Mark {
  if (typeof value !== 'object' || value === null) return false;
  if (!('inode' in value) || !('bytes' in value) || !('by' in value) || !('firstBlock' in value)) return false;
  const { inode, bytes, by, firstBlock } = value;
  const numbers = Number.isSafeInteger(inode) && Number.isSafeInteger(bytes);
  return numbers && (by === 'collapse' || by === 'truncate') && (firstBlock === null || typeof firstBlock === 'string');
}

/** _IOWR('f', 11, struct fiemap) (include/uapi/linux/fs.h), and struct fiemap with one extent (fiemap.h). */
const FS_IOC_FIEMAP = 0xc020660b;
const fiemapBytes = 88;
/** FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC: it has no place yet. */
const homeless = 0x6;

/** The place of a file's first block on its disk, once it was written there. Null where that cannot be told. */
export async function firstBlock(libc: Libc, file: FileHandle): Promise<string | null> {
  await file.datasync();
  const map = Buffer.alloc(fiemapBytes);
  map.writeBigUInt64LE(1n, 8); // fm_length
  map.writeUInt32LE(1, 24); // fm_extent_count
  if (!libc.ioctl(file.fd, FS_IOC_FIEMAP, map).ok) return null;
  const found = map.readUInt32LE(20) === 1 && (map.readUInt32LE(72) & homeless) === 0;
  return found ? map.readBigUInt64LE(40).toString() : null;
}
