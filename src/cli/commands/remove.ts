import { changePrograms } from '../change-program.ts';
import type { Command } from '../session.ts';

export const remove: Command = {
  name: 'remove',
  words: 'program…',
  summary: 'Take stopped programs out of operation',
  details:
    'The file is not changed: the next `update` adds a program again that is still in it. Exits with 1 when a slot of it ' +
    'still runs, or there is no such program.',
  completes: ['program'],
  examples: [['portherdctl stop shop && portherdctl remove shop', 'stop it, then forget it']],
  run: (session) => changePrograms(session, 'remove'),
};
