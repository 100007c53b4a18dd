import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { failure, messageOf } from '../shared/errors.ts';
import { lastWordsBytesMax } from '../shared/limits.ts';
import { forSlot } from '../shared/percent-text.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { WorkerLogs } from '../supervisor/ports.ts';
import { isA } from './node-script.ts';
import { openLogSync } from './open-log.ts';

/**
 * Where a slot's workers write, and reading back their last words. A worker writes to its file by itself, on an
 * O_APPEND descriptor: nothing passes through the supervisor, so logs outlive it.
 */
export interface LogPaths {
  /** A path, `none` (thrown away) or `inherit` (the daemon's own). */
  readonly stdout: string;
  readonly stderr: string;
}

export interface LoggedProgram {
  readonly name: string;
  readonly logs: LogPaths;
}

/** For the child's stdio; `close` gives up the parent's copies once it runs. */
export interface OpenLogs {
  readonly stdout: number;
  readonly stderr: number;
  close(): void;
}

export function logPaths(program: LoggedProgram, slot: number, logDir: string): LogPaths {
  const stdout = pathOf('stdout');
  return { stdout, stderr: program.logs.stderr === 'stdout' ? stdout : pathOf('stderr') };

  function pathOf(stream: 'stdout' | 'stderr'): string {
    const path = program.logs[stream];
    if (path === 'auto') return join(logDir, `${program.name}-${slot}.${stream}.log`);
    return forSlot(path, program.name, slot);
  }
}

/** The directory of logDir is made; that of a path which the config names must be there. Errors: NO_LOG_DIRECTORY. */
export function findLogDirectories({ name, logs }: LoggedProgram, slot: number): Result<undefined> {
  for (const [stream, path] of [
    ['stdout', logs.stdout],
    ['stderr', logs.stderr],
  ] as const) {
    const file = forSlot(path, name, slot);
    if (!isAbsolute(file) || isA('directory', dirname(file))) continue;
    const why = `cannot open the log ${file}: there is no directory ${dirname(file)} (logs.${stream})`;
    return err(failure('NO_LOG_DIRECTORY', why));
  }
  return ok();
}

/** As the supervisor asks for them. */
export function createWorkerLogs(logDir: string): WorkerLogs {
  return { paths: (program, slot) => logPaths(program, slot, logDir), endOf: endOfLog, lastWords };
}

/** Errors: SPAWN_ERROR with the path and the system's reason. */
export function openLogs(paths: LogPaths): Result<OpenLogs> {
  const opened: number[] = [];
  const close = (): void => opened.splice(0).forEach((fd) => closeSync(fd));
  const open = (path: string, inherited: number): number => {
    if (path === 'inherit') return inherited;
    const fd = path === 'none' ? openSync('/dev/null', appending) : openLogSync(path, appending, 0o640);
    opened.push(fd);
    return fd;
  };
  let path = paths.stdout;
  try {
    const stdout = open(path, 1);
    path = paths.stderr;
    return ok({ stdout, stderr: open(path, 2), close });
  } catch (thrown) {
    close();
    return err(failure('SPAWN_ERROR', `cannot open the log ${path}: ${messageOf(thrown)}`, logAdvice));
  }
}

/** Where the next worker's words will start (bytes). 0 when there is no file yet. */
export function endOfLog(path: string): number {
  if (!isFilePath(path)) return 0;
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/**
 * The end of what was written since `fromOffset` (bytes; from the start if the file is shorter by now), at most
 * `lastWordsBytesMax`, as whole lines without colours and control characters. A single longer line keeps its end.
 */
export function lastWords(path: string, fromOffset: number): readonly string[] {
  if (!isFilePath(path)) return [];
  const { bytes, whole } = readEnd(path, fromOffset);
  const lines = bytes.toString('utf8').split('\n');
  if (!whole && lines.some((line, at) => at > 0 && line !== '')) lines.shift();
  return lines.map(printable).filter((line) => line.trim() !== '');
}

/** `whole`: it starts where a line starts. */
function readEnd(path: string, fromOffset: number): { bytes: Buffer; whole: boolean } {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return { bytes: Buffer.alloc(0), whole: true }; // never written, or taken away: it said nothing
  }
  try {
    const stat = fstatSync(fd);
    const from = fromOffset <= stat.size ? fromOffset : 0;
    const start = Math.max(from, stat.size - lastWordsBytesMax);
    const bytes = Buffer.alloc(stat.isFile() ? stat.size - start : 0);
    return { bytes: bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, start)), whole: start === from };
  } finally {
    closeSync(fd);
  }
}

function printable(line: string): string {
  return stripVTControlCharacters(line).replaceAll('\t', '  ').replaceAll(controls, '');
}

function isFilePath(path: string): boolean {
  return path !== 'none' && path !== 'inherit';
}

const controls = /\p{Cc}/gu;

/** Not blocking: a FIFO without a reader must be an error (ENXIO), not a daemon that hangs in open(2). libuv clears it. */
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

const logAdvice = 'Make its directory, writable for this user, or change `logs` of the program.';
