import type { ServerResponse } from 'node:http';
import { controlRequestMsMax } from '../shared/limits.ts';

/**
 * NDJSON at the reader's pace: every line arrives, and `tell` resolves when the next one may come. The status line is sent with the
 * first line, so that an error before it can still be an HTTP error.
 */
export class LineReply {
  readonly #raw: ServerResponse;
  readonly #begin: () => void;
  readonly #left = new AbortController();
  #begun = false;

  /** `begin` sends the head. */
  constructor(raw: ServerResponse, begin: () => void) {
    this.#raw = raw;
    this.#begin = begin;
    raw.on('error', () => raw.destroy());
    raw.once('close', () => this.#left.abort());
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Aborted when nobody reads any more. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  async tell(line: object): Promise<void> {
    if (!this.#begun) this.#begin();
    this.#begun = true;
    if (this.#raw.destroyed || this.#raw.write(`${JSON.stringify(line)}\n`)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#raw.once('drain', resolve);
    this.#raw.once('close', resolve);
    await promise;
    this.#raw.off('drain', resolve);
    this.#raw.off('close', resolve);
  }

  /** Whoever has not read the last lines by then does not want them. */
  end(): void {
    this.#raw.end();
    this.#raw.setTimeout(controlRequestMsMax, () => this.#raw.destroy());
  }
}
