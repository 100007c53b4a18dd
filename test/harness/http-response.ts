import { unreachable } from '../../src/shared/assert.ts';

/**
 * Reads one HTTP/1.1 response after another from a byte stream (RFC 9112): Content-Length, chunked with trailers, bodies
 * that end with the connection, interim 1xx. Bodies are counted, not kept. It is not a general client: no request other
 * than GET, no upgrade.
 */
export type Progress = 'more' | 'complete' | 'malformed';

/** A head or a trailer is a few hundred bytes here; Node itself refuses more than 16 KiB. */
const headBytesMax = 16 * 1024;

/** A chunk's size line: 16 digits and some extension. */
const chunkLineBytesMax = 256;

type Part = 'head' | 'sized' | 'chunkLine' | 'chunkData' | 'trailer' | 'untilEnd' | 'done' | 'broken';

export class ResponseReader {
  status = 0;
  /** Whether the server will take another request on this connection. */
  keepAlive = false;
  /** Bytes of this response that have arrived, head included. */
  received = 0;
  #part: Part = 'head';
  #rest = '';
  #left = 0;

  /** Takes what arrived. After `complete`, call `next()` before the following response; surplus bytes are malformed. */
  push(chunk: Buffer): Progress {
    this.received += chunk.length;
    // latin1 maps a byte to a character, so lengths stay lengths in bytes.
    this.#rest += chunk.toString('latin1');
    while (this.#advance());
    if (this.#part === 'broken') return 'malformed';
    return this.#part === 'done' ? 'complete' : 'more';
  }

  /** The peer closed its side. */
  end(): 'complete' | 'empty' | 'truncated' {
    if (this.#part === 'untilEnd') this.#part = 'done';
    if (this.#part === 'done') return 'complete';
    return this.received === 0 ? 'empty' : 'truncated';
  }

  next(): void {
    this.#part = 'head';
    this.#rest = '';
    this.received = 0;
  }

  /** One step through what has arrived; false when it needs more bytes or is at an end. */
  #advance(): boolean {
    switch (this.#part) {
      case 'head':
        return this.#line('\r\n\r\n', headBytesMax, (head) => this.#head(head));
      case 'chunkLine':
        return this.#line('\r\n', chunkLineBytesMax, (line) => this.#chunkLine(line));
      case 'trailer':
        return this.#line('\r\n', headBytesMax, (line) => (line === '' ? 'done' : 'trailer'));
      case 'sized':
      case 'chunkData':
        return this.#body(this.#part);
      case 'untilEnd':
        this.#rest = '';
        return false;
      case 'done':
        if (this.#rest !== '') this.#part = 'broken';
        return false;
      case 'broken':
        return false;
      default:
        return unreachable(this.#part);
    }
  }

  #line(end: string, limit: number, read: (line: string) => Part): boolean {
    const at = this.#rest.indexOf(end);
    if (at > limit || (at < 0 && this.#rest.length > limit)) {
      this.#part = 'broken';
      return false;
    }
    if (at < 0) return false;
    const line = this.#rest.slice(0, at);
    this.#rest = this.#rest.slice(at + end.length);
    this.#part = read(line);
    return true;
  }

  #head(head: string): Part {
    const [statusLine = '', ...lines] = head.split('\r\n');
    const match = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine);
    if (!match) return 'broken';
    this.status = Number(match[2]);
    if (this.status < 200) return this.status === 101 ? 'broken' : 'head';
    const fields = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon < 1) return 'broken';
      fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    const connection = fields.get('connection')?.toLowerCase();
    this.keepAlive = match[1] === '1' ? connection !== 'close' : connection === 'keep-alive';
    return this.#bodyOf(fields);
  }

  #bodyOf(fields: ReadonlyMap<string, string>): Part {
    if (this.status === 204 || this.status === 304) return 'done';
    const coding = fields.get('transfer-encoding');
    if (coding !== undefined) return coding.toLowerCase() === 'chunked' ? 'chunkLine' : 'broken';
    const length = fields.get('content-length');
    if (length === undefined) {
      this.keepAlive = false;
      return 'untilEnd';
    }
    if (!/^\d{1,15}$/.test(length)) return 'broken';
    this.#left = Number(length);
    return this.#left === 0 ? 'done' : 'sized';
  }

  #chunkLine(line: string): Part {
    const match = /^([0-9a-f]{1,12})(?:\s*;.*)?$/i.exec(line);
    if (!match) return 'broken';
    const size = Number.parseInt(match[1] ?? '', 16);
    this.#left = size + 2;
    return size === 0 ? 'trailer' : 'chunkData';
  }

  #body(part: 'sized' | 'chunkData'): boolean {
    const taken = Math.min(this.#left, this.#rest.length);
    // The line end after a chunk's data is the last of the counted bytes; a chunk that does not end there is malformed.
    const last = this.#rest[taken - 1];
    this.#rest = this.#rest.slice(taken);
    this.#left -= taken;
    if (this.#left > 0) return false;
    if (part === 'sized') this.#part = 'done';
    else this.#part = last === '\n' ? 'chunkLine' : 'broken';
    return true;
  }
}
