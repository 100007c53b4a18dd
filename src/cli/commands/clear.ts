import { reportFailure, reportMisuse } from '../failure.ts';
import { slotResultsReply } from '../replies.ts';
import type { Command } from '../session.ts';
import { showResults } from '../show-results.ts';

export const clear: Command = {
  name: 'clear',
  words: 'name… | all',
  summary: 'Empty the logs of workers',
  details:
    'Their stdout and stderr files, while they write on; backups stay. Exits with 1 without a name or for an unknown one.',
  completes: ['name'],
  examples: [
    ['portherdctl clear web:0', 'of one worker'],
    ['portherdctl clear all', 'of all of them'],
  ],

  async run(session) {
    if (session.words.length === 0) return reportMisuse(session, 'clear', 'clear requires a process name', 1);
    const answer = await session.client.post('/v1/logs/clear', { names: session.words }, slotResultsReply);
    if (!answer.ok) return reportFailure(session, answer.error);
    return showResults(session, answer.value, 'cleared');
  },
};
