import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorBody } from '../protocol/control.ts';
import type { CurlLine, CurlRequest } from '../protocol/control-curl.ts';
import { formatDuration } from '../shared/duration.ts';
import { failure, messageOf, type PortherdError } from '../shared/errors.ts';
import { curlAnswerBytesMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { secure } from './curl-tls.ts';
import type { ProbeConnection } from './probe-connection.ts';
import { describeEndpoint } from './tcp-row.ts';

/** Not by `import`: see probes.ts. */
const { request: httpRequest } = process.getBuiltinModule('node:http');

export interface Asked {
  readonly request: CurlRequest;
  /** `web:3` */
  readonly name: string;
  readonly accepted: { readonly pid: number; readonly attempts: number };
  /** Monotonic ms. */
  readonly begun: number;
  readonly until: number;
}

type Tell = (line: CurlLine) => Promise<void>;

/**
 * One HTTP/1.1 request and its answer on a connection that the right process has accepted. The answer is told as it comes, at the
 * pace of the one who is told, up to `curlAnswerBytesMax`. An error before the head is the result, a later one is told.
 *
 * Errors: WORKER_SILENT, WORKER_HUNG_UP, WORKER_BROKE_OFF, ANSWER_TOO_LARGE, TLS_FAILED, CERTIFICATE_REFUSED, BAD_REQUEST.
 */
export async function exchange(
  connection: ProbeConnection,
  asked: Asked,
  tell: Tell,
  abort: AbortSignal,
): Promise<Result<undefined>> {
  const timeUp = AbortSignal.timeout(Math.max(1, Math.ceil(asked.until - performance.now())));
  const stop = AbortSignal.any([abort, timeUp]);
  const failed = (error: unknown, soFar: SoFar): Result<never> =>
    err(timeUp.aborted ? silent(asked, soFar) : reasonOf(error, asked, soFar));

  const stream = asked.request.tls
    ? await secure(connection.socket, asked.request, asked.name, stop)
    : ok(connection.socket);
  if (!stream.ok) return timeUp.aborted ? failed(undefined, 'no handshake') : stream;
  let answer: IncomingMessage;
  try {
    answer = await send(stream.value, asked.request, connection, stop);
  } catch (thrown) {
    return failed(thrown, 'no answer');
  }
  const { server } = connection;
  await tell({
    t: 'head',
    ...asked.accepted,
    ...server,
    httpVersion: answer.httpVersion,
    status: answer.statusCode ?? 0,
    reason: answer.statusMessage ?? '',
    headers: pairs(answer.rawHeaders),
  });
  let bytes = 0;
  const finish = (result: Result<undefined>): Result<undefined> => {
    const tookMs = Math.round(performance.now() - asked.begun);
    const line = { t: 'finished', bytes, tookMs } as const;
    void tell(result.ok ? line : { ...line, error: errorBody(result.error) }); // nothing follows that could wait for it
    return ok();
  };
  try {
    for await (const chunk of body(answer)) {
      bytes += chunk.length;
      if (bytes > curlAnswerBytesMax) {
        const text = `the answer of ${asked.name} is over ${curlAnswerBytesMax >> 20} MiB`;
        return finish(err(failure('ANSWER_TOO_LARGE', text)));
      }
      await Promise.race([tell({ t: 'body', base64: chunk.toString('base64') }), stopped(stop)]);
      if (stop.aborted) break;
    }
    return finish(stop.aborted ? failed(undefined, 'part of the answer') : ok());
  } catch (thrown) {
    return finish(failed(thrown, 'part of the answer'));
  }
}

/** An upgraded connection has a head and, for us, no body. */
function send(
  stream: Duplex,
  { method, path, headers, body, tls }: CurlRequest,
  { server }: ProbeConnection,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const written = headersOf(headers);
  written['host'] ??= describeEndpoint(server);
  written['user-agent'] ??= 'portherdctl';
  written['accept'] ??= '*/*';
  written['connection'] ??= 'close';
  if (body !== undefined && written['transfer-encoding'] === undefined)
    written['content-length'] ??= String(Buffer.byteLength(body));
  const sent = httpRequest({
    createConnection: () => stream,
    method,
    path,
    headers: written,
    signal,
    ...(tls ? { defaultPort: 443 } : {}),
  });
  sent.once('response', resolve);
  sent.once('upgrade', (response, socket) => {
    socket.destroy();
    resolve(response);
  });
  sent.on('error', reject);
  try {
    sent.end(body);
  } catch (thrown) {
    // Headers that contradict each other: ERR_HTTP_TRAILER_INVALID and the like.
    sent.destroy();
    reject(thrown);
  }
  return promise;
}

async function* body(answer: IncomingMessage): AsyncGenerator<Buffer> {
  if (answer.statusCode === 101) return;
  for await (const chunk of answer) yield chunk;
}

/** By their names in lower case; one that is given twice is sent twice. */
function headersOf(headers: CurlRequest['headers']): Record<string, string | string[] | undefined> {
  const written: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const before = written[key];
    written[key] = before === undefined ? value : [before, value].flat();
  }
  return written;
}

function pairs(raw: readonly string[]): (readonly [string, string])[] {
  return Array.from({ length: raw.length / 2 }, (_, at) => [raw[2 * at] ?? '', raw[2 * at + 1] ?? ''] as const);
}

function stopped(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

type SoFar = 'no handshake' | 'no answer' | 'part of the answer';

function silent({ name, accepted, request }: Asked, soFar: SoFar): PortherdError {
  const within = `within ${formatDuration(request.timeoutMs)}`;
  return failure('WORKER_SILENT', `${name} (pid ${accepted.pid}) gave ${soFar} ${within}`);
}

function reasonOf(error: unknown, { name, accepted }: Asked, soFar: SoFar): PortherdError {
  const who = `${name} (pid ${accepted.pid})`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (soFar === 'part of the answer')
    return failure('WORKER_BROKE_OFF', `${who} closed the connection before its answer was complete`);
  if (code.startsWith('HPE_')) {
    const advice = 'If the port speaks TLS, add --tls. HTTP/2 alone is not spoken here.';
    return failure('WORKER_BROKE_OFF', `${who} answered something that is not HTTP/1.1 (${messageOf(error)})`, advice);
  }
  if (/^ERR_(?:HTTP|INVALID|UNESCAPED)_/.test(code)) return failure('BAD_REQUEST', messageOf(error));
  return failure('WORKER_HUNG_UP', `${who} closed the connection without an answer`);
}
