import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { failure, messageOf } from './shared/errors.ts';
import { err, ok, type Result } from './shared/result.ts';

/**
 * Writes a file for a person. With `force` one that is there is replaced whole or not at all; else a file is only ever created.
 * Answers the path. Errors: FILE_EXISTS, FILE_UNWRITABLE.
 */
export function writeFile(path: string, text: string, force: boolean): Result<string> {
  const there = exists(path);
  if (there && !force) return err(failure('FILE_EXISTS', `${path} is there already`));
  const next = `${path}.${process.pid}.new`;
  try {
    if (there) {
      writeFileSync(next, text, { flag: 'wx' });
      renameSync(next, path);
    } else writeFileSync(path, text, { flag: 'wx' });
    return ok(path);
  } catch (thrown) {
    rmSync(next, { force: true });
    return err(failure('FILE_UNWRITABLE', `cannot write ${path}: ${messageOf(thrown)}`));
  }
}

/** A symbolic link that leads nowhere is something, too. */
export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
