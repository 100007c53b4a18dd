import type { ErrorBody } from '../protocol/control.ts';
import type { LogPlace, LogStream } from '../protocol/control-logs.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { logText } from '../shared/log-text.ts';
import { reportFailure, reportMisuse } from './failure.ts';
import { logView, prefixes } from './log-lines.ts';
import { logPlaces, logSource } from './log-source.ts';
import type { Session } from './session.ts';

/** What `tail` and `maintail` share: words as supervisorctl takes them, and the showing. Answers the exit code. */
export interface Asked {
  readonly command: 'tail' | 'maintail';
  readonly name?: string;
  readonly stream: LogStream;
  readonly bytes: number;
  readonly follow: boolean;
}

/** supervisorctl's own figure. */
export const tailBytes = 1_600;

export async function showLog(session: Session, asked: Asked): Promise<number> {
  const { client, json, screen } = session;
  const { name, stream, follow } = asked;
  const ask = name === undefined ? { stream } : { name, stream };
  const found = await client.post('/v1/logs/where', ask, logPlaces);
  if (!found.ok) return reportFailure(session, found.error);
  const exit = found.value.reduce((code, place) => reportMissing(session, place, asked) || code, 0);
  const places = found.value.flatMap((place) => (place.path === undefined ? [] : [{ ...place, path: place.path }]));
  if (places.length === 0) return exit;
  const fronts = found.value.length > 1 ? prefixes(places.map((place) => place.name)) : [];
  if (follow) {
    process.once('SIGINT', () => process.exit(0)); // as supervisorctl ends
    screen.note('==> Press Ctrl-C to exit <==');
  }
  const shows = places.map(async (place, at): Promise<ErrorBody | undefined> => {
    const source = await logSource(client, place, name === undefined ? ask : { ...ask, name: place.name });
    const view = logView(screen, json && follow, place.name, fronts[at]);
    if (follow) return source.follow(asked.bytes, view);
    const end = await source.end(asked.bytes);
    if (!end.ok) return end.error;
    if (json) screen.print(JSON.stringify({ name: place.name, stream, text: logText(end.value) }));
    else view.bytes(end.value);
    view.flush();
    // supervisorctl ends what it prints with a newline.
    if (!json && fronts.length === 0 && !screen.terminal) screen.print('');
    return undefined;
  });
  const errors = (await Promise.all(shows)).filter((error) => error !== undefined);
  return errors.reduce((code, error) => reportFailure(session, error) || code, exit);
}

/** supervisorctl's words. */
function reportMissing(session: Session, { name, error }: LogPlace, { command }: Asked): number {
  if (error === undefined) return 0;
  const subject = command === 'maintail' ? 'portherd' : name;
  const reason = reasons[error.code] ?? error.message;
  const advice = error.code === 'NO_LOG' ? `${error.message}. ${error.advice}`.trim() : error.advice;
  return reportFailure(
    session,
    { ...error, advice },
    { text: `${subject}: ERROR (${reason})`, exits: { BAD_NAME: 1 } },
  );
}

const reasons: Partial<Record<ErrorCode, string>> = { NO_LOG: 'no log file', BAD_NAME: 'no such process name' };

/** `-f`, `-N`, then what `rest` takes; or why not. */
export async function readTailWords(
  session: Session,
  command: 'tail' | 'maintail',
  words: readonly string[],
): Promise<{ readonly bytes: number; readonly rest: readonly string[] } | number> {
  const numbers = words.filter((word) => word.startsWith('-'));
  const rest = words.filter((word) => !word.startsWith('-'));
  const [written] = numbers;
  const bytes = written === undefined ? tailBytes : Number(written.slice(1));
  if (numbers.length > 1 || !Number.isSafeInteger(bytes) || bytes < 1)
    return reportMisuse(session, command, `bad argument ${numbers.at(-1)}`, 1);
  return { bytes, rest };
}
