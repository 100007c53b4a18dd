import type { ShedReading } from '../core/shed.ts';
import type { Supervisor } from './supervisor.ts';

/** Who can be asked to give up connections: the workers that serve and have told, over a channel that is open, what they hold. */
export interface Shedder extends ShedReading {
  /** Names the worker on the channel. */
  readonly handle: number;
}

/** As of their last beats, in the order of their slots; nobody is asked. */
export function sheddersOf(supervisor: Supervisor, program: string): readonly Shedder[] {
  const slots = supervisor.programs.get(program)?.fleet.slots ?? [];
  return slots.flatMap(({ index, seat }) => {
    if (seat.is !== 'RUNNING') return [];
    const live = supervisor.workers.find(program, seat.worker.id);
    if (live?.beat === undefined || live.heardAt === undefined) return [];
    const { open, shedding, shed } = live.beat;
    return [{ slot: index, handle: live.handle, open, shedding, shed }];
  });
}
