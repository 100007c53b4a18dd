import type { NamesRequest, SlotResult } from '../protocol/control.ts';
import type {
  LogFollowRequest,
  LogLine,
  LogPlace,
  LogReadRequest,
  LogStream,
  LogWhereRequest,
} from '../protocol/control-logs.ts';
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
  /** What is written from now on, and `before` bytes of what was; rotations are seen through. Errors: LOG_UNUSABLE. */
  follow(
    path: string,
    before: number,
    tell: (line: LogLine) => Promise<void>,
    abort: AbortSignal,
  ): Promise<Result<undefined>>;
  /** Opens the daemon's own log anew, where it is a file. Errors: LOG_UNUSABLE; it writes on to the old one then. */
  reopenDaemonLog(): Result<undefined>;
  /** The process' stream is a file that is not the one at `path` any more: somebody has moved it. */
  wasMoved(pid: number, stream: LogStream, path: string): boolean;
}

/** What the control socket's requests about logs end in; see protocol/control-logs.ts. */
export interface LogControl {
  where(request: LogWhereRequest): readonly LogPlace[];
  read(request: LogReadRequest): Promise<Result<LogPart>>;
  /** Until `abort`. An error means that nothing was told. */
  follow(
    request: LogFollowRequest,
    tell: (line: LogLine) => Promise<void>,
    abort: AbortSignal,
  ): Promise<Result<undefined>>;
  clear(request: NamesRequest): Promise<readonly SlotResult[]>;
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
