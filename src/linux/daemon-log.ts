import { closeSync, openSync } from 'node:fs';
import { failure, messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/** The daemon's own log as a file, on an O_APPEND descriptor as the workers' are, so that it is rotated as theirs. */
export interface DaemonLogFile {
  readonly path: string;
  /** Another one after `reopen`. */
  readonly fd: number;
  readonly terminal: false;
  /** Whoever moved it away wants a new one. Errors: LOG_UNUSABLE; the old one is written to then. */
  reopen(): Result<undefined>;
}

/** Undefined without a path: standard output. Errors: LOG_DIR_UNUSABLE. */
export function openDaemonLog(path: string | undefined): Result<DaemonLogFile | undefined> {
  if (path === undefined) return ok(undefined);
  try {
    let fd = openSync(path, 'a', 0o640);
    return ok({
      path,
      terminal: false,
      get fd() {
        return fd;
      },
      reopen() {
        try {
          const next = openSync(path, 'a', 0o640);
          closeSync(fd);
          fd = next;
          return ok();
        } catch (thrown) {
          return err(failure('LOG_UNUSABLE', `cannot open ${path}: ${messageOf(thrown)}`));
        }
      },
    });
  } catch (thrown) {
    const text = `cannot open supervisor.logFile: ${messageOf(thrown)}`;
    return err(
      failure('LOG_DIR_UNUSABLE', text, 'Create its directory for this user, or set another supervisor.logFile.'),
    );
  }
}
