import type { ProgramConfig } from './schema.ts';

/**
 * How long the daemon may take by its config, in ms: what it asks a service manager for, and what its unit's limits must
 * leave room for. Bounds, not estimates.
 */
export interface TimeBounds {
  /** Until each slot is ready or FATAL. */
  readonly startMs: number;
  /** A roll of every program, one after the other. */
  readonly reloadMs: number;
  /** Until everything has drained and gone; programs of one priority stop together, the others one after the other. */
  readonly stopMs: number;
}

export function timeBounds(programs: readonly ProgramConfig[]): TimeBounds {
  const startMs = Math.max(0, ...programs.map(startMsOf));
  const rollMs = programs.reduce((sum, program) => sum + program.workers * replaceMsOf(program), 0);
  const priorities = Map.groupBy(programs, ({ priority }) => priority);
  const stopMs = [...priorities.values()].reduce((sum, group) => sum + Math.max(...group.map(leaveMsOf)), 0);
  return { startMs: startMs + slackMs, reloadMs: startMs + rollMs + stopMs + slackMs, stopMs: stopMs + slackMs };
}

/** Steering away, the last look at a queue, a machine that is busy. */
const slackMs = 10_000;

/** Each of its lives may take the whole of its time-out. */
function startMsOf({ readiness, backoff, startRetries }: ProgramConfig): number {
  let pauses = 0;
  for (let retry = 0; retry < startRetries; retry += 1) {
    pauses += Math.min(backoff.max, backoff.initial * backoff.factor ** Math.min(retry, 64)) * (1 + backoff.jitter);
  }
  return (startRetries + 1) * readiness.timeout + pauses;
}

function replaceMsOf(program: ProgramConfig): number {
  return program.readiness.timeout + program.roll.minReady + program.roll.pause + leaveMsOf(program);
}

function leaveMsOf({ stop }: ProgramConfig): number {
  return stop.drainTimeout + stop.killTimeout;
}
