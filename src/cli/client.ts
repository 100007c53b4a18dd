import { type ErrorBody, errorBody, versionHeader } from '../protocol/control.ts';
import { unreachable } from '../shared/assert.ts';
import { errorCodes, failure } from '../shared/errors.ts';
import { controlAliveMs, controlReadMsMax, controlReplyBytesMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type End, exchange, type Head } from './exchange.ts';
import { fits, type Shape } from './fits.ts';
import { type DaemonPlace, placeUrl } from './place.ts';
import { refusalReply, statusReply } from './replies.ts';

/**
 * The daemon, as a command sees it: typed replies or an ErrorBody that says why not, whether the daemon refused or is not
 * there. Reads have a deadline. What may take as long as a drain is waited for while the daemon still answers reads.
 */
export interface Client {
  /** The daemon's, once it has replied; undefined when it does not say. */
  readonly daemonVersion: string | undefined;
  readonly place: DaemonPlace;
  get<T>(path: string, reply: Shape<T>): Promise<Result<T, ErrorBody>>;
  post<T>(path: string, body: object, reply: Shape<T>): Promise<Result<T, ErrorBody>>;
  /** NDJSON: every line as it comes. */
  stream<T>(
    path: string,
    body: object,
    line: Shape<T>,
    onLine: (line: T) => void,
  ): Promise<Result<undefined, ErrorBody>>;
}

export class DaemonClient implements Client {
  daemonVersion: string | undefined;
  readonly place: DaemonPlace;
  /** The last connection ended without a word. */
  #dropped = false;

  constructor(place: DaemonPlace) {
    this.place = place;
  }

  async get<T>(path: string, reply: Shape<T>): Promise<Result<T, ErrorBody>> {
    const answer = await this.#ask('GET', path, undefined, 'deadline', undefined);
    // A daemon that replaces itself drops who it has accepted; the next image takes those who wait.
    const again = !answer.ok && this.#dropped;
    return whole(again ? await this.#ask('GET', path, undefined, 'deadline', undefined) : answer, reply);
  }

  async post<T>(path: string, body: object, reply: Shape<T>): Promise<Result<T, ErrorBody>> {
    return whole(await this.#ask('POST', path, body, 'alive', undefined), reply);
  }

  async stream<T>(
    path: string,
    body: object,
    line: Shape<T>,
    onLine: (line: T) => void,
  ): Promise<Result<undefined, ErrorBody>> {
    let wrong: ErrorBody | undefined;
    const end = await this.#ask('POST', path, body, 'alive', (written) => {
      const parsed = wrong === undefined && written.trim() !== '' ? parse(written, line) : undefined;
      if (parsed?.ok === true) onLine(parsed.value);
      else wrong ??= parsed?.error;
    });
    if (!end.ok) return end;
    return wrong === undefined ? ok() : err(wrong);
  }

  /** Resolves with the body, or with what is left of it after the last line when `onLine` takes the lines. */
  #ask(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    bound: 'deadline' | 'alive',
    onLine: ((line: string) => void) | undefined,
  ): Promise<Result<string, ErrorBody>> {
    const { promise, resolve } = Promise.withResolvers<Result<string, ErrorBody>>();
    let head: Head | undefined;
    let text = '';
    let settled = false;
    const settle = (result: Result<string, ErrorBody>): void => {
      settled = true;
      clearTimeout(timer);
      giveUp();
      resolve(result);
    };
    const giveUp = exchange({
      place: this.place,
      method,
      path,
      body: body === undefined ? undefined : JSON.stringify(body),
      onHead: (its) => {
        head = its;
        this.daemonVersion = its.headers.get(versionHeader);
      },
      onText: (more) => {
        text += more;
        if (onLine !== undefined && head?.status === 200) text = cutLines(text, onLine);
        if (text.length > controlReplyBytesMax) settle(badReply('it does not end'));
      },
      onEnd: (end) => {
        this.#dropped = head === undefined && (end.is === 'cut' || (end.is === 'failed' && end.code === 'ECONNRESET'));
        settle(head !== undefined && head.status !== 200 ? refusal(head, text) : this.#ended(end, text, head));
      },
    });
    const silent = (): void => settle(err(this.#silent()));
    const check = async (): Promise<void> => {
      const status = await this.get('/v1/status', statusReply);
      if (settled) return;
      if (status.ok || status.error.code === 'SHUTTING_DOWN') timer = setTimeout(() => void check(), controlAliveMs);
      else silent();
    };
    let timer =
      bound === 'deadline' ? setTimeout(silent, controlReadMsMax) : setTimeout(() => void check(), controlAliveMs);
    return promise;
  }

  #silent(): ErrorBody {
    const seconds = controlReadMsMax / 1_000;
    return errorBody(failure('TIMED_OUT', `${placeUrl(this.place)} does not answer (waited ${seconds} s)`));
  }

  #ended(end: End, text: string, head: Head | undefined): Result<string, ErrorBody> {
    switch (end.is) {
      case 'complete':
        return ok(text);
      case 'malformed':
        return badReply(end.why);
      case 'cut':
        return err(lost);
      case 'failed':
        return head !== undefined || end.code === 'ECONNRESET' || end.code === 'EPIPE'
          ? err(lost)
          : err(connectError(this.place, end.code));
      default:
        return unreachable(end);
    }
  }
}

const lost = errorBody(failure('DAEMON_LOST', 'the daemon closed the connection before it had answered'));

/** The first two texts are supervisorctl's. */
function connectError(place: DaemonPlace, code: string): ErrorBody {
  const url = placeUrl(place);
  const advice =
    place.is === 'tcp' ? 'Check the host and the port of -s, and `supervisor.http` of its config.' : undefined;
  switch (code) {
    case 'ENOENT':
      return errorBody(failure('DAEMON_ABSENT', `${url} no such file`));
    case 'ECONNREFUSED':
      return errorBody(failure('DAEMON_UNREACHABLE', `${url} refused connection`, advice));
    case 'EACCES':
    case 'EPERM':
      return errorBody(failure('CONTROL_DENIED', `${url} permission denied`));
    default:
      return errorBody(
        failure('DAEMON_UNREACHABLE', `${url} cannot be reached (${code})`, advice ?? 'Check the path given with -s.'),
      );
  }
}

function whole<T>(answer: Result<string, ErrorBody>, reply: Shape<T>): Result<T, ErrorBody> {
  return answer.ok ? parse(answer.value, reply) : answer;
}

function parse<T>(written: string, reply: Shape<T>): Result<T, ErrorBody> {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    return badReply('it is not JSON');
  }
  return fits(reply, value) ? ok(value) : badReply(reply(value, '') ?? '');
}

/** A status other than 200 comes with an ErrorBody, whose code may be newer than this program. */
function refusal(head: Head, written: string): Result<string, ErrorBody> {
  const body = parse(written, refusalReply);
  if (!body.ok) return badReply(`HTTP ${head.status} without a reason`);
  const { error } = body.value;
  return err(error.code in errorCodes ? error : { ...error, code: 'INTERNAL' });
}

function badReply(why: string): Result<never, ErrorBody> {
  return err(errorBody(failure('BAD_REPLY', `the daemon's reply makes no sense: ${why}`)));
}

function cutLines(text: string, onLine: (line: string) => void): string {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  for (const line of lines) onLine(line);
  return rest;
}
