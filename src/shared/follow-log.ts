/**
 * Follows a log that portherd rotates in place: at a rotation its beginning becomes the backup .1, and everything in it moves towards its
 * beginning. Every byte is given once, in order. Used by portherdctl on the files themselves and by the daemon for those who may not
 * read them; each brings its own disk.
 *
 * While `web.log.rotation` is there, nothing is where it was: the look after that finds out. Rotations are a second apart at least.
 */
export interface LogDisk {
  /** Undefined when there is no such file. */
  stat(path: string): Promise<FileLook | undefined>;
  /** Undefined when the file is gone, or another by now. */
  read(path: string, inode: number, offset: number, length: number): Promise<Uint8Array | undefined>;
}

export interface FileLook {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}

export interface Followed {
  bytes(bytes: Uint8Array): Promise<void> | void;
  /** Something is missing here. */
  gap(why: string): Promise<void> | void;
}

export class LogFollower {
  readonly #disk: LogDisk;
  readonly #path: string;
  #inode: number | undefined;
  #offset = 0;
  /** The backup .1 of the last look. */
  #newest: FileLook | undefined;
  #waited = 0;
  /** Not begun yet: how many bytes before the end. */
  #before: number | undefined;

  constructor(disk: LogDisk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  /** So many bytes before the end as it is now; from the beginning of a file that is not there yet. */
  async begin(before: number): Promise<void> {
    this.#before = before;
    await this.#begun();
  }

  /** In the middle of a rotation nobody knows what the end is an end of: then the next look begins. */
  async #begun(): Promise<boolean> {
    if (this.#before === undefined) return true;
    const newest = await this.#disk.stat(this.#backup(1));
    const live = await this.#disk.stat(this.#path);
    if ((await this.#isRotating()) || !isSame(await this.#disk.stat(this.#backup(1)), newest)) return false;
    this.#newest = newest;
    this.#inode = live?.ino;
    this.#offset = Math.max(0, (live?.size ?? 0) - this.#before);
    this.#before = undefined;
    return true;
  }

  /** Tells what has come since the last look. True when there may be more at once. */
  async look(tell: Followed): Promise<boolean> {
    if (!(await this.#begun()) || (await this.#isRotating())) return false;
    const newest = await this.#disk.stat(this.#backup(1));
    if (!isSame(newest, this.#newest)) {
      await this.#catchUp(newest, tell);
      return true;
    }
    const live = await this.#disk.stat(this.#path);
    if (live === undefined) return false;
    const emptied = live.ino === this.#inode && live.size < this.#offset;
    const from = live.ino !== this.#inode || emptied ? 0 : this.#offset;
    const bytes = await this.#disk.read(this.#path, live.ino, from, partBytes);
    // What was seen counts only if no rotation began meanwhile: its mark is still there, or else its backup is there already.
    if ((await this.#isRotating()) || !isSame(await this.#disk.stat(this.#backup(1)), newest)) return false;
    if (emptied) await tell.gap('the log was emptied');
    this.#inode = live.ino;
    this.#offset = from + (bytes?.length ?? 0);
    if (bytes === undefined || bytes.length === 0) return false;
    await tell.bytes(bytes);
    return bytes.length === partBytes;
  }

  /** A supervisor that died in a rotation left its mark: after some looks it is not waited for. */
  async #isRotating(): Promise<boolean> {
    const rotating = (await this.#disk.stat(`${this.#path}.rotation`)) !== undefined;
    this.#waited = rotating ? this.#waited + 1 : 0;
    return rotating && this.#waited < patience;
  }

  /** What the backups have that was not told yet, the oldest first. */
  async #catchUp(newest: FileLook | undefined, tell: Followed): Promise<void> {
    const missed: { readonly path: string; readonly look: FileLook }[] = [];
    for (let number = 1; ; number++) {
      const path = this.#backup(number);
      const look = number === 1 ? newest : await this.#disk.stat(path);
      if (look === undefined || isSame(look, this.#newest)) break;
      missed.push({ path, look });
    }
    if (await this.#hasUnreadable(missed.length + 1)) {
      await tell.gap('too much was written at once');
      this.#offset = 0;
      missed.length = 0;
    }
    this.#newest = newest;
    for (const { path, look } of missed.toReversed()) {
      while (this.#offset < look.size) {
        const bytes = await this.#disk.read(path, look.ino, this.#offset, partBytes);
        if (bytes === undefined || bytes.length === 0) {
          await tell.gap('a backup was moved before it was read');
          break;
        }
        this.#offset += bytes.length;
        await tell.bytes(bytes);
      }
      this.#offset = Math.max(0, this.#offset - look.size);
    }
  }

  /** The backup after the last plain one was compressed since the last look, and is not the one that was newest then. */
  async #hasUnreadable(number: number): Promise<boolean> {
    const compressed = await this.#disk.stat(`${this.#backup(number)}.gz`);
    if (compressed === undefined) return false;
    return this.#newest === undefined || compressed.mtimeMs - this.#newest.mtimeMs > mtimeErrorMs;
  }

  #backup(number: number): string {
    return `${this.#path}.${number}`;
  }
}

function isSame(one: FileLook | undefined, other: FileLook | undefined): boolean {
  return one?.ino === other?.ino && one?.mtimeMs === other?.mtimeMs;
}

const partBytes = 64 * 1024;

/** At four looks a second, ten seconds. */
const patience = 40;

/** Of a compressed backup, which has its original's time by utimes(2). */
const mtimeErrorMs = 5;
