import type { Look } from '../core/effects.ts';
import type { Reading } from '../core/reading.ts';
import type { LiveWorkers } from './live-workers.ts';
import type { Ports, QueueReading } from './ports.ts';

/** How each of these slots is: its queue and what it was dealt as of now, from the kernel; the rest as of its workers' last beats. Asks nobody. */
export function takeReadings(
  looks: readonly Look[],
  program: string,
  { listeners, steering, clock }: Ports,
  workers: LiveWorkers,
): readonly Reading[] {
  const now = clock.now();
  const queues = looks.map(({ slot }) => queuesOf(listeners.queues(program, slot)));
  // After the queues: who came in between counts for every slot, and not for those that were looked at last.
  const dealt = steering.dealt(program);
  return looks.map(({ slot, worker, beside }, at) => {
    const serving = workers.find(program, worker);
    const heard = serving?.heardAt === undefined ? {} : { beatAgeMs: now - serving.heardAt };
    const counted = dealt === undefined ? {} : { dealt: dealt(slot) };
    const outside = { slot, worker, ...(queues[at] ?? noQueue), ...counted, ...heard };
    if (serving?.beat === undefined) return outside;
    const { beat } = serving;
    let { open, total, inFlight } = beat;
    for (const id of beside) {
      const other = workers.find(program, id)?.beat;
      open += other?.open ?? 0;
      total += other?.total ?? 0;
      inFlight += other?.inFlight ?? 0;
    }
    const { lagMs, elu } = beat;
    return { ...outside, open, total, inFlight, lagMs, elu };
  });
}

const noQueue: QueueReading = { queue: 0, backlog: 0, drops: 0 };

/** Of all ports together. */
function queuesOf(readings: readonly QueueReading[]): QueueReading {
  return readings.reduce(
    (sum, { queue, backlog, drops }) => ({
      queue: sum.queue + queue,
      backlog: sum.backlog + backlog,
      drops: sum.drops + drops,
    }),
    noQueue,
  );
}
