import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A deploy directory as Capistrano's: releases side by side, and a symbolic link `current` to one of them. */
export class Releases implements AsyncDisposable {
  readonly directory: string;

  static async create(): Promise<Releases> {
    return new Releases(await mkdtemp(join(tmpdir(), 'portherd-releases-')));
  }

  private constructor(directory: string) {
    this.directory = directory;
  }

  get current(): string {
    return join(this.directory, 'current');
  }

  /** Writes a release whose app.cjs is `source`, and switches `current` to it at once. */
  async deploy(name: string, source: string): Promise<void> {
    await mkdir(join(this.directory, name));
    await writeFile(join(this.directory, name, 'app.cjs'), source);
    const fresh = join(this.directory, 'next');
    await symlink(name, fresh);
    await rename(fresh, this.current);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true });
  }
}

/** Answers `name pid`. */
export function serving(name: string): string {
  return `require('node:http').createServer((q, s) => s.end('${name} ' + process.pid)).listen(process.env.PORT)`;
}
