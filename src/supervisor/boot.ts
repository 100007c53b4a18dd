import type { ProgramConfig } from '../config/schema.ts';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Supervisor } from './supervisor.ts';

/** Takes a program under supervision and, with `autostart`, starts it. Nothing changes when it cannot be prepared. */
export function bootProgram(supervisor: Supervisor, config: ProgramConfig): Result<undefined> {
  if (supervisor.closing) return err(failure('SHUTTING_DOWN', 'the daemon is shutting down'));
  const prepared = supervisor.ports.processes.prepare(config);
  if (!prepared.ok) return prepared;
  supervisor.add(config, prepared.value);
  if (config.autostart)
    supervisor.send(config.name, { is: 'start', slots: Array.from({ length: config.workers }, (_, slot) => slot) });
  return ok();
}
