import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { within } from './until.ts';

/** One HTTP/2 connection. Nothing is tried again: a request that is reset or not answered rejects. */
export class Http2Client implements Disposable {
  /** What the server has told in GOAWAY frames: error codes, in their order. */
  readonly goaways: number[] = [];
  readonly #session: ClientHttp2Session;

  constructor(port: number) {
    this.#session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    this.#session.on('goaway', (code) => this.goaways.push(code));
    // Each request that it concerns rejects by itself.
    this.#session.on('error', () => {});
  }

  /** True while another request may be begun: a client that was told to go away opens another connection. */
  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  async get(path = '/'): Promise<string> {
    const stream = this.#session.request({ ':path': path });
    let body = '';
    stream.setEncoding('utf8').on('data', (part: string) => (body += part));
    // Both from now on: what comes in one packet is told in one turn.
    const [[headers]] = await Promise.all([once(stream, 'response'), once(stream, 'end')]);
    if (headers[':status'] !== 200) throw new Error(`status ${headers[':status']}`);
    return body;
  }

  /** Resolves when the connection has ended; rejects after half a minute. */
  async ended(): Promise<void> {
    if (this.#session.destroyed) return;
    const ended = await within(30_000, once(this.#session, 'close'));
    if (ended === undefined) throw new Error('the HTTP/2 connection did not end');
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}
