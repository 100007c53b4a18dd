import type { ProgramConfig } from '../config/schema.ts';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Supervisor } from './supervisor.ts';

/** Takes a program under supervision and, with `autostart`, starts it. Nothing changes when it cannot be prepared. */
export function bootProgram(supervisor: Supervisor, config: ProgramConfig): Result<undefined> {
  const added = addPrepared(supervisor, config);
  if (added.ok) startItself(supervisor, config);
  return added;
}

/** The first half: it is there, and not started. */
export function addPrepared(supervisor: Supervisor, config: ProgramConfig): Result<undefined> {
  if (supervisor.closing) return err(failure('SHUTTING_DOWN', 'the daemon is shutting down'));
  const prepared = supervisor.ports.processes.prepare(config);
  if (!prepared.ok) return prepared;
  supervisor.add(config, prepared.value);
  return ok();
}

export function startItself(supervisor: Supervisor, { name, workers, autostart }: ProgramConfig): void {
  if (autostart) supervisor.send(name, { is: 'start', slots: Array.from({ length: workers }, (_, slot) => slot) });
}
