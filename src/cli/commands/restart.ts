import { reportFailure, reportMisuse } from '../failure.ts';
import { resultsExit } from '../render/result-text.ts';
import { restartReply } from '../replies.ts';
import type { Command } from '../session.ts';
import { showResults } from '../show-results.ts';

export const restart: Command = {
  name: 'restart',
  words: 'name… | all',
  summary: 'Stop, then start; not without loss (see roll)',
  details:
    'A whole program refuses connections between its stop and its start; `portherdctl roll` replaces its workers without ' +
    'that. It does not read the config again (see reread and update). Exits as start does, 1 without a name.',
  completes: ['name'],
  examples: [
    ['portherdctl restart web:2', 'one slot; the others serve'],
    ['portherdctl restart all', 'everything'],
  ],

  async run(session) {
    if (session.words.length === 0) return reportMisuse(session, 'restart', 'restart requires a process name', 1);
    const answer = await session.client.post('/v1/restart', { names: session.words }, restartReply);
    if (!answer.ok) return reportFailure(session, answer.error);
    const { stopped, started } = answer.value;
    if (session.json) {
      session.screen.print(JSON.stringify(answer.value));
      return resultsExit(started, 'started') || resultsExit(stopped, 'stopped');
    }
    // What was not running has nothing to be said of its stop, unless it was asked for by its own name.
    const stopExit = stopped.length === 0 ? 0 : showResults(session, stopped, 'stopped');
    return showResults(session, started, 'started') || stopExit;
  },
};
