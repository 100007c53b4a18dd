import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Log } from '../supervisor/ports.ts';

/**
 * Says once that a disk with logs on it is full, and once that it has room again. Workers and daemon go on meanwhile: what they
 * would have written is theirs to lose.
 */
export class LogRoom {
  readonly #log: Log;
  readonly #full = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  async look(paths: readonly string[]): Promise<void> {
    for (const directory of new Set(paths.map((path) => dirname(path)))) {
      const room = await roomOf(directory);
      if (room === undefined) continue;
      if (room.full && !this.#full.has(directory)) {
        this.#full.add(directory);
        this.#log.warn(
          { event: 'logDiskFull', directory },
          'the disk of the logs is full; what is written there is lost',
        );
      }
      if (room.enough && this.#full.delete(directory))
        this.#log.info({ event: 'logDiskFree', directory }, 'the disk of the logs has room again');
    }
  }
}

const enoughBytes = 1024 * 1024;

/** Not the same limit twice, so that a disk at the brink is not told of for ever. Undefined: it cannot be looked at. */
async function roomOf(directory: string): Promise<{ readonly full: boolean; readonly enough: boolean } | undefined> {
  try {
    const { bavail, bfree, blocks, bsize, files, ffree } = await statfs(directory);
    const free = process.geteuid?.() === 0 ? bfree : bavail; // the rest is root's (ext4)
    const noInodes = files > 0 && ffree === 0;
    const full = blocks > 0 && (free === 0 || noInodes);
    return { full, enough: !noInodes && free * bsize >= Math.min(enoughBytes, (blocks * bsize) / 20) };
  } catch {
    return undefined; // the directory is gone: what needs it says so
  }
}
