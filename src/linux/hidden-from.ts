import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { uidOf } from './accounts.ts';

/**
 * Which of these paths a user without privileges may not reach, because of a directory above them that is somebody else's alone. What his
 * groups may do is not looked at, and a path that is not there yet is nobody's. Absolute paths; a user who does not exist yet owns nothing.
 */
export function hiddenFrom(user: string, paths: readonly string[]): readonly string[] {
  const uid = uidOf(user);
  return paths.filter((path) => above(path).some((directory) => !mayPass(directory, uid)));
}

function above(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...above(parent), parent];
}

/** Its x bit for the owner, or for others (path_resolution(7)). */
function mayPass(directory: string, uid: number | undefined): boolean {
  try {
    const { mode, uid: owner } = statSync(directory);
    return (mode & (owner === uid ? 0o100 : 0o001)) !== 0;
  } catch {
    return true; // not there; or below one that we may not pass ourselves, which has been looked at
  }
}
