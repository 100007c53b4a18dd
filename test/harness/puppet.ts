import { readdirSync } from 'node:fs';
import { statOf } from '../../src/linux/procfs.ts';
import type { ConnectionsReply, SlotStatus } from '../../src/protocol/control.ts';
import type { Daemon } from './daemon.ts';
import { getText } from './get-text.ts';
import { until } from './until.ts';

/** A program of fixtures/apps/puppet.cjs, with every wait short. */
export function puppet(
  over: Readonly<Record<string, unknown>> = {},
  environment: Readonly<Record<string, string>> = {},
): Readonly<Record<string, unknown>> {
  return {
    command: [process.execPath, 'puppet.cjs'],
    workers: 2,
    environment,
    roll: { minReady: '0s' },
    stop: { idleTimeout: '100ms', drainTimeout: '3s', killTimeout: '1s' },
    backoff: { initial: '50ms', max: '200ms', jitter: 0 },
    ...over,
  };
}

/** Stops as a puppet does, and lets a request that is held up (harness/hold.ts) take its time; less than a daemon's end may take. */
export const patient = { idleTimeout: '100ms', drainTimeout: '15s', killTimeout: '1s' };

/** A build that is not one: files of fixtures/apps. */
export function broken(
  script: string,
  over: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return puppet({ command: [process.execPath, script], readiness: { timeout: '4s' }, ...over });
}

export async function slotsOf(daemon: Daemon, program = 'web'): Promise<readonly SlotStatus[]> {
  return (await daemon.status()).programs.find(({ name }) => name === program)?.slots ?? [];
}

export async function statesOf(daemon: Daemon, program = 'web'): Promise<readonly string[]> {
  return (await slotsOf(daemon, program)).map(({ state }) => state);
}

/** Until the slots' states are these, in order. */
export async function untilStates(daemon: Daemon, states: readonly string[], program = 'web'): Promise<void> {
  await until(async () => (await statesOf(daemon, program)).join() === states.join(), {
    what: `${program} to be ${states.join(', ')}`,
    explain: () => daemon.log.slice(-8),
  });
}

/**
 * The pids that answer: so many requests, and as many again until each worker of `web` was met. One that the machine did not let
 * run for 80 ms counts as stalled, and gets nobody for a while.
 */
export async function answering(daemon: Daemon, requests = 24, port = daemon.port()): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  const met = async (): Promise<boolean> => {
    const texts = await Promise.all(Array.from({ length: requests }, () => getText(port)));
    for (const text of texts) seen.add(Number(text.split(' ')[1]));
    return (await daemon.pids('web')).every((pid) => seen.has(pid));
  };
  await until(met, { what: 'every worker to answer', explain: () => [...seen] });
  return seen;
}

/** `refused`, `reset`…, or the text that came. */
export async function outcome(answer: Promise<string>): Promise<string> {
  try {
    return await answer;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ESRCH
  }
}

/** Dead children that this process has not reaped. */
export function zombiesOf(parent: number): readonly number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    const stat = statOf(pid);
    return stat?.ppid === parent && stat.state === 'Z';
  });
}

/** Requests under way in a program, as the workers report it. */
export async function inFlight(daemon: Daemon, program = 'web'): Promise<number> {
  const { programs }: ConnectionsReply = (await daemon.api('GET', '/v1/connections')).json();
  const slots = programs.find(({ name }) => name === program)?.slots ?? [];
  return slots.reduce((sum, slot) => sum + (slot.inFlight ?? 0), 0);
}
