import {
  closeSync,
  constants,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLog, openLogSync } from '../../../src/linux/open-log.ts';

const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

test('devices, missing files and plain paths are opened as ever', async () => {
  using scene = new Scene();
  const held = openLogSync(scene.path('held.log'), appending, 0o640);
  for (const path of ['/dev/null', `/dev/fd/${held}`, scene.path('new.log')])
    closeSync(openLogSync(path, appending, 0o640));
  closeSync(held);
  expect(() => openLogSync(scene.path('none/new.log'), appending)).toThrow(/ENOENT/);
  await expect(openLog(scene.path('gone.log'), constants.O_RDWR)).rejects.toThrow(/ENOENT/);
});

if (process.geteuid?.() !== 0) console.warn('symbolic links of other users are not tested: this is not root');

describe.skipIf(process.geteuid?.() !== 0)('a daemon that is root', () => {
  test('follows nobody’s link to a file that is not his', async () => {
    using scene = new Scene();
    const secret = scene.path('roots/secret');
    writeFileSync(secret, 'as it was');
    scene.link(secret, 'users/web.log');
    scene.link(scene.path('roots'), 'users/logs');
    for (const path of ['users/web.log', 'users/logs/secret', 'users/logs/new.log']) {
      const refused = expect.objectContaining({ code: 'EPERM', message: expect.stringContaining(`of uid ${user}`) });
      expect(() => openLogSync(scene.path(path), appending)).toThrow(refused);
      await expect(openLog(scene.path(path), constants.O_RDWR)).rejects.toThrow(refused);
    }
    expect(readFileSync(secret, 'utf8')).toBe('as it was');
    expect(() => readFileSync(scene.path('roots/new.log'))).toThrow(/ENOENT/);
  });

  test('follows a release’s link to a directory of the same user, and every link of root', () => {
    using scene = new Scene();
    scene.link(scene.path('users/releases'), 'users/current');
    symlinkSync(scene.path('users/current'), scene.path('roots/app'));
    const fd = openLogSync(scene.path('roots/app/web.log'), appending, 0o640);
    writeSync(fd, 'a line');
    closeSync(fd);
    expect(readFileSync(scene.path('users/releases/web.log'), 'utf8')).toBe('a line');
  });

  test('gives up on links that lead in a circle', () => {
    using scene = new Scene();
    symlinkSync(scene.path('b'), scene.path('a'));
    symlinkSync(scene.path('a'), scene.path('b'));
    expect(() => openLogSync(scene.path('a'), appending)).toThrow(expect.objectContaining({ code: 'ELOOP' }));
  });
});

const user = 65_534;

class Scene {
  readonly #directory = mkdtempSync(join(tmpdir(), 'portherd-open-log-'));

  constructor() {
    for (const name of ['roots', 'users', 'users/releases']) mkdirSync(this.path(name));
    if (process.geteuid?.() !== 0) return;
    for (const name of ['users', 'users/releases']) lchownSync(this.path(name), user, user);
  }

  path(name: string): string {
    return join(this.#directory, name);
  }

  link(target: string, name: string): void {
    symlinkSync(target, this.path(name));
    lchownSync(this.path(name), user, user);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
