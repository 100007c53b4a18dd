import { connect } from 'node:net';
import { controlHeadBytesMax } from '../shared/limits.ts';
import { authority, type DaemonPlace } from './place.ts';

/**
 * One request and its reply over a Unix socket or TCP, in HTTP/1.0 (RFC 1945), where a body ends with its length or with the
 * connection. Not node:http, because loading that alone takes 30 ms. Knows nothing of JSON, commands or deadlines.
 */
export interface Exchange {
  readonly place: DaemonPlace;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | undefined;
  /** Once, before any body. */
  onHead(head: Head): void;
  onText(text: string): void;
  /** Once; nothing follows. */
  onEnd(end: End): void;
}

export interface Head {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

export type End =
  | { readonly is: 'complete' }
  /** The system's error code: of the connect when there was no head. */
  | { readonly is: 'failed'; readonly code: string }
  /** The peer closed too early. */
  | { readonly is: 'cut' }
  | { readonly is: 'malformed'; readonly why: string };

/** Answers a function that gives up: nothing is reported after it. */
export function exchange(asked: Exchange): () => void {
  const { place } = asked;
  const socket = connect(place.is === 'socket' ? { path: place.path } : { host: place.host, port: place.port });
  const reply = new ReplyReader(asked);
  let over = false;
  const end = (how: End): void => {
    if (over) return;
    over = true;
    socket.destroy();
    asked.onEnd(how);
  };
  socket.on('error', (error: NodeJS.ErrnoException) => end({ is: 'failed', code: error.code ?? error.message }));
  socket.on('data', (chunk: Buffer) => {
    const ended = over ? undefined : reply.push(chunk);
    if (ended !== undefined) end(ended);
  });
  socket.on('end', () => end(reply.closed()));
  socket.on('close', () => end({ is: 'cut' }));
  socket.write(requestText(asked));
  return () => {
    over = true;
    socket.destroy();
  };
}

function requestText({ place, method, path, body }: Exchange): string {
  const host = place.is === 'socket' ? 'portherd' : authority(place);
  const credentials =
    place.is === 'tcp' && place.authorization !== undefined ? `authorization: ${place.authorization}\r\n` : '';
  const content =
    body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.0\r\nhost: ${host}\r\n${credentials}accept: application/json\r\n${content}\r\n${body ?? ''}`;
}

class ReplyReader {
  readonly #asked: Exchange;
  readonly #decoder = new TextDecoder();
  #head = '';
  #bodyBytesLeft: number | undefined;
  #inBody = false;

  constructor(asked: Exchange) {
    this.#asked = asked;
  }

  push(chunk: Buffer): End | undefined {
    if (this.#inBody) return this.#text(chunk);
    // latin1 maps a byte to a character, so that an index is a number of bytes.
    this.#head += chunk.toString('latin1');
    const length = this.#head.indexOf('\r\n\r\n');
    if (length < 0) return this.#head.length > controlHeadBytesMax ? malformed('its head is too long') : undefined;
    const head = parseHead(this.#head.slice(0, length));
    if (head === undefined) return malformed('this is not HTTP');
    if (head.headers.has('transfer-encoding')) return malformed('a chunked reply to HTTP/1.0');
    const bytes = head.headers.get('content-length');
    if (bytes !== undefined) this.#bodyBytesLeft = Number(bytes);
    this.#inBody = true;
    this.#asked.onHead(head);
    return this.#text(Buffer.from(this.#head.slice(length + 4), 'latin1'));
  }

  closed(): End {
    return this.#inBody && this.#bodyBytesLeft === undefined ? { is: 'complete' } : { is: 'cut' };
  }

  #text(chunk: Buffer): End | undefined {
    if (chunk.length > 0) this.#asked.onText(this.#decoder.decode(chunk, { stream: true }));
    if (this.#bodyBytesLeft === undefined) return undefined;
    this.#bodyBytesLeft -= chunk.length;
    return this.#bodyBytesLeft <= 0 ? { is: 'complete' } : undefined;
  }
}

function parseHead(text: string): Head | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers };
}

function malformed(why: string): End {
  return { is: 'malformed', why };
}
