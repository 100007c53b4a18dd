import { execFile } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './until.ts';

/** A disk of a few megabytes, in memory, that a test can fill. Takes root. */
export class SmallDisk implements AsyncDisposable {
  readonly directory: string;

  static async mount(megabytes: number): Promise<SmallDisk> {
    const directory = mkdtempSync(join(tmpdir(), 'portherd-disk-'));
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'portherd-test', directory]);
    } catch (thrown) {
      rmdirSync(directory);
      throw thrown;
    }
    return new SmallDisk(directory);
  }

  private constructor(directory: string) {
    this.directory = directory;
  }

  fill(): void {
    try {
      writeFileSync(join(this.directory, 'filler'), Buffer.alloc(64 * 1024 * 1024));
    } catch (thrown) {
      if (!String(thrown).includes('ENOSPC')) throw thrown;
    }
  }

  empty(): void {
    rmSync(join(this.directory, 'filler'));
  }

  free(): number {
    return statfsSync(this.directory).bfree;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await until(() => run('umount', [this.directory]), { what: 'the disk to be unmounted' });
    rmdirSync(this.directory);
  }
}

/** Why there is none here. */
export async function smallDiskRefusal(): Promise<string | undefined> {
  try {
    await using _disk = await SmallDisk.mount(1);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

const run = promisify(execFile);
