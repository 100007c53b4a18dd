/** The pipes between the supervisor and its event listeners. By `worker`, their handles. */
export interface EventPipes {
  /** Takes all of it, as the listener reads. False when a pipe is closed: `deafened` or `left` follows. */
  send(worker: number, text: string): boolean;
}

/** What comes of them. */
export type PipeEvent =
  | { readonly is: 'joined'; readonly worker: number; readonly program: string }
  /** Bytes, as the characters U+0000 to U+00FF. */
  | { readonly is: 'said'; readonly worker: number; readonly bytes: string }
  /** A pipe is closed while its process lives: nothing will come of the conversation any more. */
  | { readonly is: 'deafened'; readonly worker: number; readonly why: string }
  /** The process has ended, and all that it said was told. */
  | { readonly is: 'left'; readonly worker: number };

/** Reads what workers write into their logs, from now on. */
export interface OutputFollowing {
  follow(path: string, tell: (bytes: Uint8Array) => void): void;
  unfollow(path: string): void;
}
