import { isVacant } from '../core/seat.ts';
import type { ScaleReply, ScaleRequest } from '../protocol/control.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { slotsMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { startDeadline, stopDeadline } from './deadlines.ts';
import { programName } from './names.ts';
import { settle } from './settle.ts';
import type { Supervisor } from './supervisor.ts';

/** Changes the number of slots; answers when the new ones are ready, or those that go are gone. Touches no other. */
export async function scaleProgram(supervisor: Supervisor, request: ScaleRequest): Promise<Result<ScaleReply>> {
  if (supervisor.closing) return err(failure('SHUTTING_DOWN', 'the daemon is shutting down'));
  const name = programName(request.program);
  const program = supervisor.programs.get(name);
  if (program === undefined) return err(failure('BAD_NAME', `there is no program ${name}`));
  const { fleet, config } = program;
  if (fleet.roll !== undefined) return err(failure('ROLL_IN_PROGRESS', `${name} is being rolled`));
  const from = fleet.wanted;
  const to = request.workers ?? from + (request.by ?? 0);
  if (!Number.isInteger(to) || to < 1 || to > slotsMax) {
    return err(failure('BAD_COUNT', `${name} cannot have ${to} workers; 1 to ${slotsMax} are possible`));
  }
  if (to === from) return ok({ program: name, from, to });

  const added = new Set(Array.from({ length: Math.max(0, to - from) }, (_, more) => from + more));
  const deadline = startDeadline(config) + stopDeadline(config);
  let failed: PortherdError | undefined;
  let begun = false;
  const done = settle(supervisor, name, deadline, (fact) => {
    if (!begun) return undefined;
    const now = supervisor.programs.get(name)?.fleet;
    if (fact?.event === 'failed' && added.has(fact.slot))
      failed ??= failure('SPAWN_ERROR', `${name}:${fact.slot}: ${fact.why}`);
    if (now?.wanted !== to) failed ??= failure('OVERTAKEN', `${name} was scaled to ${now?.wanted ?? 0} meanwhile`);
    if (failed !== undefined || now === undefined) return true;
    const complete = now.slots.length === to && [...added].every((slot) => isSettled(now.slots[slot]));
    return complete ? true : undefined;
  });
  begun = true;
  supervisor.send(name, { is: 'scale', to });
  if ((await done) === undefined) return err(failure('TIMED_OUT', `${name} did not reach ${to} workers in time`));
  return failed === undefined ? ok({ program: name, from, to }) : err(failed);

  /** A slot of a program that is stopped stays empty. */
  function isSettled(slot: (typeof fleet.slots)[number] | undefined): boolean {
    return slot !== undefined && (slot.seat.is === 'RUNNING' || isVacant(slot));
  }
}
