import { changePrograms } from '../change-program.ts';
import type { Command } from '../session.ts';

export const add: Command = {
  name: 'add',
  words: 'program…',
  summary: 'Bring programs of the config file into operation',
  details:
    'Those that `reread` calls available; with autostart they start at once. It does not touch what runs: `update` applies ' +
    'everything that differs. Exits with 0 also when the program is in operation already, 1 when the file has none of that name.',
  completes: ['configured'],
  examples: [['portherdctl add shop', 'after shop has been written into the config']],
  run: (session) => changePrograms(session, 'add'),
};
