import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { slotName } from './names.ts';
import type { ProcessRef } from './ports.ts';
import { sitting } from './report.ts';
import type { Supervisor } from './supervisor.ts';

/**
 * The process that was started for one slot and sits in it; during a roll that is not the one that leaves, nor its replacement before it has
 * taken the seat. A worker that is still starting is there, too. Errors: NOT_RUNNING.
 */
export function servingIn(supervisor: Supervisor, name: string, slot: number): Result<ProcessRef> {
  const seat = supervisor.programs.get(name)?.fleet.slots[slot]?.seat;
  const worker = seat === undefined || seat.is === 'STOPPING' ? undefined : sitting(seat);
  const live = worker === undefined ? undefined : supervisor.workers.find(name, worker.id);
  if (live !== undefined) return ok(live.process);
  const text = `${slotName(name, slot)} is not running`;
  return err(failure('NOT_RUNNING', seat === undefined ? text : `${text}: it is ${seat.is}`));
}
