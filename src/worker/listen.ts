import { closeSync, fstatSync } from 'node:fs';
import type { Server } from 'node:net';
import type { ListenPlan, PlannedPort } from '../protocol/channel.ts';
import { isWildcard, plannedFor } from './match.ts';
import { type ListenOptions, onNode } from './node-events.ts';

/** Whom a `Listening` tells. */
export interface ListenReports {
  /** The app is about to listen on a declared port. */
  claim(): void;
  listening(server: Server, planned: PlannedPort, adopted: boolean): void;
  strayed(planned: PlannedPort, why: string): void;
}

interface Attempt {
  readonly options: ListenOptions;
  readonly planned: PlannedPort;
  readonly adopted: boolean;
}

/**
 * Turns the app's listen(port) into the slot's own descriptor: the `options` that Node publishes before it listens are the
 * ones it then reads. Each listen() uses up one copy, because libuv closes it with the server.
 */
export class Listening {
  /** Servers that listen on declared ports now. */
  readonly servers = new Map<Server, PlannedPort>();
  /** From then on a declared port is not opened again: the slot may already be somebody else's. */
  #stopped = false;
  readonly #plan: ListenPlan;
  readonly #reports: ListenReports;
  readonly #spares: ReadonlyMap<PlannedPort, number[]>;
  readonly #attempts = new WeakMap<Server, Attempt>();

  constructor(plan: ListenPlan, reports: ListenReports) {
    this.#plan = plan;
    this.#reports = reports;
    this.#spares = new Map(plan.ports.map((planned) => [planned, [...planned.fds]]));
  }

  start(): void {
    onNode('tracing:net.server.listen:asyncStart', ({ server, options }) => this.#begin(server, options));
    onNode('tracing:net.server.listen:asyncEnd', ({ server }) => this.#succeeded(server));
    onNode('tracing:net.server.listen:error', ({ server }) => this.#restore(server));
  }

  /** No copy of the slot's socket stays in this process but those that its servers listen on. */
  stop(): void {
    this.#stopped = true;
    for (const [planned, fds] of this.#spares) {
      for (const fd of fds.splice(0)) if (isSocket(fd, planned.inode)) closeSync(fd);
    }
  }

  #begin(server: Server, options: ListenOptions): void {
    const port = portOf(options);
    if (port === undefined) return;
    const planned = plannedFor(this.#plan.ports, port, hostOf(options));
    if (planned === undefined) {
      // Without it the second worker of the program would find the port taken.
      options.reusePort ??= true;
    } else if (this.#stopped) {
      // An error would end an app that still answers; a port that nobody knows does no harm.
      options.port = 0;
    } else {
      this.#reports.claim();
      const adopted = this.#plan.bind === 'worker' ? bindItself(options, planned) : this.#adopt(options, planned);
      this.#attempts.set(server, { options, planned, adopted });
      if (!adopted) this.#reports.strayed(planned, 'the app listened more often than it has copies of its socket');
    }
  }

  #adopt(options: ListenOptions, planned: PlannedPort): boolean {
    const spares = this.#spares.get(planned) ?? [];
    for (let fd = spares.shift(); fd !== undefined; fd = spares.shift()) {
      if (!isSocket(fd, planned.inode)) continue;
      options.fd = fd;
      return true;
    }
    options.reusePort = true;
    return false;
  }

  #succeeded(server: Server): void {
    const attempt = this.#restore(server);
    if (attempt === undefined) return;
    if (!this.servers.has(server)) server.once('close', () => this.servers.delete(server));
    this.servers.set(server, attempt.planned);
    this.#reports.listening(server, attempt.planned, attempt.adopted);
  }

  /** The options may be an object that the app uses again, when this descriptor is long closed. */
  #restore(server: Server): Attempt | undefined {
    const attempt = this.#attempts.get(server);
    this.#attempts.delete(server);
    if (attempt !== undefined && this.#plan.bind === 'slot' && attempt.adopted) delete attempt.options.fd;
    return attempt;
  }
}

function bindItself(options: ListenOptions, planned: PlannedPort): boolean {
  options.reusePort = true;
  options.backlog = planned.backlog;
  if (isWildcard(hostOf(options))) options.host = planned.host;
  return true;
}

/** Undefined for anything but a TCP port of the app's choice: pipes, descriptors, handles, and port 0. */
function portOf(options: ListenOptions): number | undefined {
  if (typeof options.fd === 'number' && options.fd >= 0) return undefined;
  if (options.handle !== undefined || options._handle !== undefined) return undefined;
  const port = typeof options.port === 'string' && options.port.trim() !== '' ? Number(options.port) : options.port;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}

function hostOf(options: ListenOptions): string | undefined {
  return typeof options.host === 'string' ? options.host : undefined;
}

/** A wrapper may have closed the descriptor, and its number may mean something else by now. */
function isSocket(fd: number, inode: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isSocket() && stat.ino === inode;
  } catch {
    return false;
  }
}
