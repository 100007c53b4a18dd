import { Http2Client } from './http2-client.ts';
import { KeepAliveClient } from './keep-alive-client.ts';
import { messageOf } from '../../src/shared/errors.ts';
import { pause } from './until.ts';

/**
 * A load over TLS: closed-loop clients that keep their connection as long as the server lets them, and clients that open one
 * per request. Small, and in this process: it judges drains, not throughput. What fails once is a failure, with one exception:
 * Node's HTTP/2 client refuses by itself, as REFUSED_STREAM, what it had not sent yet when a GOAWAY came. Every client asks
 * again on another connection then, since the server has not seen it (RFC 9113, 8.7); and so does this one.
 */
export interface SecureLoad extends AsyncDisposable {
  readonly ok: () => number;
  stop(): Promise<{ readonly ok: number; readonly failures: readonly string[] }>;
}

export interface SecureLoadOptions {
  readonly port: number;
  readonly protocol: 'https' | 'http2';
  /** Of each kind; 4 unless given. */
  readonly clients?: number;
}

/** Between two requests of a client, ms. */
const thinkMs = 15;

export function startSecureLoad({ port, protocol, clients = 4 }: SecureLoadOptions): SecureLoad {
  const stopping = new AbortController();
  const failures: string[] = [];
  let ok = 0;

  async function client(keeps: boolean): Promise<void> {
    while (!stopping.signal.aborted) {
      using connection = protocol === 'http2' ? new Http2Client(port) : new KeepAliveClient(port, { secure: true });
      let served = 0;
      for (let usable = true; usable && !stopping.signal.aborted; usable = keeps && isUsable(connection)) {
        try {
          await connection.get();
          served += 1;
          ok += 1;
        } catch (thrown) {
          const text = messageOf(thrown);
          // A server that refuses the first request of a connection should not have taken the connection.
          if (served === 0 || !text.includes('REFUSED_STREAM')) failures.push(`${text}, after ${served} answers`);
          break;
        }
        await pause(thinkMs, stopping.signal);
      }
    }
  }

  const running = Array.from({ length: 2 * clients }, (_, n) => client(n < clients));
  async function stop(): Promise<{ ok: number; failures: readonly string[] }> {
    stopping.abort();
    await Promise.all(running);
    return { ok, failures };
  }
  return { ok: () => ok, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

/** The agent of an HTTP/1 client opens another connection by itself when it must. */
function isUsable(connection: Http2Client | KeepAliveClient): boolean {
  return !(connection instanceof Http2Client) || connection.usable;
}
