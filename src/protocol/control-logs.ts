import type { ErrorBody } from './control.ts';

/**
 * Logs on the control socket, for those who may not read the files themselves. Bytes are base64: a log need not be UTF-8.
 *
 * | request              | body             | reply                                                          |
 * |----------------------|------------------|----------------------------------------------------------------|
 * | POST /v1/logs/where  | LogWhereRequest  | LogPlace[]: which files they are                               |
 * | POST /v1/logs/read   | LogReadRequest   | LogPartReply                                                   |
 * | POST /v1/logs/follow | LogFollowRequest | LogLine… as NDJSON, until the client leaves                    |
 * | POST /v1/logs/clear  | NamesRequest     | SlotResult[]: both logs of each slot are empty, backups remain |
 */
export type LogStream = 'stdout' | 'stderr';

/** Without a name: the daemon's own log. `web:0`, or `web`, `web:*` and `all` for all their slots. */
export interface LogWhereRequest {
  readonly name?: string;
  readonly stream: LogStream;
}

export interface LogPlace {
  /** `web:0`; the name as asked when it is unknown; `portherd` is the daemon itself. */
  readonly name: string;
  /** Absent: `error` says why there is none. */
  readonly path?: string;
  readonly error?: ErrorBody;
}

/** Offsets are supervisord's: see supervisor/ports-logs.ts. */
export interface LogReadRequest {
  /** Of one slot. */
  readonly name?: string;
  readonly stream: LogStream;
  readonly offset: number;
  readonly length: number;
}

export interface LogPartReply {
  readonly base64: string;
  /** Bytes of the whole file. */
  readonly size: number;
}

export interface LogFollowRequest {
  readonly name?: string;
  readonly stream: LogStream;
  /** Bytes before the end to begin with. */
  readonly before: number;
}

export type LogLine =
  | { readonly t: 'bytes'; readonly base64: string }
  /** Something is missing here. */
  | { readonly t: 'gap'; readonly why: string };
