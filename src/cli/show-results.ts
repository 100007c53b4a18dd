import type { SlotResult } from '../protocol/control.ts';
import { type Deed, resultDetail, resultLine, resultsExit } from './render/result-text.ts';
import type { Session } from './session.ts';

/** Prints what start, stop or signal did to each slot, details on stderr; answers the exit code. */
export function showResults({ json, screen }: Session, results: readonly SlotResult[], deed: Deed): number {
  if (json) screen.print(JSON.stringify(results));
  else {
    for (const result of results) {
      const line = resultLine(result, deed);
      screen.print(result.error === undefined ? line : screen.paint('red', line));
      const detail = resultDetail(result);
      if (detail !== undefined) screen.note(detail);
    }
    if (results.length === 0) screen.note(nothing[deed]);
  }
  return resultsExit(results, deed);
}

/** supervisorctl is silent on stdout about slots that a wildcard need not touch. */
const nothing: Readonly<Record<Deed, string>> = {
  started: 'nothing to do: all of them are started',
  stopped: 'nothing to do: none of them runs',
  signalled: 'nothing to do: none of them runs',
  cleared: 'nothing to do: there is no worker',
};
