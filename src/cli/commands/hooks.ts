import { reportFailure, reportMisuse } from '../failure.ts';
import { hooksReply, hookTestReply } from '../hook-replies.ts';
import { hooksText } from '../render/hooks-text.ts';
import { formatTook } from '../render/uptime.ts';
import type { Command, Session } from '../session.ts';

export const hooks: Command = {
  name: 'hooks',
  words: '[test hook]',
  summary: 'Show who is told of events, and how that goes; or try one',
  details:
    'QUEUED wait; FAILED were given up, after all attempts or because the receiver refused them; DROPPED were the oldest of more ' +
    'than the hook’s queue takes. `test` sends an event called test, before all that waits, once; it exits with 1 when that is ' +
    'not taken.',
  completes: ['hookVerb', 'hook'],
  examples: [
    ['portherdctl hooks', 'all of them'],
    ['portherdctl hooks test page', 'does it work?'],
    ['portherdctl hooks --json', 'for scripts'],
  ],

  async run(session) {
    const [verb, hook, ...more] = session.words;
    if (verb === undefined) return show(session);
    if (verb === 'test' && hook !== undefined && more.length === 0) return test(session, hook);
    return reportMisuse(session, 'hooks', 'hooks takes no words, or test and the name of one', 2);
  },
};

async function show(session: Session): Promise<number> {
  const { client, screen, json } = session;
  const answer = await client.get('/v1/hooks', hooksReply);
  if (!answer.ok) return reportFailure(session, answer.error);
  screen.print(json ? JSON.stringify(answer.value) : hooksText(answer.value.hooks, Date.now()).join('\n'));
  return 0;
}

async function test(session: Session, hook: string): Promise<number> {
  const { client, screen, json } = session;
  const answer = await client.post('/v1/hooks/test', { hook }, hookTestReply);
  if (!answer.ok) return reportFailure(session, answer.error);
  const { id, tookMs } = answer.value;
  screen.print(json ? JSON.stringify(answer.value) : `${hook}: delivered ${id} in ${formatTook(tookMs)}`);
  return 0;
}
