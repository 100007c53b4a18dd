import type { ServerHttp2Session } from 'node:http2';

/** RFC 9113 6.8: the first GOAWAY refuses nothing, so that streams on their way are served. */
const anyStreamId = 2 ** 31 - 1;

/** RFC 9113 6.8: at least a round trip between the two GOAWAYs. A second is the longest that TCP expects (RFC 6298). */
export const goawayGapMs = 1_000;

/** Which HTTP/2 sessions were told to go away, by drain or by shedding. Closing them, which sends the second GOAWAY, is theirs. */
export class Goaways {
  readonly #toldAt = new WeakMap<ServerHttp2Session, number>();

  /** Once for each session. */
  tell(session: ServerHttp2Session): void {
    if (session.destroyed || this.#toldAt.has(session)) return;
    this.#toldAt.set(session, performance.now());
    session.goaway(0, anyStreamId);
  }

  /** Told, and so long ago that its client knows: no stream is on its way any more. */
  hasHeard(session: ServerHttp2Session): boolean {
    const toldAt = this.#toldAt.get(session);
    return toldAt !== undefined && performance.now() - toldAt >= goawayGapMs;
  }
}
