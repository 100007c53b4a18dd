import type { Result } from '../shared/result.ts';

/**
 * Reading log files and emptying them, by path: a worker's, or the daemon's own. Offsets and lengths are supervisord's (bytes;
 * rpcinterface.py and options.py of 4.2), so that readProcessStdoutLog and tailProcessStdoutLog need nothing more. Never a
 * file that is not a regular one, never more than `logReadBytesMax`.
 *
 * `logText` of shared/log-text.ts makes text of the bytes.
 */
export interface LogReading {
  /** The daemon's own log file; undefined when it writes to its standard output. */
  readonly daemonLog: string | undefined;
  /**
   * `offset` ≥ 0: from there, `length` bytes, or up to the end when it is 0. `offset` < 0: that many bytes from the end,
   * and `length` must be 0. Past the end there is nothing. Of more than the limit: its first part; of the end, its last.
   *
   * Errors: BAD_RANGE, NO_LOG, LOG_UNUSABLE (faults 3, 20 and 30).
   */
  read(path: string, offset: number, length: number): Promise<Result<LogPart>>;
  /**
   * The last `length` bytes when there is something behind `offset`. `overflow`: more than that, so some was left out. The
   * answer's `offset` is the size of the file: ask with that next time. Without a readable file there is nothing, at 0.
   *
   * Errors: BAD_RANGE, for what is no whole number.
   */
  tail(path: string, offset: number, length: number): Promise<Result<LogTail>>;
  /** Makes the file empty, whoever writes to it goes on; backups stay. Errors: NO_LOG, LOG_UNUSABLE (faults 20 and 30). */
  clear(path: string): Promise<Result<undefined>>;
}

export interface LogPart {
  readonly bytes: Uint8Array;
  /** Of the whole file. */
  readonly size: number;
}

export interface LogTail {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly overflow: boolean;
}
