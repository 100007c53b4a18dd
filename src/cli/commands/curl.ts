import { type ErrorBody, errorBody } from '../../protocol/control.ts';
import type { CurlLine } from '../../protocol/control-curl.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { curlRequest } from '../curl-request.ts';
import { reportFailure } from '../failure.ts';
import { curlLine } from '../replies.ts';
import type { Command, Session } from '../session.ts';

export const curl: Command = {
  name: 'curl',
  words: 'program:slot [/path]',
  summary: 'Ask one worker, through the port that all share',
  details:
    'The connection is steered by its source port to the slot, and the kernel tells which process accepted it: only the ' +
    'worker that serves there sees the request, during a roll too. For any language, HTTP/1.1, IPv4 and IPv6; TLS with --tls, ' +
    'where the certificate is not checked unless --verify names a host. With `bind: worker` the kernel chooses among the ' +
    'workers, so it connects until the right one accepts.\n' +
    'The answer goes to stdout as it comes, 16 MiB at most. ' +
    'Exit codes are curl’s: 7 not running or cannot connect, 22 status 400 or above with --fail, 28 time-out, 35 no TLS, ' +
    '52 no answer, 56 cut off, 60 certificate, 63 too large; 1 no such slot.',
  options: {
    request: { alias: 'X', value: 'METHOD', doc: 'GET, or POST with --data, unless given' },
    header: { alias: 'H', value: 'LINE', many: true, doc: '`Name: value`; may be given several times' },
    data: { alias: 'd', value: '[BODY]', doc: 'Body, @FILE or @- for stdin; UTF-8 text, 64 KiB at most' },
    include: { alias: 'i', doc: 'Show the status line and the headers too' },
    fail: { alias: 'f', doc: 'No body and exit code 22 when the status is 400 or above' },
    timeout: { alias: 'm', value: 'SECONDS', doc: 'For everything together, 30 unless given; also as 500ms, 2m' },
    port: { alias: 'p', value: 'PORT', doc: 'Of several ports, this one; the first unless given' },
    tls: { doc: 'The port speaks TLS' },
    verify: { value: 'NAME', doc: 'Check the certificate for this host; means --tls' },
    insecure: { alias: 'k', doc: 'Do not check the certificate: that is so without --verify' },
  },
  completes: ['slot'],
  examples: [
    ['portherdctl curl web:3 /healthz', 'is worker 3 healthy?'],
    ['portherdctl curl web:0 / -i', 'with its headers, and the pid that answered on stderr'],
    ["portherdctl curl api:1 /flush -d '' -H 'X-Why: me'", 'a POST'],
    ['portherdctl curl web:2 / --tls -p 8443', 'over TLS'],
  ],

  async run(session) {
    const { flags, client, screen } = session;
    const request = curlRequest(session);
    if (!request.ok) return reportFailure(session, errorBody(request.error));
    const fail = flags.has('fail');
    const include = flags.has('include');
    const answer = new Answer(session, { fail, include });
    const ended = await client.stream('/v1/curl', request.value, curlLine, (line) => answer.take(line));
    if (!ended.ok) return failed(session, ended.error);
    if (answer.error !== undefined) return failed(session, answer.error);
    if (!answer.complete) return failed(session, lost);
    if (session.json) screen.print(JSON.stringify(answer.asJson()));
    return fail && answer.status >= 400 ? 22 : 0;
  },
};

/** Of what the daemon tells, what was asked to be shown. */
class Answer {
  readonly #session: Session;
  readonly #show: { readonly fail: boolean; readonly include: boolean };
  readonly #chunks: Buffer[] = [];
  #head: Extract<CurlLine, { t: 'head' }> | undefined;
  #finished: Extract<CurlLine, { t: 'finished' }> | undefined;

  constructor(session: Session, show: { readonly fail: boolean; readonly include: boolean }) {
    this.#session = session;
    this.#show = show;
  }

  get status(): number {
    return this.#head?.status ?? 0;
  }

  get complete(): boolean {
    return this.#finished !== undefined;
  }

  get error(): ErrorBody | undefined {
    return this.#finished?.error;
  }

  take(line: CurlLine): void {
    const { json, screen } = this.#session;
    switch (line.t) {
      case 'head':
        this.#head = line;
        if (!json && this.#show.include) this.#showHead(line);
        if (!json && this.#refused) screen.note(`the answer is ${line.status} ${line.reason}`.trimEnd());
        return;
      case 'body': {
        const chunk = Buffer.from(line.base64, 'base64');
        if (json) this.#chunks.push(chunk);
        else if (!this.#refused) screen.bytes(chunk);
        return;
      }
      case 'finished':
        this.#finished = line;
        return;
      default: // a newer daemon's
    }
  }

  /** Body as text where it is UTF-8. */
  asJson(): object {
    const bytes = Buffer.concat(this.#chunks);
    const text = bytes.toString('utf8');
    const body = Buffer.from(text).equals(bytes) ? { body: text } : { bodyBase64: bytes.toString('base64') };
    const { t: _head, ...head } = this.#head ?? { t: 'head' };
    return { ...head, tookMs: this.#finished?.tookMs, bytes: bytes.length, ...body };
  }

  get #refused(): boolean {
    return this.#show.fail && this.status >= 400;
  }

  #showHead({ httpVersion, status, reason, headers, pid, address, port }: Extract<CurlLine, { t: 'head' }>): void {
    const { screen } = this.#session;
    screen.note(`pid ${pid} answers at ${address.includes(':') ? `[${address}]` : address}:${port}`);
    const lines = [`HTTP/${httpVersion} ${status} ${reason}`.trimEnd(), ...headers.map((pair) => pair.join(': ')), ''];
    for (const line of lines) screen.bytes(Buffer.from(`${line}\r\n`));
  }
}

const lost: ErrorBody = {
  code: 'BAD_REPLY',
  message: 'the daemon closed the connection before the answer was complete',
  advice: '',
  exit: 56,
};

/** curl has 2 for what it cannot understand, and the daemon's absence is no worker's. */
function failed(session: Session, error: ErrorBody): number {
  const exits: Partial<Record<ErrorCode, number>> = { TIMED_OUT: 28 };
  const { json, screen } = session;
  if (json) return reportFailure(session, error, { exits });
  // stdout is the worker's.
  screen.note(screen.paint('red', error.message));
  if (error.advice !== '') screen.note(`  ${error.advice}`);
  return exits[error.code] ?? error.exit;
}
