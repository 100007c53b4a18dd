// The namespace, not the name: an old Node has no enableCompileCache, and must get as far as being refused.
import * as nodeModule from 'node:module';
import { mkdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';

/**
 * Lets V8 keep the compiled code of what is imported from here on (10 ms of a `portherdctl status`). The directory must be
 * the user's own: whoever can write it decides what this process executes. Without one it is just slower.
 */
export function keepCompiledCode(): void {
  const directory = cacheDirectory();
  if (directory !== undefined) nodeModule.enableCompileCache(directory);
}

function cacheDirectory(): string | undefined {
  try {
    const user = userInfo();
    const given = process.env['XDG_CACHE_HOME'];
    // Not $HOME: under sudo that may be another user's.
    const directory = `${given?.startsWith('/') ? given : `${user.homedir}/.cache`}/portherd`;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(directory);
    return uid === user.uid && (mode & 0o022) === 0 ? directory : undefined;
  } catch {
    return undefined; // No home (nobody), a read-only one, a uid without a passwd entry (containers): no cache, no harm.
  }
}
