import { listensToEvents } from '../config/events-schema.ts';
import type { StdinReply, StdinRequest } from '../protocol/control-stdin.ts';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { resolveName, slotName } from './names.ts';
import { servingIn } from './serving-in.ts';
import type { Supervisor } from './supervisor.ts';

/** For the worker of one slot. Errors: BAD_NAME, NOT_RUNNING, NO_STDIN, STDIN_FULL. */
export async function sendStdin(supervisor: Supervisor, { name, text }: StdinRequest): Promise<Result<StdinReply>> {
  const named = resolveName(name, supervisor.programs);
  if (named.is === 'unknown') return err(failure('BAD_NAME', `there is no ${name}`));
  if (named.is === 'one') return sendTo(supervisor, named.program.config.name, named.slot, text);
  const [target, ...others] = named.targets;
  const [slot, ...more] = target?.slots ?? [];
  if (target === undefined || slot === undefined || others.length + more.length > 0)
    return err(failure('BAD_NAME', `${name} is more than one worker`, 'Name one of them, such as web:0.'));
  return sendTo(supervisor, target.program.config.name, slot, text);
}

export async function sendTo(
  supervisor: Supervisor,
  program: string,
  slot: number,
  text: string,
): Promise<Result<StdinReply>> {
  const config = supervisor.programs.get(program)?.config;
  // supervisord lets anybody talk in between, which breaks the listener's conversation.
  if (config !== undefined && listensToEvents(config))
    return err(failure('NO_STDIN', `${slotName(program, slot)} listens to events, by its standard input`, ''));
  const worker = servingIn(supervisor, program, slot);
  if (!worker.ok) return worker;
  const sent = await supervisor.ports.workerStdin.write(worker.value, text);
  if (sent.ok) return ok({ pid: worker.value.pid });
  const { code, message, advice } = sent.error;
  return err(failure(code, `${slotName(program, slot)}: ${message}`, advice));
}
