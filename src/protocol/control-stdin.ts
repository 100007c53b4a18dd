/** POST /v1/stdin: text for a worker's standard input. */
export interface StdinRequest {
  /** Of one slot; a program's own name where it has no other. */
  readonly name: string;
  /** Sent as it is, as UTF-8: who means a line ends it with a line feed. */
  readonly text: string;
}

/** The worker's pipe has it. */
export interface StdinReply {
  /** Of the worker. */
  readonly pid: number;
}
