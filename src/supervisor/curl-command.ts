import type { CurlLine, CurlRequest } from '../protocol/control-curl.ts';
import { failure } from '../shared/errors.ts';
import { err, type Result } from '../shared/result.ts';
import { slotName } from './names.ts';
import type { ProcessRef } from './ports.ts';
import { servingIn } from './serving-in.ts';
import type { Supervisor } from './supervisor.ts';

/**
 * A request to the worker that serves in one slot; during a roll that is not the one that leaves, nor its replacement before
 * it has taken the seat. A slot whose worker is still starting may be asked too: that is when one wants to know.
 *
 * Errors: BAD_NAME, BAD_REQUEST, NOT_RUNNING, and those of linux/curl.ts and linux/curl-exchange.ts.
 */
export async function curlSlot(
  supervisor: Supervisor,
  request: CurlRequest,
  tell: (line: CurlLine) => Promise<void>,
  abort: AbortSignal,
): Promise<Result<undefined>> {
  const { program: name, slot, port } = request;
  const program = supervisor.programs.get(name);
  if (program === undefined) return err(failure('BAD_NAME', `there is no program ${name}`));
  const { config, fleet } = program;
  if (fleet.slots[slot] === undefined) {
    const last = slotName(name, fleet.slots.length - 1);
    return err(failure('BAD_NAME', `there is no ${slotName(name, slot)}`, `The last slot is ${last}.`));
  }
  if (port !== undefined && !config.listen.some((listen) => listen.port === port)) {
    const ports = config.listen.map((listen) => listen.port).join(', ');
    return err(failure('BAD_REQUEST', `${name} does not listen on port ${port}`, `Its ports: ${ports || 'none'}.`));
  }
  if (request.method.toUpperCase() === 'CONNECT')
    return err(failure('BAD_REQUEST', 'CONNECT asks for a tunnel, and this is a request', ''));
  const serving = (): Result<ProcessRef> => servingIn(supervisor, name, slot);
  const now = serving();
  return now.ok ? supervisor.ports.curl.ask({ program: config, slot, request, serving }, tell, abort) : now;
}
