import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import { type BackupRules, findBackups, type FoundBackup } from './log-backups.ts';
import type { OneAtATime } from './one-at-a-time.ts';

/**
 * A backup becomes a .gz, beside everything else that goes on: in small parts, each followed by a rest three times as long as it took, so at
 * a quarter of one core at most. The log may be rotated meanwhile: the backup is found again by its inode, whatever its number is by then.
 *
 * Throws as node:fs does; the backup is as it was then. `abort` ends it early.
 */
export async function compressBackup(
  log: string,
  backup: FoundBackup,
  rules: BackupRules,
  turns: OneAtATime,
  abort: AbortSignal,
): Promise<void> {
  const part = `${log}.gz.part`;
  await rm(part, { force: true });
  try {
    await using source = await open(backup.path, constants.O_RDONLY);
    const { ino, mode, atime, mtime } = await source.stat();
    if (ino !== backup.inode) return; // moved up since it was found
    await using target = await open(part, 'wx', mode & 0o777);
    const write = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of chunks) await target.writeFile(chunk); // on from where the last one ended
    };
    await pipeline(pausing(source), createGzip(), write, { signal: abort });
    await target.utimes(atime, mtime); // its age is that of its last line
    await target.datasync();
    await turns.run(() => takeItsPlace(log, ino, part, rules));
  } finally {
    await rm(part, { force: true });
  }
}

async function takeItsPlace(log: string, inode: number, part: string, rules: BackupRules): Promise<void> {
  const plain = (await findBackups(log, rules)).find((backup) => backup.inode === inode && !backup.compressed);
  if (plain === undefined) return; // too old by now
  await rename(part, rules.backupName(log, { number: plain.number, compressed: true }));
  await rm(plain.path);
}

async function* pausing(source: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const began = performance.now();
    const { buffer, bytesRead } = await source.read(Buffer.alloc(partBytes), 0, partBytes);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead); // until the compressor takes the next one
    await sleep(Math.max(1, 3 * (performance.now() - began)));
  }
}

const partBytes = 128 * 1024;
