import type { ErrorBody } from '../protocol/control.ts';
import type { Client } from './client.ts';
import { stdinReply } from './replies.ts';

/** How the typing ended. */
export interface Typed {
  /** Something was typed. */
  readonly any: boolean;
  /** Why no more could be sent; undefined at the end of input. */
  readonly error?: ErrorBody;
}

/**
 * Sends what is typed, or piped in, to a worker, in its order; a last line without an end gets one. On a terminal the kernel edits the line and
 * shows it, as for any program that reads one.
 */
export async function sendTyped(client: Client, name: string, input: NodeJS.ReadStream): Promise<Typed> {
  let last = '';
  const send = async (typed: string): Promise<ErrorBody | undefined> => {
    for (const text of typed.match(pieces) ?? []) {
      const sent = await client.post('/v1/stdin', { name, text }, stdinReply);
      if (!sent.ok) return sent.error;
      last = text;
    }
    return undefined;
  };
  for await (const typed of textOf(input)) {
    const error = await send(typed);
    if (error !== undefined) return { any: true, error };
  }
  const error = last === '' || last.endsWith('\n') ? undefined : await send('\n');
  return { any: last !== '', ...(error === undefined ? {} : { error }) };
}

/** Until its end; a terminal that hangs up (EIO) is one, too. */
async function* textOf(input: NodeJS.ReadStream): AsyncGenerator<string> {
  try {
    for await (const chunk of input.setEncoding('utf8')) yield String(chunk);
  } catch {
    return;
  }
}

/** A request has room for 64 KiB, and a character may take six bytes of it. */
const pieces = /[^]{1,8000}/gu;
