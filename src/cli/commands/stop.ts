import { reportFailure, reportMisuse } from '../failure.ts';
import { slotResultsReply } from '../replies.ts';
import type { Command } from '../session.ts';
import { showResults } from '../show-results.ts';

export const stop: Command = {
  name: 'stop',
  words: 'name… | all',
  summary: 'Drain and stop slots, and wait until they are gone',
  details:
    'A worker accepts nothing new, finishes what is open, then gets its stop signal, and SIGKILL at the deadline. ' +
    'Exits with 0 also when it was not running, 1 for an unknown name.',
  completes: ['name'],
  examples: [
    ['portherdctl stop web', 'all slots of web; clients are refused then'],
    ['portherdctl stop web:3', 'one slot; the others take its connections'],
    ['portherdctl stop all', 'everything, the daemon stays'],
  ],

  async run(session) {
    if (session.words.length === 0) return reportMisuse(session, 'stop', 'stop requires a process name', 1);
    const answer = await session.client.post('/v1/stop', { names: session.words }, slotResultsReply);
    return answer.ok ? showResults(session, answer.value, 'stopped') : reportFailure(session, answer.error);
  },
};
