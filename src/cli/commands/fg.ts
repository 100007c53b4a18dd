import { setTimeout as pause } from 'node:timers/promises';
import { errorBody, type SlotStatus } from '../../protocol/control.ts';
import type { LogStream } from '../../protocol/control-logs.ts';
import { failure } from '../../shared/errors.ts';
import { reportFailure } from '../failure.ts';
import { logView } from '../log-lines.ts';
import { type LogSource, logPlaces, logSource } from '../log-source.ts';
import { noSuchName, slotsNamed } from '../names.ts';
import { statusReply } from '../replies.ts';
import type { Command, Session } from '../session.ts';
import { tailBytes } from '../show-log.ts';

export const fg: Command = {
  name: 'fg',
  words: 'name',
  summary: 'Show what one worker writes, until it ends',
  details:
    'Both its stdout and its stderr, as `tail -f` does, until Ctrl-C or the end of the worker; a roll of the slot goes by unseen. ' +
    'What is typed does not reach it: workers read from /dev/null. Exits with 1 when it does not run.',
  completes: ['slot'],
  examples: [['portherdctl fg web:0', 'watch the first worker of web']],

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
  screen.note(`==> Press Ctrl-C to exit <==\n${name} reads from /dev/null: what is typed here does not reach it`);
  const leave = (): never => {
    screen.note('Exiting foreground');
    process.exit(0);
  };
  process.once('SIGINT', leave);
  const views = sources.map((source) => {
    const view = logView(screen, json, name, undefined);
    const follow = async (): Promise<void> => {
      const error = await source.follow(tailBytes, view);
      if (error !== undefined) screen.note(error.message);
    };
    void follow();
    return view;
  });
  for (;;) {
    await pause(askEachMs);
    const status = await client.get('/v1/status', statusReply);
    const slot = status.ok ? slotsNamed(status.value.programs, name)?.[0] : undefined;
    if (slot?.state === 'RUNNING') continue;
    // Its last words may not have been looked at yet.
    await pause(askEachMs);
    for (const view of views) view.flush();
    screen.note(status.ok ? 'Process got killed' : status.error.message);
    return leave();
  }
}

const askEachMs = 500;
