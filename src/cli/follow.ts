import { type ErrorBody, errorBody } from '../protocol/control.ts';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Shape } from './fits.ts';
import type { Session } from './session.ts';

/** How the daemon's work ended; without `error` all went well. */
export interface Outcome {
  readonly error?: ErrorBody;
}

export interface Followed<Line> {
  readonly path: string;
  readonly body: object;
  readonly line: Shape<Line>;
  /** The last line's. */
  readonly outcomeOf: (line: Line) => Outcome | undefined;
  /** Not called with --json, where every line is printed as it came. */
  readonly show: (line: Line) => void;
  /** What Ctrl-C says: it ends the waiting, not the work. */
  readonly goesOn: string;
}

/** Asks for work that is reported line by line, and stays until its end. The error is one of the request, not of the work. */
export async function follow<Line>(
  { client, screen, json }: Session,
  { path, body, line, outcomeOf, show, goesOn }: Followed<Line>,
): Promise<Result<Outcome, ErrorBody>> {
  let outcome: Outcome | undefined;
  const onLine = (its: Line): void => {
    outcome = outcomeOf(its) ?? outcome;
    if (json) screen.print(JSON.stringify(its));
    else show(its);
  };
  const interrupted = (): void => {
    screen.note(goesOn);
    process.exit(130); // 128 + SIGINT, as shells have it.
  };
  process.once('SIGINT', interrupted);
  const answer = await client.stream(path, body, line, onLine);
  process.off('SIGINT', interrupted);
  if (!answer.ok) return answer;
  return outcome === undefined ? err(lost()) : ok(outcome);
}

function lost(): ErrorBody {
  const advice = 'The work may go on; `portherdctl status` shows it.';
  return errorBody(failure('BAD_REPLY', 'the daemon closed the connection before the end', advice));
}
