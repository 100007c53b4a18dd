import type { ProgramResult } from '../protocol/control-update.ts';
import { reportFailure, unaskedExits } from './failure.ts';
import { programNamed } from './names.ts';
import { printable } from './screen.ts';
import type { Session } from './session.ts';
import { programResults } from './update-replies.ts';

/** `add` and `remove`: asks for each program named, and says what came of it in supervisorctl's words. Answers the exit code. */
export async function changePrograms(session: Session, verb: 'add' | 'remove'): Promise<number> {
  const { words, client, json, screen } = session;
  const programs = words.map(programNamed);
  const answer = await client.post(`/v1/${verb}`, { programs }, programResults);
  if (!answer.ok) {
    const { error } = answer;
    const text = error.code === 'SHUTTING_DOWN' ? 'ERROR: shutting down' : error.message;
    return reportFailure(session, error, { exits: unaskedExits, text });
  }
  if (json) screen.print(JSON.stringify(answer.value));
  else for (const result of answer.value) show(session, verb, result);
  if (words.length === 0) screen.note(`nothing to ${verb}: no program is named`);
  return answer.value.reduce((exit, { error }) => (error === undefined ? exit : exitOf(error) || exit), 0);
}

function show({ screen }: Session, verb: 'add' | 'remove', { name, error }: ProgramResult): void {
  if (error === undefined) return screen.print(`${name}: ${verb === 'add' ? 'added' : 'removed'} process group`);
  screen.print(screen.paint('red', `ERROR: ${reason(name, error)}`));
  if (error.advice !== '' && error.code !== 'BAD_NAME') screen.note(`  ${error.advice}`);
}

/** The first three are supervisorctl's. */
function reason(name: string, { code, message }: NonNullable<ProgramResult['error']>): string {
  switch (code) {
    case 'BAD_NAME':
      return `no such process/group: ${name}`;
    case 'ALREADY_ADDED':
      return 'process group already active';
    case 'STILL_RUNNING':
      return `process/group still running: ${name}`;
    default:
      return printable(message);
  }
}

/** What a start would exit with 2 for is 1 here, as in `update`: the daemon goes on. */
function exitOf({ code }: NonNullable<ProgramResult['error']>): number {
  return code === 'ALREADY_ADDED' ? 0 : 1;
}
