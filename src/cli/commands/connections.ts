import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectionsReply, type ErrorBody, errorBody } from '../../protocol/control.ts';
import { failure } from '../../shared/errors.ts';
import { err, ok, type Result } from '../../shared/result.ts';
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
    'OPEN, TOTAL, REQUESTS and IN FLIGHT are reported by the workers (Node). KERNEL is what the kernel says that the slot’s ' +
    'processes hold, in any language, and RESIDUAL is KERNEL − OPEN: 0 when quiet, a few in traffic. SHARE is of OPEN, ' +
    'or of KERNEL where nobody counts; skew, in the last line, is the largest ÷ the mean of the running slots: 1.00 is even. ' +
    'QUEUE (waiting to be accepted / its limit) and DROPS are the kernel’s; WEIGHT is the share of new connections that a slot ' +
    'is to get. A - is a number that nobody reports. On a terminal a bar shows SHARE, half of it is an even one; what does not ' +
    'fit the width is left out. Counting costs the daemon 4 ms at 100 connections and 100 ms, in short turns, at 16,000; ' +
    'a costly count is given again for up to a second.',
  options: { watch: { alias: 'w', value: '[SECONDS]', doc: 'Show it again and again, each 2 seconds, until Ctrl-C' } },
  completes: ['program'],
  examples: [
    ['portherdctl connections', 'all programs'],
    ['portherdctl connections web -w 1', 'web, each second, until Ctrl-C'],
    ['portherdctl connections --json', 'for scripts; with -w an object a line'],
  ],

  async run(session) {
    const { flags, screen, json } = session;
    const seconds = flags.has('watch') ? Number(flags.text('watch') || 2) : undefined;
    if (seconds === undefined) {
      const counted = await count(session);
      if (!counted.ok) return reportFailure(session, counted.error);
      print(session, counted.value);
      return 0;
    }
    if (!(seconds >= 0.1 && seconds <= 3_600)) {
      const text = `option --watch: ${JSON.stringify(flags.text('watch'))} is not a number of seconds from 0.1 to 3600`;
      return reportFailure(session, errorBody(failure('BAD_ARGUMENTS', text, 'Write programs before it.')));
    }
    const failed = json || !screen.terminal ? undefined : await watchPage(session, seconds);
    return reportFailure(session, failed ?? (await watchLines(session, seconds)));
  },
};

/** Until Ctrl-C, or the error that ends it; undefined when this terminal has no pages. */
async function watchPage(session: Session, seconds: number): Promise<ErrorBody | undefined> {
  using page = session.screen.page();
  if (page === undefined) return undefined;
  process.once('SIGINT', () => process.exit(130)); // 128 + SIGINT; the page closes at exit.
  process.once('SIGTERM', () => process.exit(143));
  for (;;) {
    const counted = await count(session);
    if (!counted.ok) return counted.error;
    const now = new Date().toTimeString().slice(0, 8);
    page.show((columns) => [
      `${now}  every ${seconds} s, Ctrl-C ends`,
      '',
      ...connectionsText(counted.value.programs, columns),
      ...notes(counted.value),
    ]);
    await pause(seconds * 1_000);
  }
}

async function watchLines(session: Session, seconds: number): Promise<ErrorBody> {
  for (let first = true; ; first = false) {
    const counted = await count(session);
    if (!counted.ok) return counted.error;
    if (!first && !session.json) session.screen.print('');
    print(session, counted.value);
    await pause(seconds * 1_000);
  }
}

function print({ json, screen }: Session, reply: ConnectionsReply): void {
  if (json) return screen.print(JSON.stringify(reply));
  screen.print(connectionsText(reply.programs, screen.terminal ? screen.columns : undefined).join('\n'));
  for (const note of notes(reply)) screen.note(note);
}

function notes({ incomplete }: ConnectionsReply): readonly string[] {
  return incomplete === undefined ? [] : [`the kernel’s count is not complete: ${incomplete}`];
}

/** Of the programs that were asked for. */
async function count({ words, client }: Session): Promise<Result<ConnectionsReply, ErrorBody>> {
  const answer = await client.get('/v1/connections', connectionsReply);
  if (!answer.ok) return answer;
  const all = answer.value.programs;
  const wanted = programsNamed(words);
  const unknown = words.find((word) => word !== 'all' && !all.some(({ name }) => name === programNamed(word)));
  if (unknown !== undefined) return err(errorBody(failure('BAD_NAME', `no such program: ${unknown}`)));
  return ok({ ...answer.value, programs: wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name)) });
}
