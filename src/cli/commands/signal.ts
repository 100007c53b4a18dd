import { reportFailure, reportMisuse } from '../failure.ts';
import { slotResultsReply } from '../replies.ts';
import type { Command } from '../session.ts';
import { showResults } from '../show-results.ts';

export const signal: Command = {
  name: 'signal',
  words: 'SIGNAL name… | all',
  summary: 'Send a signal to workers',
  details:
    'HUP, SIGHUP and 1 mean the same. Exits with 1 for an unknown signal or name, 7 when a named slot is not running.',
  completes: ['signal', 'name'],
  examples: [
    ['portherdctl signal USR1 web', 'to every worker of web'],
    ['portherdctl signal KILL web:0', 'to one; the slot gets a new worker'],
  ],

  async run(session) {
    const [name, ...names] = session.words;
    if (name === undefined || names.length === 0) {
      return reportMisuse(session, 'signal', 'signal requires a signal name and a process name', 1);
    }
    const answer = await session.client.post('/v1/signal', { signal: name, names }, slotResultsReply);
    if (answer.ok) return showResults(session, answer.value, 'signalled');
    const { error } = answer;
    if (error.code !== 'BAD_SIGNAL') return reportFailure(session, error);
    return showResults(
      session,
      names.map((its) => ({ name: its, error })),
      'signalled',
    );
  },
};
