import { isVacant } from '../core/seat.ts';
import { errorBody } from '../protocol/control.ts';
import type { ProgramResult } from '../protocol/control-update.ts';
import { failure } from '../shared/errors.ts';
import { err, type Result, ok } from '../shared/result.ts';
import { bootProgram } from './boot.ts';
import { programName } from './names.ts';
import { preflightProgram } from './preflight.ts';
import type { Supervisor } from './supervisor.ts';

/** supervisord's add and remove: a program of the config file comes into operation, or leaves it. */

/** Errors: BAD_NAME, ALREADY_ADDED, those of the file, and what is in the way of the program (a port, a missing command). */
export function addProgram(supervisor: Supervisor, name: string): Result<undefined> {
  if (supervisor.programs.has(name)) return err(failure('ALREADY_ADDED', `${name} is in operation already`));
  const next = supervisor.ports.configFile.read();
  if (!next.ok) return next;
  const config = next.value.programs.find((program) => program.name === name);
  if (config === undefined) return err(failure('BAD_NAME', `the config has no program ${name}`));
  const checked = preflightProgram(config, supervisor.ports);
  return checked.ok ? bootProgram(supervisor, config) : checked;
}

/** Errors: BAD_NAME, STILL_RUNNING. */
export function removeProgram(supervisor: Supervisor, name: string): Result<undefined> {
  const program = supervisor.programs.get(name);
  if (program === undefined) return err(failure('BAD_NAME', `there is no program ${name}`));
  if (!program.fleet.slots.every(isVacant)) return err(failure('STILL_RUNNING', `${name} still runs`));
  supervisor.remove(name);
  return ok();
}

/** One after the other; one that fails does not keep the next from being tried. */
export function eachProgram(
  supervisor: Supervisor,
  names: readonly string[],
  act: (supervisor: Supervisor, name: string) => Result<undefined>,
): readonly ProgramResult[] {
  return names.map(programName).map((name) => {
    const acted = act(supervisor, name);
    return acted.ok ? { name } : { name, error: errorBody(acted.error) };
  });
}
