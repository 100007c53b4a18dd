import { errorBody } from '../../protocol/control.ts';
import { failure } from '../../shared/errors.ts';
import { reportFailure } from '../failure.ts';
import { programNamed, programsNamed } from '../names.ts';
import { balanceText } from '../render/balance-text.ts';
import { balanceReply } from '../replies.ts';
import type { Command } from '../session.ts';

export const balance: Command = {
  name: 'balance',
  words: '[program…]',
  summary: 'Show why each slot gets the share of new connections that it gets',
  details:
    'OPEN is what a slot probably has: counted, waiting in its queue, and steered there since the count. TARGET is what it should ' +
    'have when the connections expected next have come, and DEFICIT what it gets of them. WEIGHT is its share of new connections. ' +
    'A - is a number that nobody reports.',
  options: {},
  completes: ['program'],
  examples: [
    ['portherdctl balance', 'all programs'],
    ['portherdctl balance web --json', 'for scripts'],
  ],

  async run(session) {
    const { words, json, client, screen } = session;
    const answer = await client.get('/v1/balance', balanceReply);
    if (!answer.ok) return reportFailure(session, answer.error);
    const all = answer.value.programs;
    const wanted = programsNamed(words);
    const unknown = words.find((word) => word !== 'all' && !all.some(({ name }) => name === programNamed(word)));
    if (unknown !== undefined)
      return reportFailure(session, errorBody(failure('BAD_NAME', `no such program: ${unknown}`)));
    const programs = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
    screen.print(json ? JSON.stringify({ programs }) : balanceText(programs).join('\n'));
    return 0;
  },
};
