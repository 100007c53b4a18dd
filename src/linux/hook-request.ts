import type { ClientRequest, IncomingMessage } from 'node:http';
import { formatDuration } from '../shared/duration.ts';
import { hookAnswerBytesMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { version } from '../shared/version.ts';
import type { HookFailure, HookMessage } from '../supervisor/ports-hooks.ts';
import type { HookGate } from './hook-gate.ts';

/**
 * One POST of JSON on a connection of its own. A 2xx takes the message; the rest of the answer means nothing. Certificates are verified
 * against Node's authorities and those of NODE_EXTRA_CA_CERTS; no proxy is used. No text of it has the URL, which may be a secret.
 */
export async function postToHook(
  message: HookMessage,
  url: string,
  gate: HookGate,
  abort: AbortSignal,
): Promise<Result<undefined, HookFailure>> {
  const posting = await gate.pass(() => [post(message, url, abort)] as const, requestMs, message.hurried, abort);
  return posting?.[0] ?? err({ why: 'broken off', refused: false });
}

/** What a request and its answer take of the event loop; a TLS handshake somewhat more. */
const requestMs = 1;

function post({ hook, body }: HookMessage, url: string, abort: AbortSignal): Promise<Result<undefined, HookFailure>> {
  const { promise, resolve } = Promise.withResolvers<Result<undefined, HookFailure>>();
  const failed = (why: string, refused = false): void => resolve(err({ why, refused }));
  // Neither before there is a hook with a URL, nor by `import`: see probes.ts.
  const { request: send } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');
  const request: ClientRequest = send(url, {
    method: 'POST',
    agent: false,
    headers: { 'user-agent': `portherd/${version}`, ...hook.headers, 'content-type': 'application/json' },
  });
  const breakOff = (): void => {
    failed('broken off');
    request.destroy();
  };
  const late = setTimeout(() => {
    failed(`no answer after ${formatDuration(hook.timeout)}`);
    request.destroy();
  }, hook.timeout);
  abort.addEventListener('abort', breakOff);
  const forget = (): void => {
    clearTimeout(late);
    abort.removeEventListener('abort', breakOff);
  };
  request.on('error', (error) => {
    forget();
    failed(reasonOf(error));
  });
  // Not asked for, but a server may.
  request.on('upgrade', (_answer, socket) => {
    socket.destroy();
    forget();
    failed('answered 101 and speaks another protocol', true);
  });
  request.on('response', (answer) => {
    forget();
    finish(request, answer);
    const { statusCode: status = 0 } = answer;
    if (status >= 200 && status < 300) resolve(ok());
    else if (status >= 300 && status < 400) failed(`answered ${status}; redirects are not followed`, true);
    else failed(`answered ${status}`, status >= 400 && status < 500 && status !== 408 && status !== 429);
  });
  request.end(body);
  if (abort.aborted) breakOff();
  return promise;
}

/** Reads on for a moment, up to a limit, so that the other side can end the connection. */
function finish(request: ClientRequest, answer: IncomingMessage): void {
  let bytes = 0;
  const end = setTimeout(() => request.destroy(), finishMs);
  answer.on('error', () => undefined);
  answer.on('close', () => clearTimeout(end));
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > hookAnswerBytesMax) request.destroy();
  });
}

const finishMs = 1_000;

/** Of several addresses, each has its reason, and the error none. */
function reasonOf(error: Error & { readonly code?: string }): string {
  const said = error.message === '' ? (error.code ?? 'the connection failed') : error.message;
  const text = said.replaceAll(/\s+/g, ' ').trim();
  return text.length > reasonCharsMax ? `${text.slice(0, reasonCharsMax - 1)}…` : text;
}

const reasonCharsMax = 300;
