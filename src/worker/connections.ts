import type { ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { guarded } from './guarded.ts';
import { type AcceptedSocket, type Exchange, onNode } from './node-events.ts';

/** An accepted TCP connection of a declared server. */
export interface Connection {
  readonly socket: AcceptedSocket;
  readonly server: Server;
  /** Above `socket`, once the handshake is done. */
  tls: (TLSSocket & AcceptedSocket) | undefined;
  /** HTTP/1 requests that are not answered. */
  busy: number;
  /** Of the latest HTTP/1 request, while it is not answered. */
  response: ServerResponse | undefined;
  /** When an HTTP/1 request last began or was answered, as a number that only grows; 0 before the first. */
  spokeAt: number;
}

export interface Session {
  /** Streams that are not answered. */
  busy: number;
  /** As a connection's. */
  spokeAt: number;
}

/**
 * Counts what is open on the declared servers. One map entry and one listener for each connection; a request costs a look-up,
 * so that the app does not notice.
 */
export class Connections {
  readonly open = new Map<AcceptedSocket, Connection>();
  /** HTTP/2; each has a connection in `open` too. */
  readonly sessions = new Map<ServerHttp2Session, Session>();
  total = 0;
  requests = 0;
  inFlight = 0;
  /** Grows with every change. It is the clock of `spokeAt` too: order is all that is asked of it, and a real one would cost. */
  changes = 0;
  readonly #declared = new WeakSet<Server>();
  readonly #watch: ConnectionsWatch;

  constructor(watch: ConnectionsWatch) {
    this.#watch = watch;
  }

  start(): void {
    onNode('net.server.socket', ({ socket }) => this.#accepted(socket));
    onNode('http.server.request.start', (exchange) => this.#requested(exchange));
    onNode('http.server.response.finish', (exchange) => this.#answered(exchange));
    onNode('http2.server.stream.start', ({ stream }) => this.#stream(stream.session, 1));
    onNode('http2.server.stream.close', ({ stream }) => this.#stream(stream.session, -1));
  }

  /** From now on this server's connections count. */
  declare(server: Server): void {
    if (this.#declared.has(server)) return;
    this.#declared.add(server);
    server.on(
      'session',
      guarded((session: ServerHttp2Session) => this.#sessionOpened(session)),
    );
    server.on(
      'secureConnection',
      guarded((tls: TLSSocket & AcceptedSocket) => this.#secured(tls)),
    );
  }

  #accepted(socket: AcceptedSocket): void {
    const { server } = socket;
    if (server === undefined || !this.#declared.has(server)) return;
    this.total += 1;
    this.changes += 1;
    this.#watch.counted();
    const connection: Connection = { socket, server, tls: undefined, busy: 0, response: undefined, spokeAt: 0 };
    this.open.set(socket, connection);
    socket.once(
      'close',
      guarded(() => this.#closed(connection)),
    );
  }

  #closed(connection: Connection): void {
    this.open.delete(connection.socket);
    this.changes += 1;
    this.#watch.counted();
    this.inFlight -= connection.busy;
    if (this.open.size === 0) this.#watch.emptied();
  }

  #secured(tls: TLSSocket & AcceptedSocket): void {
    const connection = this.#of(tls);
    if (connection !== undefined) connection.tls = tls;
  }

  #requested({ response, socket }: Exchange): void {
    const connection = this.#of(socket);
    if (connection === undefined) return;
    this.requests += 1;
    this.inFlight += 1;
    connection.busy += 1;
    connection.response = response;
    connection.spokeAt = this.changes += 1;
    this.#watch.requested(connection, response);
  }

  #answered({ response, socket }: Exchange): void {
    const connection = this.#of(socket);
    if (connection === undefined) return;
    this.inFlight -= 1;
    connection.busy -= 1;
    connection.spokeAt = this.changes += 1;
    if (connection.response === response) connection.response = undefined;
  }

  #of(socket: AcceptedSocket): Connection | undefined {
    return this.open.get(socket) ?? (socket._parent == null ? undefined : this.open.get(socket._parent));
  }

  #sessionOpened(session: ServerHttp2Session): void {
    this.sessions.set(session, { busy: 0, spokeAt: 0 });
    session.once(
      'close',
      guarded(() => this.#sessionClosed(session)),
    );
  }

  #sessionClosed(session: ServerHttp2Session): void {
    this.inFlight -= this.sessions.get(session)?.busy ?? 0;
    this.changes += 1;
    this.sessions.delete(session);
  }

  #stream(session: ServerHttp2Session | undefined, change: 1 | -1): void {
    const known = session === undefined ? undefined : this.sessions.get(session);
    if (session === undefined || known === undefined) return;
    known.busy += change;
    known.spokeAt = this.changes += 1;
    this.inFlight += change;
    if (change === -1) return;
    this.requests += 1;
    this.#watch.streamOpened(session);
  }
}

/** What drain wants to know. */
export interface ConnectionsWatch {
  /** A connection came or went. */
  counted(): void;
  emptied(): void;
  requested(connection: Connection, response: ServerResponse): void;
  streamOpened(session: ServerHttp2Session): void;
}
