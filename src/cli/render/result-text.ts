import type { SlotResult } from '../../protocol/control.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { isGroupName, noSuchName } from '../names.ts';
import { printable } from '../screen.ts';

/** What was to be done, in supervisorctl's words: `web:0: started`. */
export type Deed = 'started' | 'stopped' | 'signalled' | 'cleared';

/** `web:0: started`, or supervisorctl's `web:0: ERROR (already started)`. */
export function resultLine({ name, error }: SlotResult, deed: Deed): string {
  if (error === undefined) return `${name}: ${deed}`;
  if (error.code === 'BAD_NAME') return noSuchName(name);
  return `${name}: ERROR (${reasons[error.code] ?? printable(error.message)})`;
}

/** More than the reason's word: for stderr. Undefined when the word says it all. */
export function resultDetail({ name, error }: SlotResult): string | undefined {
  if (error === undefined || quiet.includes(error.code)) return undefined;
  // Some reasons begin with the name themselves.
  const reason = printable(error.message).replace(`${name}: `, '');
  const message = reasons[error.code] === undefined ? [] : [`${name}: ${reason}`];
  const lines = error.advice === '' ? message : [...message, `  ${error.advice}`];
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** supervisorctl's exit code for all of them: the last that failed decides. */
export function resultsExit(results: readonly SlotResult[], deed: Deed): number {
  return results.reduce((exit, result) => resultExit(result, deed) || exit, 0);
}

const reasons: Partial<Record<ErrorCode, string>> = {
  NO_FILE: 'no such file',
  NOT_EXECUTABLE: 'file is not executable',
  ALREADY_STARTED: 'already started',
  NOT_RUNNING: 'not running',
  SPAWN_ERROR: 'spawn error',
  ABNORMAL_TERMINATION: 'abnormal termination',
  BAD_SIGNAL: 'bad signal name',
  LOG_UNUSABLE: 'failed',
};

/** Their word says it all. */
const quiet: readonly ErrorCode[] = ['BAD_NAME', 'ALREADY_STARTED', 'NOT_RUNNING', 'BAD_SIGNAL'];

function resultExit({ name, error }: SlotResult, deed: Deed): number {
  if (error === undefined) return 0;
  if (error.code === 'BAD_NAME') return deed === 'started' && isGroupName(name) ? 2 : 1;
  return exits[deed][error.code] ?? 1;
}

const exits: Readonly<Record<Deed, Partial<Record<ErrorCode, number>>>> = {
  started: { ALREADY_STARTED: 0, NOT_RUNNING: 7, SPAWN_ERROR: 7, ABNORMAL_TERMINATION: 7 },
  stopped: { NOT_RUNNING: 0 },
  signalled: { NOT_RUNNING: 7 },
  cleared: {},
};
