/**
 * When a log is rotated, how much of it, and what its backups are called. Knows no file system: linux/rotate-log.ts does what is
 * decided here, and says in which order, so that a death in between loses nothing.
 *
 *   web.log        the worker writes here, before, during and after
 *   web.log.1      the backup of the last rotation, as it was
 *   web.log.2.gz   …of the one before, compressed (or web.log.2)
 */
export interface RotationPolicy {
  readonly maxSize: number | 'never';
  /** Backups. */
  readonly keep: number;
  readonly compress: boolean;
  /** ms */
  readonly maxAge: number | 'never';
}

export function isDue(sizeBytes: number, { maxSize }: Pick<RotationPolicy, 'maxSize'>): boolean {
  return maxSize !== 'never' && sizeBytes >= maxSize;
}

/**
 * What is cut off the beginning: whole blocks, and less than all, as FALLOC_FL_COLLAPSE_RANGE wants it (fallocate(2)). So a line may begin
 * at the end of one file and end at the beginning of the next.
 */
export function cutLength(sizeBytes: number, blockBytes: number): number {
  return Math.max(0, Math.floor((sizeBytes - 1) / blockBytes) * blockBytes);
}

export interface Backup {
  readonly number: number;
  readonly compressed: boolean;
}

/** Of the log called `log`; undefined for what is none of its backups. */
export function parseBackup(log: string, file: string): Backup | undefined {
  if (!file.startsWith(`${log}.`)) return undefined;
  const [, digits, gz] = /^([1-9]\d{0,5})(\.gz)?$/.exec(file.slice(log.length + 1)) ?? [];
  return digits === undefined ? undefined : { number: Number(digits), compressed: gz !== undefined };
}

export function backupName(log: string, { number, compressed }: Backup): string {
  return `${log}.${number}${compressed ? '.gz' : ''}`;
}

export type BackupStep =
  | { readonly do: 'remove'; readonly backup: Backup }
  | { readonly do: 'rename'; readonly backup: Backup; readonly to: Backup };

/**
 * Makes .1 free: those that would be more than `keep` go, the others move up, the oldest first. Only those below the first gap move,
 * so doing this again after it was interrupted moves nothing twice.
 */
export function makeRoom(backups: readonly Backup[], keep: number): readonly BackupStep[] {
  const kept = backups.filter(({ number }) => number < keep);
  const removed = backups.filter(({ number }) => number >= keep);
  const numbers = new Set(kept.map(({ number }) => number));
  let gap = 1;
  while (numbers.has(gap)) gap += 1;
  const moving = kept.filter(({ number }) => number < gap).toSorted((one, other) => other.number - one.number);
  return [
    ...removed.map((backup) => ({ do: 'remove', backup }) as const),
    ...moving.map((backup) => ({ do: 'rename', backup, to: { ...backup, number: backup.number + 1 } }) as const),
  ];
}

/** Removed before the copy is made, so that a full disk has its room: it would be too many after it anyway. */
export function surplus<B extends Backup>(backups: readonly B[], keep: number): readonly B[] {
  const numbers = new Set(backups.map(({ number }) => number));
  let gap = 1;
  while (numbers.has(gap)) gap += 1;
  return backups.filter(({ number }) => number > keep || (number === keep && gap > keep));
}

/** Those to be compressed. The newest stays as it is: it is what people look into, and what a follower still reads. */
export function compressible<B extends Backup>(
  backups: readonly B[],
  { compress }: Pick<RotationPolicy, 'compress'>,
): readonly B[] {
  return compress ? backups.filter(({ number, compressed }) => number > 1 && !compressed) : [];
}

/** `ageMs` of each: since it was last written. */
export function expired<B extends { readonly ageMs: number }>(
  backups: readonly B[],
  { maxAge }: Pick<RotationPolicy, 'maxAge'>,
): readonly B[] {
  return maxAge === 'never' ? [] : backups.filter(({ ageMs }) => ageMs > maxAge);
}
