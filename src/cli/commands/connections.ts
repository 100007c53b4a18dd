import { setTimeout as pause } from 'node:timers/promises';
import { errorBody } from '../../protocol/control.ts';
import { failure } from '../../shared/errors.ts';
import { reportFailure } from '../failure.ts';
import { programNamed, programsNamed } from '../names.ts';
import { connectionsText } from '../render/connections-text.ts';
import { connectionsReply } from '../replies.ts';
import type { Command, Session } from '../session.ts';

export const connections: Command = {
  name: 'connections',
  words: '[program…]',
  summary: 'Show open connections, requests, accept queue and weight of each slot',
  details:
    'OPEN, TOTAL, REQUESTS and IN FLIGHT are reported by the workers; QUEUE (waiting to be accepted / its limit) and DROPS ' +
    'come from the kernel; WEIGHT is the share of new connections that a slot is to get. A - is a number that nobody reports.',
  options: { watch: { alias: 'w', value: '[SECONDS]', doc: 'Show it again and again, each 2 seconds' } },
  examples: [
    ['portherdctl connections', 'all programs'],
    ['portherdctl connections web -w 1', 'web, each second, until Ctrl-C'],
    ['portherdctl connections --json', 'for scripts'],
  ],

  async run(session) {
    const seconds = session.flags.has('watch') ? Number(session.flags.text('watch') || 2) : undefined;
    if (seconds === undefined) return show(session, '');
    if (!(seconds >= 0.1 && seconds <= 3_600)) {
      const text = `option --watch: ${JSON.stringify(session.flags.text('watch'))} is not a number of seconds from 0.1 to 3600`;
      return reportFailure(session, errorBody(failure('BAD_ARGUMENTS', text, 'Write programs before it.')));
    }
    for (;;) {
      const exit = await show(session, session.screen.terminal && !session.json ? '\u001B[H\u001B[J' : '');
      if (exit !== 0) return exit;
      await pause(seconds * 1_000);
    }
  },
};

/** `before` clears a terminal in the same write, so that it does not flicker. */
async function show(session: Session, before: string): Promise<number> {
  const { words, json, client, screen } = session;
  const answer = await client.get('/v1/connections', connectionsReply);
  if (!answer.ok) return reportFailure(session, answer.error);
  const all = answer.value.programs;
  const wanted = programsNamed(words);
  const unknown = words.find((word) => word !== 'all' && !all.some(({ name }) => name === programNamed(word)));
  if (unknown !== undefined)
    return reportFailure(session, errorBody(failure('BAD_NAME', `no such program: ${unknown}`)));
  const programs = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
  screen.print(json ? JSON.stringify({ programs }) : before + connectionsText(programs, screen.terminal).join('\n'));
  return 0;
}
