import type { ProgramConfig } from '../config/schema.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Ports } from './ports.ts';

/** The first thing that is wrong, before anything has been changed: a missing program, a port that somebody holds. */
export function preflight(programs: readonly ProgramConfig[], ports: Ports): Result<undefined> {
  for (const program of programs) {
    const checked = preflightProgram(program, ports);
    if (!checked.ok) return checked;
  }
  return ok();
}

/** `held`: ports that the program holds now, which would only seem to be taken. */
export function preflightProgram(
  program: ProgramConfig,
  ports: Ports,
  held: readonly number[] = [],
): Result<undefined> {
  const prepared = ports.processes.prepare(program);
  if (!prepared.ok) return err({ ...prepared.error, message: `${program.name}: ${prepared.error.message}` });
  for (const { host, port, backlog } of program.listen) {
    const free = held.includes(port) ? ok() : ports.portCheck.free(host, port);
    if (!free.ok) return err({ ...free.error, message: `${program.name}: ${free.error.message}` });
    const cut = ports.portCheck.backlogCut(backlog);
    if (cut === undefined) continue;
    const fields = { event: 'backlogCut', program: program.name, port, wanted: backlog, got: cut };
    ports.log.warn(fields, 'net.core.somaxconn cuts the backlog; raise it to hold more waiting connections');
  }
  return ok();
}
