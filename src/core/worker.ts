/** The supervisor's record of one process in a slot. The code inside that process is src/worker/. */
export interface Worker {
  /** Unique in its program for the daemon's life. */
  readonly id: number;
  readonly generation: number;
  /** Monotonic ms. */
  readonly startedAt: number;
  /** Undefined until the process exists. */
  readonly pid: number | undefined;
  /** It dialled the channel: a Node app with the preload, which can drain. */
  readonly attached: boolean;
}

export interface Exit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export function describeExit(exit: Exit): string {
  return exit.signal === undefined ? `exit status ${exit.code ?? 'unknown'}` : `killed by ${exit.signal}`;
}
