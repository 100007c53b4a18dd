import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, join, resolve } from 'node:path';
import { failure, messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { findScript, isA, nodeRun } from './node-script.ts';

/**
 * Turns a program's command into what is executed, and proves beforehand that its files exist, so that `portherd check`,
 * start and roll name the missing file. Starts nothing.
 */
export interface ResolvedCommand {
  /** `node`: argv[0] is node itself and the app runs in that very process. */
  readonly kind: 'node' | 'other';
  /** argv[0] is an absolute path. */
  readonly argv: readonly [string, ...string[]];
}

/**
 * `directory` is absolute; `env` is the worker's, for its PATH.
 * Errors: NO_FILE (directory, executable, or node's script), NOT_EXECUTABLE.
 */
export function resolveCommand(
  argv: readonly string[],
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Result<ResolvedCommand> {
  const real = realDirectory(directory);
  if (!real.ok) return real;
  const [name, ...rest] = argv;
  if (name === undefined || name === '') return err(failure('NO_FILE', 'the command is empty'));
  const file = executable(name, real.value, env['PATH']);
  if (!file.ok) return file;
  const resolved = [file.value, ...rest] as const;
  if (!isNode(file.value)) return ok({ kind: 'other', argv: resolved });
  const run = nodeRun(rest, real.value);
  if (run.is === 'script' && findScript(run.path) === undefined) {
    return err(failure('NO_FILE', `no script ${run.path} (command: ${argv.join(' ')})`));
  }
  return ok({ kind: run.is === 'wrapper' ? 'other' : 'node', argv: resolved });
}

/** The directory behind symbolic links, so that one worker sees one release also when `current` is switched meanwhile. */
export function realDirectory(path: string): Result<string> {
  try {
    const real = realpathSync(path);
    if (statSync(real).isDirectory()) return ok(real);
    return err(failure('NO_FILE', `${path} is not a directory`));
  } catch (thrown) {
    return err(failure('NO_FILE', `no directory ${path}: ${messageOf(thrown)}`));
  }
}

/** As execvp(3): a name with a slash is a path, any other is searched in PATH; an unexecutable match is remembered. */
function executable(name: string, directory: string, path = '/usr/local/bin:/usr/bin:/bin'): Result<string> {
  const candidates = name.includes('/')
    ? [resolve(directory, name)]
    : path.split(delimiter).map((folder) => join(resolve(directory, folder), name));
  let forbidden: string | undefined;
  for (const candidate of candidates) {
    if (!isA('file', candidate)) continue;
    try {
      accessSync(candidate, constants.X_OK);
      return interpreted(candidate);
    } catch {
      forbidden ??= candidate;
    }
  }
  if (forbidden !== undefined) return err(failure('NOT_EXECUTABLE', `${forbidden} is not executable`));
  if (name.includes('/')) return err(failure('NO_FILE', `no file ${resolve(directory, name)}`));
  return err(failure('NO_FILE', `no \`${name}\` in PATH (${path})`));
}

/** A script whose `#!` names a missing file fails in execve(2) with an ENOENT that seems to mean the script. */
function interpreted(file: string): Result<string> {
  const interpreter = /^#![ \t]*([^\s]+)/.exec(firstBytes(file))?.[1];
  if (interpreter === undefined || isA('file', interpreter)) return ok(file);
  return err(failure('NO_FILE', `no interpreter ${interpreter}, which ${file} names in its first line`));
}

/** The kernel reads 256 bytes, too (BINPRM_BUF_SIZE). An executable that may not be read is no script. */
function firstBytes(file: string): string {
  try {
    const fd = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(256);
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

function isNode(file: string): boolean {
  const name = basename(file);
  return name === 'node' || name === 'nodejs' || realpathSync(file) === realpathSync(process.execPath);
}
