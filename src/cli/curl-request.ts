import { readFileSync } from 'node:fs';
import type { CurlRequest } from '../protocol/control-curl.ts';
import { formatDuration, parseDuration } from '../shared/duration.ts';
import { failure, messageOf, type PortherdError } from '../shared/errors.ts';
import { curlBodyBytesMax, curlMsMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Session } from './session.ts';

/** What the words and options of `portherdctl curl` ask for. Errors: BAD_ARGUMENTS. */
export function curlRequest({ words, flags }: Pick<Session, 'words' | 'flags'>): Result<CurlRequest> {
  const [slotWord, path = '/', ...more] = words;
  if (slotWord === undefined) return bad('curl requires a slot, such as web:0');
  if (more.length > 0) return bad(`curl takes one path, and ${JSON.stringify(more[0])} is one too many`);
  const place = placeOf(slotWord);
  if (!place.ok) return place;
  const wrongPath = pathTrouble(path);
  if (wrongPath !== undefined) return err(wrongPath);
  const headers = headersOf(flags.texts('header'));
  if (!headers.ok) return headers;
  const body = bodyOf(flags.text('data'));
  if (!body.ok) return body;
  const timeoutMs = timeoutOf(flags.text('timeout'));
  if (!timeoutMs.ok) return timeoutMs;
  const port = flags.text('port');
  if (port !== undefined && !/^\d{1,5}$/.test(port)) return bad(`option --port: ${JSON.stringify(port)} is not a port`);
  const verify = flags.text('verify');
  const typed = headers.value.some(([name]) => name.toLowerCase() === 'content-type');
  return ok({
    ...place.value,
    method: (flags.text('request') ?? (body.value === undefined ? 'GET' : 'POST')).toUpperCase(),
    path,
    headers: body.value === undefined || typed ? headers.value : [...headers.value, formType],
    ...(body.value === undefined ? {} : { body: body.value }),
    ...(port === undefined ? {} : { port: Number(port) }),
    tls: flags.has('tls') || verify !== undefined,
    ...(verify === undefined ? {} : { verify }),
    timeoutMs: timeoutMs.value,
  });
}

/** As curl does with -d. */
const formType = ['Content-Type', 'application/x-www-form-urlencoded'] as const;
const timeoutMsDefault = 30_000;

function placeOf(word: string): Result<{ program: string; slot: number }> {
  const [, program, slot] = /^(.+):(\d{1,3})$/.exec(word) ?? [];
  if (program === undefined || slot === undefined)
    return bad(`${JSON.stringify(word)} is not one slot`, `Write it like ${word.replace(/:.*$/, '')}:0.`);
  return ok({ program, slot: Number(slot) });
}

function pathTrouble(path: string): PortherdError | undefined {
  const shown = JSON.stringify(path);
  if (/^https?:/i.test(path))
    return failure('BAD_ARGUMENTS', `${shown} is a URL`, 'Give only its path; --tls and --port say the rest.');
  if (!path.startsWith('/')) return failure('BAD_ARGUMENTS', `the path ${shown} does not start with /`, '');
  if (/^[!-~]*$/.test(path)) return undefined;
  return failure('BAD_ARGUMENTS', `the path ${shown} must be percent-encoded`, `Write ${encodeURI(path)}.`);
}

function headersOf(lines: readonly string[]): Result<(readonly [string, string])[]> {
  const headers: (readonly [string, string])[] = [];
  for (const line of lines) {
    const [, name, value] = /^([^:\s]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      return bad(`option --header: ${JSON.stringify(line)} is not a header`, "Write it like 'Name: value'.");
    headers.push([name, value]);
  }
  return ok(headers);
}

/** `@FILE` is its content, `@-` is stdin's. */
function bodyOf(data: string | undefined): Result<string | undefined> {
  if (data === undefined || !data.startsWith('@')) return limited(data);
  const file = data.slice(1);
  try {
    return limited(new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file === '-' ? 0 : file)));
  } catch (thrown) {
    const why = thrown instanceof TypeError ? 'it is not UTF-8 text' : messageOf(thrown);
    return bad(`option --data: ${JSON.stringify(file)} cannot be sent: ${why}`);
  }
}

function limited(body: string | undefined): Result<string | undefined> {
  if (body === undefined || Buffer.byteLength(body) <= curlBodyBytesMax) return ok(body);
  return bad(`option --data: more than ${curlBodyBytesMax >> 10} KiB`);
}

/** Seconds as curl has them, or a duration. */
function timeoutOf(written: string | undefined): Result<number> {
  if (written === undefined) return ok(timeoutMsDefault);
  const parsed = parseDuration(/^[\d.]+$/.test(written) ? `${written}s` : written);
  if (!parsed.ok) return bad(`option --timeout: ${parsed.error}`);
  if (parsed.value >= 1 && parsed.value <= curlMsMax) return parsed;
  return bad(`option --timeout: from 1ms to ${formatDuration(curlMsMax)}`);
}

function bad(text: string, advice = 'See `portherdctl help curl`.'): Result<never> {
  return err(failure('BAD_ARGUMENTS', text, advice));
}
