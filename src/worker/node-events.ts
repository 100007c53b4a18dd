import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { guarded } from './guarded.ts';

/**
 * What Node publishes about servers. The messages are the same on 22.23, 24.21 and 26.10 (lib/net.js, lib/_http_server.js,
 * lib/internal/http2/core.js); a channel that some version lacks is silent.
 */
export interface NodeMessages {
  /** Before a listen() does anything; `options` is the object that it then reads. */
  'tracing:net.server.listen:asyncStart': { readonly server: Server; readonly options: ListenOptions };
  /** The socket listens. With a descriptor that is before listen() returns. */
  'tracing:net.server.listen:asyncEnd': { readonly server: Server };
  'tracing:net.server.listen:error': { readonly server: Server };
  /** Once for each accepted TCP connection: net, http, https and http2 servers alike. */
  'net.server.socket': { readonly socket: AcceptedSocket };
  /** Not published for a request that became an upgrade. */
  'http.server.request.start': Exchange;
  /** Not published for a response that was cut off. */
  'http.server.response.finish': Exchange;
  /** A stream has no session any more once it is destroyed. */
  'http2.server.stream.start': { readonly stream: { readonly session: ServerHttp2Session | undefined } };
  'http2.server.stream.close': { readonly stream: { readonly session: ServerHttp2Session | undefined } };
}

/** Calls `take` for each message, until the process ends. A subscriber that throws would end the app, hence `guarded`. */
export function onNode<Name extends keyof NodeMessages>(name: Name, take: (message: NodeMessages[Name]) => void): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the name decides; a check for each request would cost
  const named = (message: unknown): void => take(message as NodeMessages[Name]);
  subscribe(name, guarded(named));
}

/** The app's own object, or one that listen() made of its arguments. */
export interface ListenOptions {
  port?: unknown;
  host?: unknown;
  fd?: unknown;
  handle?: unknown;
  _handle?: unknown;
  backlog?: unknown;
  reusePort?: unknown;
}

/**
 * `_parent` of a TLSSocket is the accepted socket (lib/internal/tls/wrap.js). `parser` is null once a connection has become
 * something else than HTTP/1 (lib/_http_common.js, freeParser).
 */
export interface AcceptedSocket extends Socket {
  readonly parser?: object | null;
  readonly server?: Server;
  readonly _parent?: AcceptedSocket | null;
}

export interface Exchange {
  readonly response: ServerResponse;
  readonly socket: AcceptedSocket;
}
