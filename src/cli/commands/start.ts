import { reportFailure, reportMisuse } from '../failure.ts';
import { slotResultsReply } from '../replies.ts';
import type { Command } from '../session.ts';
import { showResults } from '../show-results.ts';

export const start: Command = {
  name: 'start',
  words: 'name… | all',
  summary: 'Start slots and wait until they are ready',
  details:
    'A bare program name means all its slots. Exits with 0 also when it runs already, 1 when there is no such slot or no such ' +
    'file, 2 without a name or for an unknown group:*, 7 when it does not stay up.',
  completes: ['name'],
  examples: [
    ['portherdctl start web', 'all slots of web'],
    ['portherdctl start web:0 web:1', 'two slots'],
    ['portherdctl start all', 'everything'],
  ],

  async run(session) {
    if (session.words.length === 0) return reportMisuse(session, 'start', 'start requires a process name', 2);
    const answer = await session.client.post('/v1/start', { names: session.words }, slotResultsReply);
    return answer.ok ? showResults(session, answer.value, 'started') : reportFailure(session, answer.error);
  },
};
