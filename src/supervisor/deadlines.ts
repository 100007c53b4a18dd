import type { ProgramConfig } from '../config/schema.ts';

/** How long a command waits for what core bounds anyway: core's own bounds added up, and a margin for a loaded machine. */
const marginMs = 5_000;

export function startDeadline({ readiness, stop }: ProgramConfig): number {
  return readiness.timeout + stop.killTimeout + marginMs;
}

export function stopDeadline({ stop }: ProgramConfig): number {
  return 2 * stop.drainTimeout + stop.killTimeout + marginMs;
}

/** A whole roll: every slot, one after the other. */
export function rollDeadline(config: ProgramConfig, slots: number): number {
  const { minReady, pause } = config.roll;
  return (slots + 1) * (startDeadline(config) + stopDeadline(config) + minReady + pause) * 2;
}
