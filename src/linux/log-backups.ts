import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Backup, BackupStep } from '../core/log-rotation.ts';
import { ifThere } from './if-there.ts';

/** The backups of one log on the disk. What is done with them is decided in core/log-rotation.ts. */
export interface BackupRules {
  parseBackup(log: string, file: string): Backup | undefined;
  backupName(log: string, backup: Backup): string;
}

export interface FoundBackup extends Backup {
  readonly path: string;
  readonly inode: number;
  /** Since it was last written. */
  readonly ageMs: number;
}

/** In no order. Throws as node:fs does, but not for what vanishes meanwhile. */
export async function findBackups(log: string, rules: BackupRules): Promise<readonly FoundBackup[]> {
  const directory = dirname(log);
  const found: FoundBackup[] = [];
  for (const file of await readdir(directory)) {
    const backup = rules.parseBackup(basename(log), file);
    const path = join(directory, file);
    const its = backup === undefined ? undefined : await ifThere(stat(path));
    if (backup !== undefined && its?.isFile() === true)
      found.push({ ...backup, path, inode: its.ino, ageMs: Date.now() - its.mtimeMs });
  }
  return found;
}

export async function performSteps(log: string, steps: readonly BackupStep[], rules: BackupRules): Promise<void> {
  for (const step of steps) {
    const path = rules.backupName(log, step.backup);
    if (step.do === 'remove') await rm(path, { force: true });
    else await rename(path, rules.backupName(log, step.to));
  }
}
