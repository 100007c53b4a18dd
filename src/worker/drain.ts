import type { ServerHttp2Session } from 'node:http2';
import type { Server } from 'node:net';
import { beatMs } from '../shared/limits.ts';
import { closeAfter } from './connection-close.ts';
import type { Connection, Connections } from './connections.ts';
import type { Goaways } from './goaways.ts';
import { guarded } from './guarded.ts';

/** A response that outlasts the idle deadline leaves its client this long, at most, to speak again. */
const idleSweepMs = 1_000;

/**
 * Finishes what is open, in this order: HTTP/1 answers say `Connection: close` and HTTP/2 sessions get GOAWAY; at the idle
 * deadline silent connections are closed; at the last deadline all. It does not stop listeners and does not exit.
 */
export class Drain {
  /** Silent connections closed at the idle deadline. */
  closedIdle = 0;
  /** Connections destroyed at the last deadline. */
  closedHard = 0;
  #step: 'serving' | 'draining' | 'drained' = 'serving';
  #begunAt = 0;
  #idleMs = 0;
  #totalMs = 0;
  #sweptAt = 0;
  #ticking: NodeJS.Timeout | undefined;
  readonly #connections: Connections;
  readonly #goaways: Goaways;
  readonly #reports: DrainReports;

  constructor(connections: Connections, goaways: Goaways, reports: DrainReports) {
    this.#connections = connections;
    this.#goaways = goaways;
    this.#reports = reports;
  }

  get step(): 'serving' | 'draining' | 'drained' {
    return this.#step;
  }

  /** Milliseconds from now; asked again, the later deadlines hold. */
  begin(idleMs: number, totalMs: number): void {
    this.#begunAt = performance.now();
    this.#idleMs = Math.min(idleMs, totalMs);
    this.#totalMs = totalMs;
    if (this.#step !== 'serving') return;
    this.#step = 'draining';
    for (const connection of this.#connections.open.values()) {
      if (connection.response !== undefined) closeAfter(connection, connection.response);
    }
    for (const session of this.#connections.sessions.keys()) {
      if ((session.state.lastProcStreamID ?? 0) > 0) this.#goaways.tell(session);
    }
    this.#ticking = setInterval(
      guarded(() => this.#tick()),
      beatMs.draining,
    ).unref();
    // What the kernel handed over in this very turn is counted by then.
    setImmediate(guarded(() => this.emptied()));
  }

  emptied(): void {
    if (this.#step !== 'draining' || this.#connections.open.size > 0) return;
    this.#step = 'drained';
    clearInterval(this.#ticking);
    this.#reports.drained();
  }

  requested(connection: Connection, response: Parameters<typeof closeAfter>[1]): void {
    if (this.#step !== 'serving') closeAfter(connection, response);
  }

  /**
   * A session that has asked for nothing yet hears of it with its first stream: told before, it would have to connect again
   * for the one request that it was opened for.
   */
  streamOpened(session: ServerHttp2Session): void {
    if (this.#step !== 'serving') this.#goaways.tell(session);
  }

  #tick(): void {
    const since = performance.now() - this.#begunAt;
    if (since >= this.#totalMs) this.#closeAll();
    else {
      this.#closeSessions(since >= this.#idleMs);
      if (since >= this.#idleMs && since - this.#sweptAt >= idleSweepMs) {
        this.#sweptAt = since;
        // After this turn's poll: bytes that are here already are read first, and make their connection a busy one.
        setImmediate(guarded(() => this.#closeIdle()));
      }
    }
    this.#reports.ticked();
  }

  /** Open streams are finished, new ones are refused, and the session ends with the last. */
  #closeSessions(idleOver: boolean): void {
    for (const session of this.#connections.sessions.keys()) {
      if (idleOver || this.#goaways.hasHeard(session)) session.close();
    }
  }

  #closeIdle(): void {
    const open = [...this.#connections.open.values()].filter((connection) => !isDestroyed(connection));
    for (const server of new Set(open.map((connection) => connection.server))) closeIdleConnections(server);
    for (const connection of open) if (isSilent(connection)) destroy(connection);
    this.closedIdle += open.filter(isDestroyed).length;
  }

  #closeAll(): void {
    const open = [...this.#connections.open.values()].filter((connection) => !isDestroyed(connection));
    this.closedHard += open.length;
    for (const session of this.#connections.sessions.keys()) session.destroy();
    for (const connection of open) destroy(connection);
  }
}

export interface DrainReports {
  /** Every 100 ms while something is open. */
  ticked(): void;
  /** Once: nothing is open any more. */
  drained(): void;
}

/** Node knows which connections are between two requests. Servers that do not speak HTTP/1 have no such method. */
function closeIdleConnections(server: Server): void {
  if (isHttp(server)) server.closeIdleConnections();
}

function isHttp(server: Server): server is Server & { closeIdleConnections(): void } {
  return 'closeIdleConnections' in server && typeof server.closeIdleConnections === 'function';
}

/**
 * Opened and never used, as browsers do in advance; Node does not count those as idle. On a server of another protocol
 * the app may be the one who speaks, so those are left alone.
 */
function isSilent({ socket, tls, server, busy }: Connection): boolean {
  return isHttp(server) && busy === 0 && (tls ?? socket).bytesRead === 0;
}

function isDestroyed({ socket, tls }: Connection): boolean {
  return socket.destroyed || tls?.destroyed === true;
}

function destroy({ socket, tls }: Connection): void {
  (tls ?? socket).destroy();
}
