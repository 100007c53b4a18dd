import { type ErrorBody, errorBody, type ProgramStatus, type SlotStatus } from '../../protocol/control.ts';
import { failure } from '../../shared/errors.ts';
import { stoppedStates } from '../../shared/states.ts';
import { reportFailure } from '../failure.ts';
import { noSuchName, slotsNamed } from '../names.ts';
import { detailedStatus, statusNotes, statusRows } from '../render/status-text.ts';
import { statusReply } from '../replies.ts';
import type { Command, Session } from '../session.ts';

/** supervisorctl's (LSB) exit codes: 3 when a shown slot is stopped, else 4 when a name is unknown or there is no daemon. */
const notRunning = 3;
const unknown = 4;

export const status: Command = {
  name: 'status',
  words: '[name…]',
  summary: 'Show the state of each slot',
  details:
    'A row for each slot: name, state, and what there is to say of it.\n' +
    'Exits with 0 when all shown are up or coming up, 3 when one is stopped, 4 when a name is unknown or no daemon answers.',
  options: { verbose: { alias: 'v', doc: 'Ports, generation, weight, memory, leaving workers, logs, last failure' } },
  completes: ['name'],
  examples: [
    ['portherdctl status', 'all slots'],
    ['portherdctl status web web:0 other:*', 'a program, a slot, a program in supervisorctl’s way'],
    ['portherdctl status -v web', 'with log paths and why it failed'],
    ['portherdctl status --json', 'for scripts'],
  ],

  async run(session) {
    const { words, flags, json, client, screen } = session;
    const answer = await client.get('/v1/status', statusReply);
    if (!answer.ok) {
      const { error } = answer;
      return reportFailure(session, { ...error, exit: error.code === 'UNAUTHORIZED' ? error.exit : unknown });
    }
    const reply = answer.value;
    const all = words.length === 0 || words.includes('all');
    const wrong = all ? [] : words.filter((word) => slotsNamed(reply.programs, word) === undefined);
    const chosen = all
      ? reply.programs.flatMap(({ slots }) => slots)
      : words.flatMap((word) => slotsNamed(reply.programs, word) ?? []);
    const grouped = group(reply.programs, chosen);
    if (json) {
      const programs = grouped.map(([program, slots]) => ({ ...program, slots }));
      screen.print(
        JSON.stringify({ daemon: reply.daemon, programs, ...(wrong.length > 0 && { errors: wrong.map(nameError) }) }),
      );
    } else {
      for (const word of wrong) screen.print(screen.paint('red', noSuchName(word)));
      const rows = flags.has('verbose') ? detailedStatus(grouped, screen.paint) : statusRows(chosen, screen.paint);
      for (const row of rows) screen.print(row);
      notes(session, statusNotes(reply));
    }
    if (chosen.some(({ state }) => stoppedStates.includes(state))) return notRunning;
    return wrong.length > 0 ? unknown : 0;
  },
};

function nameError(word: string): ErrorBody {
  return { ...errorBody(failure('BAD_NAME', noSuchName(word))), exit: unknown };
}

function group(programs: readonly ProgramStatus[], chosen: readonly SlotStatus[]): [ProgramStatus, SlotStatus[]][] {
  return programs
    .map((program): [ProgramStatus, SlotStatus[]] => [program, program.slots.filter((slot) => chosen.includes(slot))])
    .filter(([, slots]) => slots.length > 0);
}

function notes({ screen }: Session, lines: readonly string[]): void {
  for (const line of lines) screen.note(line);
}
