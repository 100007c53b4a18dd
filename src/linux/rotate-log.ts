import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import type { BackupStep, RotationPolicy, Backup } from '../core/log-rotation.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Libc } from './libc.ts';
import { type BackupRules, findBackups, performSteps } from './log-backups.ts';
import { type Cut, collapse, truncateBehind } from './log-cut.ts';
import { firstBlock, type Mark, readMark, removeMark, writeMark } from './log-mark.ts';
import { openLog } from './open-log.ts';
import { errorCodeOf } from './error-code.ts';
import { ifThere } from './if-there.ts';
import { messageOf } from '../shared/errors.ts';

/**
 * Rotates a file that others append to, without their help: its beginning is copied, then cut off.
 *
 * | step                                 | a supervisor that dies after it left                                         |
 * |--------------------------------------|------------------------------------------------------------------------------|
 * | 1 web.log → web.log.copy             | half a copy: it is removed                                                   |
 * | 2 web.log.rotation says so, on disk  | a whole copy of what is still in web.log: the next one cuts it off           |
 * | 3 the copied part is cut off web.log | what the copy has is nowhere else: the next one goes on with 4               |
 * | 4 .1 → .2 …, web.log.copy → .1       | the mark of a rotation that is over: it is removed                           |
 *
 * Whether it was 2 or 3 is told by where the first block of web.log is on the disk. Where that cannot be known, it counts as 3:
 * then lines are in the backup and in the log, but none is lost.
 */
export interface RotationTools {
  readonly rules: RotationRules;
  readonly libc: Libc | undefined;
}

/** core/log-rotation.ts. */
export interface RotationRules extends BackupRules {
  cutLength(sizeBytes: number, blockBytes: number): number;
  makeRoom(backups: readonly Backup[], keep: number): readonly BackupStep[];
  surplus<B extends Backup>(backups: readonly B[], keep: number): readonly B[];
}

/** The system's error code, and a text; the log is as it was then. */
export interface RotationFailure {
  readonly code: string | undefined;
  readonly why: string;
}

/** Answers how many bytes were cut off: 0 when it was too small, or moved away meanwhile. */
export async function rotateLog(
  path: string,
  { keep }: Pick<RotationPolicy, 'keep'>,
  cut: Cut,
  tools: RotationTools,
): Promise<Result<number, RotationFailure>> {
  const finished = await finishRotation(path, { keep }, tools);
  if (!finished.ok) return finished;
  try {
    await using live = await openLog(path, constants.O_RDWR | constants.O_NONBLOCK);
    const { rules } = tools;
    for (const old of rules.surplus(await findBackups(path, rules), keep)) await rm(old.path, { force: true });
    if (keep === 0) return ok(await forget(live, cut, tools));
    const bytes = await cutOff(path, live, cut, tools);
    if (bytes > 0) await settle(path, keep, tools);
    return ok(bytes);
  } catch (thrown) {
    return err({ code: errorCodeOf(thrown), why: messageOf(thrown) });
  }
}

/** What a rotation that was cut short left; before the first one of each log. Answers what it found. */
export async function finishRotation(
  path: string,
  { keep }: Pick<RotationPolicy, 'keep'>,
  tools: RotationTools,
): Promise<Result<'nothing' | 'dropped' | 'cut' | 'finished', RotationFailure>> {
  try {
    const mark = readMark(path);
    const copied = await ifThere(stat(copyPath(path)));
    if (mark === undefined || copied === undefined) {
      removeMark(path);
      await rm(copyPath(path), { force: true });
      return ok(copied === undefined ? 'nothing' : 'dropped');
    }
    const uncut = await cutNow(path, mark, tools);
    await settle(path, Math.max(1, keep), tools);
    return ok(uncut ? 'cut' : 'finished');
  } catch (thrown) {
    return err({ code: errorCodeOf(thrown), why: messageOf(thrown) });
  }
}

async function forget(live: FileHandle, cut: Cut, { rules, libc }: RotationTools): Promise<number> {
  const { size } = await live.stat();
  const collapses = cut.by === 'collapse' && libc !== undefined;
  const bytes = collapses ? rules.cutLength(size, cut.blockBytes) : size;
  if (!collapses) await live.truncate(0);
  else if (bytes > 0) await collapse(libc, live, bytes);
  return bytes;
}

/** Steps 1 to 3. Whatever fails in them leaves the log as it was, and no copy. */
async function cutOff(path: string, live: FileHandle, cut: Cut, { libc, rules }: RotationTools): Promise<number> {
  try {
    const { ino } = await live.stat();
    // One job of the thread pool, and where the file system shares blocks (xfs, btrfs) it costs nothing. EXCL: nobody's symbolic link.
    await copyFile(path, copyPath(path), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await using copy = await open(copyPath(path), constants.O_RDWR | constants.O_APPEND);
    const { size } = await copy.stat();
    const bytes = cut.by === 'collapse' ? rules.cutLength(size, cut.blockBytes) : size;
    if (bytes === 0 || (await stat(path)).ino !== ino) {
      await rm(copyPath(path), { force: true });
      return 0;
    }
    await copy.truncate(bytes);
    await copy.datasync();
    const first = cut.by === 'collapse' && libc !== undefined ? await firstBlock(libc, live) : null;
    await writeMark(path, { inode: ino, bytes, by: cut.by, firstBlock: first });
    if (cut.by === 'collapse' && libc !== undefined) await collapse(libc, live, bytes);
    else await truncateBehind(live, copy, bytes);
    return bytes;
  } catch (thrown) {
    removeMark(path);
    await rm(copyPath(path), { force: true });
    throw thrown;
  }
}

/** The copy becomes .1. */
async function settle(path: string, keep: number, { rules }: RotationTools): Promise<void> {
  await performSteps(path, rules.makeRoom(await findBackups(path, rules), keep), rules);
  await rename(copyPath(path), rules.backupName(path, { number: 1, compressed: false }));
  removeMark(path);
}

/** Cuts off what was copied, if nobody has; answers whether it did. */
async function cutNow(path: string, mark: Mark, { libc }: RotationTools): Promise<boolean> {
  const live = await ifThere(openLog(path, constants.O_RDWR | constants.O_NONBLOCK));
  if (live === undefined) return false; // gone: what the copy has is all there is
  await using _closed = live;
  await using copy = await open(copyPath(path), constants.O_RDWR | constants.O_APPEND);
  const { ino, size } = await live.stat();
  const { size: copied } = await copy.stat();
  if (ino !== mark.inode || size < copied || !(await beginsWith(live, copy, copied))) return false;
  if (mark.by === 'truncate') {
    await truncateBehind(live, copy, copied);
    return true;
  }
  if (libc === undefined || mark.firstBlock === null || (await firstBlock(libc, live)) !== mark.firstBlock)
    return false;
  await collapse(libc, live, mark.bytes);
  return true;
}

async function beginsWith(live: FileHandle, copy: FileHandle, bytes: number): Promise<boolean> {
  const [one, other] = [Buffer.alloc(partBytes), Buffer.alloc(partBytes)];
  for (let at = 0; at < bytes; at += partBytes) {
    const length = Math.min(partBytes, bytes - at);
    await live.read(one, 0, length, at);
    await copy.read(other, 0, length, at);
    if (!one.subarray(0, length).equals(other.subarray(0, length))) return false;
  }
  return true;
}

const partBytes = 256 * 1024;

/** What portherd puts beside a log for a while; none of them is a backup. */
export function copyPath(log: string): string {
  return `${log}.copy`;
}
