import { channelFrameBytesMax } from '../shared/limits.ts';

/**
 * worker ↔ supervisor: newline-delimited JSON over a Unix socket that the worker dials.
 *
 * Version 1 (0.1.0): hello, listening, ready, strayed, beat, drained · welcome, refused, report, drain, shed.
 */
export const channelVersion = 1;

/** What a worker counts about itself. Connections are accepted TCP connections on declared ports. */
export interface Beat {
  readonly t: 'beat';
  /** Open now. */
  readonly open: number;
  /** Accepted since the process started. */
  readonly total: number;
  /** HTTP requests (HTTP/2: streams) begun since the process started. */
  readonly requests: number;
  /** HTTP requests not answered yet. */
  readonly inFlight: number;
  /** Silent keep-alive connections that drain closed at the idle deadline. */
  readonly closedIdle: number;
  /** Connections that drain destroyed at its last deadline. */
  readonly closedHard: number;
  /** Connections that were asked to leave and are still open: they go with their next answer. */
  readonly shedding: number;
  /** Connections that were asked to leave and have closed, since the process started. */
  readonly shed: number;
  /** Event-loop delay since the last beat, in whole milliseconds: p99 of samples each 50 ms (idle: 250 ms), hence their longest. */
  readonly lagMs: number;
  /** Event-loop utilisation since the last beat, 0 to 1 in hundredths. */
  readonly elu: number;
}

export type WorkerFrame =
  | { readonly t: 'hello'; readonly v: number; readonly token: string; readonly pid: number; readonly node: string }
  /** A declared port listens; `adopted` when on the slot's own descriptor (or, with bind: worker, by itself). */
  | { readonly t: 'listening'; readonly port: number; readonly host: string; readonly adopted: boolean }
  /** The app said so: process.send('ready') or ready() of portherd/app. */
  | { readonly t: 'ready' }
  /** The app closed and reopened a port more often than it has descriptors: it serves beside the slot's listener. */
  | { readonly t: 'strayed'; readonly port: number; readonly why: string }
  | Beat
  /** Nothing is open any more; the stop signal may come. */
  | { readonly t: 'drained' };

export type SupervisorFrame =
  | { readonly t: 'welcome' }
  | { readonly t: 'refused'; readonly why: string }
  /** Send a beat now: somebody is looking. */
  | { readonly t: 'report' }
  /** Accept nothing new; close what is idle at idleMs, what is left at totalMs. */
  | { readonly t: 'drain'; readonly idleMs: number; readonly totalMs: number }
  /** Ask this many more connections to leave with their next answer, so that their clients come back elsewhere. */
  | { readonly t: 'shed'; readonly count: number };

/** Environment of a worker, read once and then removed from process.env by the process that serves. */
export const channelEnv = {
  /** Path of the supervisor's worker socket. */
  socket: 'PORTHERD_CHANNEL',
  /** Secret of this worker; proves who dials. */
  token: 'PORTHERD_TOKEN',
  /** JSON of `ListenPlan`. */
  listen: 'PORTHERD_LISTEN',
  /**
   * `boot`: this process is the worker, it dials at once. `listen`: the preload came through NODE_OPTIONS, and the
   * first process in the tree (npm, a shell, the app) that listens on a declared port is the worker.
   */
  claim: 'PORTHERD_CLAIM',
} as const;

/** How the preload turns listen(port) into the slot's descriptor. */
export interface ListenPlan {
  readonly bind: 'slot' | 'worker';
  readonly readiness: 'listening' | 'message' | 'http';
  readonly ports: readonly PlannedPort[];
}

export interface PlannedPort {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
  /** Copies of the slot's descriptor, one used up by each listen(); empty with bind: worker. */
  readonly fds: readonly number[];
  /** Inode of the socket: a descriptor number that means something else in this process is left alone. */
  readonly inode: number;
}

export function encodeFrame(frame: WorkerFrame | SupervisorFrame): string {
  return `${JSON.stringify(frame)}\n`;
}

/**
 * Cuts a byte stream into frames. `push` returns the parsed lines, or undefined once a line is too long or is not a JSON
 * object: the caller then closes the connection.
 */
export class FrameReader {
  #rest = '';

  push(chunk: string): readonly unknown[] | undefined {
    this.#rest += chunk;
    const frames: unknown[] = [];
    for (let end = this.#rest.indexOf('\n'); end >= 0; end = this.#rest.indexOf('\n')) {
      if (end > channelFrameBytesMax) return undefined;
      try {
        frames.push(JSON.parse(this.#rest.slice(0, end)));
      } catch {
        return undefined;
      }
      this.#rest = this.#rest.slice(end + 1);
    }
    return this.#rest.length > channelFrameBytesMax ? undefined : frames;
  }
}
