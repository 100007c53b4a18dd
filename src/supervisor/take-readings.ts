import type { Look } from '../core/effects.ts';
import type { Reading } from '../core/reading.ts';
import type { LiveWorkers } from './live-workers.ts';
import type { Ports } from './ports.ts';

/** How each of these slots is: its queue as of now, from the kernel; the rest as of its workers' last beats. Asks nobody. */
export function takeReadings(
  looks: readonly Look[],
  program: string,
  { listeners, steering, clock }: Ports,
  workers: LiveWorkers,
): readonly Reading[] {
  const now = clock.now();
  const dealt = steering.dealt(program);
  return looks.map(({ slot, worker, beside }) => {
    let queue = 0;
    let backlog = 0;
    let drops = 0;
    for (const reading of listeners.queues(program, slot)) {
      queue += reading.queue;
      backlog += reading.backlog;
      drops += reading.drops;
    }
    const serving = workers.find(program, worker);
    const heard = serving?.heardAt === undefined ? {} : { beatAgeMs: now - serving.heardAt };
    const counted = dealt === undefined ? {} : { dealt: dealt(slot) };
    const outside = { slot, worker, queue, backlog, drops, ...counted, ...heard };
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
