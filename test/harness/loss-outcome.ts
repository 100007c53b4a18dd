/**
 * What can become of a request, and which of it is the server's failure. The names are the vocabulary of every loss
 * report; how to read one is in test/README.md.
 */
export const failureNames = [
  /** Nobody listens: the kernel answered the SYN with a reset. */
  'refused',
  /** The connection was made, and reset before the request was written. */
  'resetBefore',
  /** Reset after the request was written. */
  'resetAfter',
  /** Closed in order without a byte of answer. */
  'empty',
  /** Closed in order in the middle of an answer. */
  'truncated',
  /** Answered, but not with 2xx. */
  'badStatus',
  /** Answered with something that is not HTTP/1.1, or longer than it said. */
  'malformed',
  /** No whole answer by the client's limit. */
  'timedOut',
  /** Sent on a connection that had served before, and reset or closed without an answer. */
  'keepAliveFailed',
  /** An error of the system that no other name covers; its code is in the timeline. */
  'unexpected',
] as const;

export type FailureName = (typeof failureNames)[number];

/** `localExhaustion`: this machine had no port or descriptor left for the client; the server never saw the connection. */
export type Outcome = 'ok' | 'localExhaustion' | FailureName;

export interface Exchange {
  readonly outcome: Outcome;
  /** From the first intention (the connect of a fresh connection) to the outcome, ms. */
  readonly tookMs: number;
  /** The system's error code, the status, or ''. */
  readonly detail: string;
}

/** How a connection came to its end while a request was open on it. */
export interface Ending {
  /** The system's error code; '' for an orderly close. */
  readonly code: string;
  readonly connected: boolean;
  readonly written: boolean;
  /** Answers this connection had given before. */
  readonly served: number;
  /** Bytes of this answer. */
  readonly received: number;
}

/** Codes of a client that has run out of its own ports, descriptors or buffers. */
const exhaustionCodes: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EADDRINUSE', 'EMFILE', 'ENFILE', 'ENOBUFS']);

/** EPIPE: written after the reset had already been taken note of. */
const resetCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

export function outcomeOf(ending: Ending): Outcome {
  const { code, served, received } = ending;
  if (code === '') {
    if (received > 0) return 'truncated';
    return served > 0 ? 'keepAliveFailed' : 'empty';
  }
  if (resetCodes.has(code)) {
    if (served > 0) return 'keepAliveFailed';
    return ending.written ? 'resetAfter' : 'resetBefore';
  }
  if (ending.connected) return code === 'ETIMEDOUT' ? 'timedOut' : 'unexpected';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT') return 'timedOut';
  return exhaustionCodes.has(code) ? 'localExhaustion' : 'unexpected';
}
