/**
 * How `portherd/app` (imported by the app) and the preload (another file, another module system) talk: diagnostics
 * channels have one name in the whole process, and need no global. They carry nothing between threads.
 */
export const appChannels = {
  /** preload → app, once: `DrainNotice`. */
  drain: 'portherd:drain',
  /** app → preload: the app can serve. */
  ready: 'portherd:ready',
  /** app → preload: `DrainQuery`, which the preload fills in before publish() returns. */
  query: 'portherd:query',
} as const;

/** How long connections may stay, in milliseconds from the notice. */
export interface DrainNotice {
  /** Then silent HTTP connections are closed. */
  readonly idleMs: number;
  /** Then everything is. */
  readonly totalMs: number;
}

export interface DrainQuery {
  draining: DrainNotice | undefined;
}
