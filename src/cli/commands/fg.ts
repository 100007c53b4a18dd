import { setTimeout as pause } from 'node:timers/promises';
import { errorBody, type SlotStatus } from '../../protocol/control.ts';
import type { LogStream } from '../../protocol/control-logs.ts';
import { describeError, failure } from '../../shared/errors.ts';
import { reportFailure } from '../failure.ts';
import { sendTyped } from '../fg-input.ts';
import { logView } from '../log-lines.ts';
import { type LogSource, logPlaces, logSource } from '../log-source.ts';
import { noSuchName, slotsNamed } from '../names.ts';
import { statusReply } from '../replies.ts';
import type { Command, Session } from '../session.ts';
import { tailBytes } from '../show-log.ts';

export const fg: Command = {
  name: 'fg',
  words: 'name',
  summary: 'Show what one worker writes, and send it what is typed',
  details:
    'Both its stdout and its stderr, as `tail -f` does, until Ctrl-C or the end of the worker; a roll of the slot goes by unseen. ' +
    'Each line that is typed goes to its standard input; Ctrl-D leaves. After the last line of a pipe it waits a second for ' +
    'the answer. Exits with 1 when the worker does not run, or cannot be written to (`stdin: none`).',
  completes: ['slot'],
  examples: [['portherdctl fg web:0', 'watch the first worker of web, and talk to it']],

  async run(session) {
    const [name, ...more] = session.words;
    if (name === undefined) return refuse(session, 'no process name supplied', 'See `portherdctl help fg`.');
    if (more.length > 0) return refuse(session, 'too many process names supplied', 'One worker is watched at a time.');
    const answer = await session.client.get('/v1/status', statusReply);
    if (!answer.ok) return reportFailure(session, answer.error);
    const slots = slotsNamed(answer.value.programs, name) ?? [];
    const [slot] = slots;
    if (slot === undefined) return refuse(session, 'bad process name supplied', noSuchName(name));
    if (slots.length > 1)
      return refuse(session, 'bad process name supplied', `Name one of its workers, such as ${slot.name}.`);
    if (slot.state !== 'RUNNING') return refuse(session, 'process not running', `${slot.name} is ${slot.state}.`);
    const sources = await outputOf(session, slot);
    if (typeof sources === 'number') return sources;
    return watch(session, slot, sources);
  },
};

/** The words are supervisorctl's. */
function refuse(session: Session, why: string, advice: string): number {
  return reportFailure(session, { ...errorBody(failure('BAD_REQUEST', `ERROR: ${why}`, advice)), exit: 1 });
}

async function outputOf(session: Session, { name }: SlotStatus): Promise<readonly LogSource[] | number> {
  const found = new Map<string, LogSource>();
  let reason = `${name} has no log`;
  for (const stream of streams) {
    const ask = { name, stream };
    const answer = await session.client.post('/v1/logs/where', ask, logPlaces);
    if (!answer.ok) return reportFailure(session, answer.error);
    for (const place of answer.value) {
      reason = place.error?.message ?? reason;
      // With stderr in stdout both are one file.
      if (place.path !== undefined && !found.has(place.path))
        found.set(place.path, await logSource(session.client, { ...place, path: place.path }, ask));
    }
  }
  return found.size === 0 ? refuse(session, 'no log file', reason) : [...found.values()];
}

const streams: readonly LogStream[] = ['stdout', 'stderr'];

/** Does not return while the worker runs. The following itself has no end, so the process ends with it. */
async function watch(
  { client, screen, json }: Session,
  { name }: SlotStatus,
  sources: readonly LogSource[],
): Promise<number> {
  const leave = (exit: number): never => {
    for (const view of views) view.flush();
    screen.note('Exiting foreground');
    process.exit(exit);
  };
  process.once('SIGINT', () => leave(0));
  screen.note('==> Press Ctrl-C to exit <==');
  const views = sources.map((source) => {
    const view = logView(screen, json, name, undefined);
    const follow = async (): Promise<void> => {
      const error = await source.follow(tailBytes, view);
      if (error !== undefined) screen.note(error.message);
    };
    void follow();
    return view;
  });
  const send = async (): Promise<void> => {
    const { any, error } = await sendTyped(client, name, process.stdin);
    const killed = error?.code === 'NOT_RUNNING';
    if (error !== undefined) screen.note(killed ? 'Process got killed' : describeError(error));
    if (error !== undefined) return leave(killed ? 0 : 1);
    if (process.stdin.isTTY) return leave(0);
    // Without a word there is nobody who types (a service, cron): it is only watched.
    if (any) setTimeout(() => leave(0), answerMs);
  };
  void send();
  for (;;) {
    await pause(askEachMs);
    const status = await client.get('/v1/status', statusReply);
    const slot = status.ok ? slotsNamed(status.value.programs, name)?.[0] : undefined;
    if (slot?.state === 'RUNNING') continue;
    // Its last words may not have been looked at yet.
    await pause(askEachMs);
    screen.note(status.ok ? 'Process got killed' : status.error.message);
    return leave(0);
  }
}

const askEachMs = 500;

/** From a pipe's last line to the end, as long as a person would wait for an answer. */
const answerMs = 1_000;
