import { type ErrorBody, errorBody } from '../protocol/control.ts';
import { type ErrorCode, failure } from '../shared/errors.ts';
import type { Session } from './session.ts';

/** supervisorctl exits with 1 where it does not ask first whether there is a daemon: avail, reread, update, shutdown. */
export const unaskedExits: Partial<Record<ErrorCode, number>> = {
  DAEMON_ABSENT: 1,
  DAEMON_UNREACHABLE: 1,
  CONTROL_DENIED: 1,
};

/**
 * Reports why a command failed, as JSON with --json, else the reason on stdout (as supervisorctl does) and the advice on
 * stderr; answers the exit code: the command's own for this code, else the error's.
 */
export function reportFailure(
  { json, screen }: Pick<Session, 'json' | 'screen'>,
  error: ErrorBody,
  { exits = {}, text = error.message }: { exits?: Partial<Record<ErrorCode, number>>; text?: string } = {},
): number {
  const exit = exits[error.code] ?? error.exit;
  if (json) screen.print(JSON.stringify({ error: { ...error, exit } }));
  else {
    screen.print(screen.paint('red', text));
    if (error.advice !== '') screen.note(`  ${error.advice}`);
  }
  return exit;
}

/** A command that was asked wrongly shows how it is used. supervisorctl's exit code is 1, but for `start` 2. */
export function reportMisuse(session: Session, command: string, message: string, exit: number): number {
  const code = exit === 2 ? 'BAD_ARGUMENTS' : 'BAD_REQUEST';
  const advice = `See \`portherdctl help ${command}\`.`;
  reportFailure(session, { ...errorBody(failure(code, `Error: ${message}`, advice)), exit });
  if (!session.json) session.screen.print(session.help(command)?.split('\n', 1).join() ?? '');
  return exit;
}
