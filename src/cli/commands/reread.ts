import { reportFailure, reportMisuse, unaskedExits } from '../failure.ts';
import { rereadLines } from '../render/change-text.ts';
import type { Command } from '../session.ts';
import { rereadReply } from '../update-replies.ts';

export const reread: Command = {
  name: 'reread',
  words: '',
  summary: 'Read the config again and say what differs; changes nothing',
  details:
    'available: new · changed · disappeared. `portherdctl update` applies it. Exits with 1 when the config is bad.',
  options: { verbose: { alias: 'v', doc: 'Which keys changed, and what applying them takes' } },
  examples: [
    ['portherdctl reread', 'what an update would touch'],
    ['portherdctl reread -v', 'and what it would take'],
  ],

  async run(session) {
    if (session.words.length > 0) return reportMisuse(session, 'reread', 'reread accepts no arguments', 1);
    const answer = await session.client.post('/v1/reread', {}, rereadReply);
    if (!answer.ok) {
      const { error } = answer;
      if (error.code in unaskedExits) return reportFailure(session, error, { exits: unaskedExits });
      const text = error.code === 'SHUTTING_DOWN' ? 'ERROR: supervisor shutting down' : `ERROR: ${error.message}`;
      // A bad config is not the 2 of a start: the daemon goes on with the one it has.
      return reportFailure(session, { ...error, exit: 1 }, { text });
    }
    const lines = rereadLines(answer.value, session.flags.has('verbose'));
    if (session.json) session.screen.print(JSON.stringify(answer.value));
    else for (const line of lines) session.screen.print(line);
    return 0;
  },
};
