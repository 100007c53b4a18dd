/** supervisord's process states and codes, so that its users and tools feel at home. RUNNING means proved ready here. */
export const stateCodes = {
  STOPPED: 0,
  STARTING: 10,
  RUNNING: 20,
  BACKOFF: 30,
  STOPPING: 40,
  EXITED: 100,
  FATAL: 200,
  UNKNOWN: 1000,
} as const;

export type StateName = keyof typeof stateCodes;

/** States in which no process exists or is coming: `status` exits 3 when it shows one (supervisord's STOPPED_STATES). */
export const stoppedStates: readonly StateName[] = ['STOPPED', 'EXITED', 'FATAL', 'UNKNOWN'];

/** Of an event listener's conversation, beside the state of its process: supervisord's names. */
export type ListenerState = 'ACKNOWLEDGED' | 'READY' | 'BUSY' | 'UNKNOWN';
