import type { FleetEvent } from './events.ts';
import type { Fleet } from './fleet.ts';
import { type Found, workersOf } from './restore.ts';

/**
 * What happened while no supervisor looked, as the events that nobody could tell then: who died, who was started and never
 * heard of, and who is unknown. `living`: the pids of workers that the fleet knows, by id. The fleet that shall take them has set
 * numbers aside for the unknown: what it starts because of one event must not get a number that a later one brings.
 */
export function missedBy(
  fleet: Fleet,
  living: ReadonlyMap<number, number>,
  strays: readonly Found[],
): readonly [Fleet, ...FleetEvent[]] {
  const known = fleet.slots.flatMap(workersOf).flatMap(({ id: worker, pid }): FleetEvent[] => {
    const now = living.get(worker);
    if (now !== undefined) return pid === undefined ? [{ is: 'spawned', worker, pid: now }] : [];
    if (pid === undefined) return [{ is: 'spawnFailed', worker, why: 'the supervisor died while it was started' }];
    return [{ is: 'exited', worker, exit: { code: undefined, signal: undefined } }];
  });
  const found = strays.map((stray, more): FleetEvent => {
    return { is: 'found', worker: fleet.nextWorker + more, ...stray };
  });
  return [{ ...fleet, nextWorker: fleet.nextWorker + strays.length }, ...known, ...found];
}
