import type { ProgramConfig } from '../config/schema.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Ports } from './ports.ts';

/** What must hold before the first process starts. */
export interface PortCheck {
  /** PORT_IN_USE names the holder, also when it would let others join its SO_REUSEPORT group. */
  readonly checkPortFree: (host: string, port: number) => Result<undefined>;
  /** What the kernel makes of a backlog, when that is less than wanted. */
  readonly backlogCut: (wanted: number) => number | undefined;
}

/** The first thing that is wrong, before anything has been changed: a missing program, a port that somebody holds. */
export function preflight(programs: readonly ProgramConfig[], ports: Ports, check: PortCheck): Result<undefined> {
  for (const program of programs) {
    const prepared = ports.processes.prepare(program);
    if (!prepared.ok) return err({ ...prepared.error, message: `${program.name}: ${prepared.error.message}` });
    for (const { host, port, backlog } of program.listen) {
      const free = check.checkPortFree(host, port);
      if (!free.ok) return err({ ...free.error, message: `${program.name}: ${free.error.message}` });
      const cut = check.backlogCut(backlog);
      if (cut === undefined) continue;
      const fields = { event: 'backlogCut', program: program.name, port, wanted: backlog, got: cut };
      ports.log.warn(fields, 'net.core.somaxconn cuts the backlog; raise it to hold more waiting connections');
    }
  }
  return ok();
}
