import type { AvailReply } from '../../protocol/control.ts';
import { reportFailure, reportMisuse, unaskedExits } from '../failure.ts';
import { availReply } from '../replies.ts';
import type { Command } from '../session.ts';

export const avail: Command = {
  name: 'avail',
  words: '',
  summary: 'List what is configured',
  details: 'Name, in use or only available, started by itself or by hand, priority of the program and the slot.',
  examples: [
    ['portherdctl avail', 'a line for each slot'],
    ['portherdctl avail --json', 'a program each'],
  ],

  async run(session) {
    if (session.words.length > 0) return reportMisuse(session, 'avail', 'avail accepts no arguments', 1);
    const answer = await session.client.get('/v1/avail', availReply);
    if (!answer.ok) {
      const { error } = answer;
      const text = error.code === 'SHUTTING_DOWN' ? 'ERROR: supervisor shutting down' : error.message;
      return reportFailure(session, error, { exits: unaskedExits, text });
    }
    if (session.json) session.screen.print(JSON.stringify(answer.value));
    else for (const line of answer.value.programs.flatMap(availLines)) session.screen.print(line);
    return 0;
  },
};

/** supervisorctl's columns; it prints the group's priority and the process's, which are one here. */
export function availLines({ name, inUse, autostart, priority, workers }: AvailReply['programs'][number]): string[] {
  const use = (inUse ? 'in use' : 'avail').padEnd(9);
  const begin = (autostart ? 'auto' : 'manual').padEnd(9);
  return Array.from(
    { length: workers },
    (_, slot) => `${`${name}:${slot}`.padEnd(32)} ${use} ${begin} ${priority}:${priority}`,
  );
}
