import { closeSync, constants, lstatSync, openSync, readlinkSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Opening a log for writing when the daemon is root and somebody else may change a directory on its way: he could put a symbolic link
 * there that leads root to a file of his choice (nginx's CVE-2016-1247). A link of another user is followed only to a directory of his
 * own, where he may do as he likes: a release's `current -> releases/7` works, `web.log -> /etc/passwd` does not. Links of root, and
 * everything when the daemon is not root, are open(2)'s business.
 *
 * Both throw as node:fs does, and with `code: 'EPERM'` for such a link.
 */
export function openLogSync(path: string, flags: number, mode?: number): number {
  if (process.geteuid?.() !== 0) return openSync(path, flags, mode);
  const real = followTrusted(path);
  const fd = openSync(real, flags | noFollow(real), mode);
  try {
    expectIs(fd, real);
    return fd;
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

export async function openLog(path: string, flags: number): Promise<FileHandle> {
  if (process.geteuid?.() !== 0) return open(path, flags);
  const real = followTrusted(path);
  const file = await open(real, flags | noFollow(real));
  try {
    expectIs(file.fd, real);
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/** The path without symbolic links. What is not there yet has none. */
function followTrusted(path: string): string {
  let followed = 0;
  let real = '/';
  const makers = new Map<number, string>();
  let ahead = resolve(path).split('/').slice(1);
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    const here = join(real, name);
    const stat = lstatSync(here, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() !== true || isOpenFile(here)) {
      real = here;
      continue;
    }
    followed += 1;
    if (followed > linksMax) throw refusal(`too many symbolic links in ${path}`, 'ELOOP');
    if (stat.uid !== 0) makers.set(stat.uid, here);
    ahead = [...resolve(real, readlinkSync(here)).split('/').slice(1), ...ahead];
    real = '/';
  }
  for (const [uid, link] of makers) {
    const { uid: owner } = statSync(dirname(real));
    if (owner !== uid)
      throw refusal(`${link} is a symbolic link of uid ${uid} to a directory of uid ${owner}: root does not follow it`);
  }
  return real;
}

/** Somebody may have put a link there after the look at it. */
function expectIs(fd: number, real: string): void {
  const opened = isOpenFile(real) ? real : readlinkSync(`/proc/self/fd/${fd}`);
  if (opened !== real) throw refusal(`${real} was changed to lead to ${opened} while it was opened`);
}

function noFollow(real: string): number {
  return isOpenFile(real) ? 0 : constants.O_NOFOLLOW;
}

/** What /proc has for links leads to open files, not to paths: /dev/stdout ends there. */
function isOpenFile(path: string): boolean {
  return path.startsWith('/proc/');
}

function refusal(message: string, code = 'EPERM'): Error {
  return Object.assign(new Error(message), { code });
}

/** MAXSYMLINKS of the kernel (include/linux/namei.h). */
const linksMax = 40;
