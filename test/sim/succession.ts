import type { ProgramConfig } from '../../src/config/schema.ts';
import { missedBy } from '../../src/core/adoption.ts';
import type { FleetEvent } from '../../src/core/events.ts';
import type { Fleet } from '../../src/core/fleet.ts';
import { listenersWanted } from '../../src/core/listening.ts';
import { workersOf } from '../../src/core/restore.ts';
import type { Dice } from './dice.ts';
import type { FakeProcess, World } from './world.ts';

/**
 * The supervisor dies: what was on its way to it is lost, and the next one learns by looking who died, whose start it has not
 * heard of, and who it does not know. Workers dial again, and tell what is so.
 */
export function loseSupervisor(
  world: World,
  next: Fleet,
  config: ProgramConfig,
  dice: Dice,
): readonly [Fleet, ...FleetEvent[]] {
  world.agenda.loseListener();
  // Whoever comes next opens what it wants open, and closes what it does not.
  world.sockets.splice(0, world.sockets.length, ...Array.from({ length: listenersWanted(next) }, (_, slot) => slot));
  const known = new Set(next.slots.flatMap((slot) => workersOf(slot).map(({ id }) => id)));
  const all = [...world.alive.values()];
  const strays = all.filter(({ worker }) => !known.has(worker));
  const living = new Map(all.filter((one) => !strays.includes(one)).map(({ worker }) => [worker, 1000 + worker]));
  const missed = missedBy(
    next,
    living,
    strays.map(({ worker, slot, generation, attached }) => ({ slot, generation, pid: 1000 + worker, attached })),
  );
  // Out of the way of the numbers that they get.
  for (const process of strays) rename(world, process, process.worker + 1_000_000);
  for (const [more, process] of strays.entries()) {
    rename(world, process, next.nextWorker + more);
    world.strays.add(process.worker);
  }
  for (const { worker, attached, accepting } of all) {
    if (!attached) continue;
    const dials = world.now + dice.pick([20, 300, 3_000]);
    world.agenda.add(dials, { is: 'attached', worker });
    if (!accepting) continue;
    for (const { port } of config.listen) world.agenda.add(dials, { is: 'listening', worker, port, adopted: true });
    world.agenda.add(dials, { is: 'saidReady', worker });
  }
  return missed;
}

function rename({ alive, agenda }: World, process: FakeProcess, worker: number): void {
  alive.delete(process.worker);
  agenda.rename(process.worker, worker);
  process.worker = worker;
  alive.set(worker, process);
}
