import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../shared/result.ts';
import type { ProcessRef } from '../supervisor/ports.ts';
import { isWildcard } from './bound-socket.ts';
import { holdsSocket } from './holders.ts';
import { groupMembers } from './procfs.ts';
import { AF_INET, parseIp } from './sockaddr.ts';
import { type Endpoint, type TcpRow, tcpState } from './tcp-row.ts';
import type { TcpTable } from './tcp-table.ts';

/** A connection from this machine to one of its own listeners, and who accepted it. Chooses no target and steers nothing. */
export interface ProbeConnection {
  readonly socket: Socket;
  readonly server: Endpoint;
  readonly client: Endpoint;
}

/** A listener on all addresses is reached through loopback; `::` takes IPv4 too, and is 0.0.0.0 without IPv6. */
export function reachableAddress(host: string): string {
  const ip = parseIp(host);
  if (ip === undefined || isWildcard(ip)) return '127.0.0.1';
  return ip.family === AF_INET ? ip.bytes.join('.') : host;
}

/**
 * From a port that the caller has chosen, and from the address that it connects to: so a steering rule knows it. The error is a short
 * text; EADDRINUSE and EADDRNOTAVAIL mean that the source port is taken.
 */
export async function connectFrom(
  sourcePort: number,
  server: Endpoint,
  timeoutMs: number,
): Promise<Result<ProbeConnection, string>> {
  const { address, port } = server;
  const socket = connect({ host: address, port, localAddress: address, localPort: sourcePort });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => resolve('no handshake'), timeoutMs);
  socket.once('connect', () => resolve(undefined));
  // Kept for the socket's life: a reset later on shows in the kernel's list, and must not crash the supervisor.
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  const failed = await promise;
  clearTimeout(timer);
  if (failed === undefined) return ok({ socket, server, client: { address, port: sourcePort } });
  socket.destroy();
  return err(failed);
}

/**
 * `taken` by the process or one of its group · `elsewhere`: another process accepted it · `over`: the server closed it before
 * anyone could look · `waiting`: still in the accept queue when the time was up.
 */
export type Taker = { readonly is: 'taken'; readonly pid: number } | { readonly is: 'elsewhere' | 'over' | 'waiting' };

export async function takerOf(
  table: TcpTable,
  { server, client }: ProbeConnection,
  process: ProcessRef,
  until: number,
  abort?: AbortSignal,
): Promise<Taker> {
  let unowned = 0;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, lookEveryMsMax)) {
    const row = table.find(server, client);
    if (row === undefined || isOver(row)) return { is: 'over' };
    if (row.inode !== 0) {
      const pid = holderAmong(process, row.inode);
      if (pid !== undefined) return { is: 'taken', pid };
      // accept4 gives the socket its inode before the descriptor exists, and a parent may hand it to a child: look again.
      if (++unowned === looksAtOwner) return { is: 'elsewhere' };
    }
    if (performance.now() >= until || abort?.aborted === true) return { is: 'waiting' };
    await sleep(waitMs);
  }
}

/** Ends as a client does that has nothing more to say; after a second, or when the daemon exits, it ends anyway. */
export function retire({ socket }: ProbeConnection): void {
  socket.resume();
  socket.end();
  socket.unref();
  const timer = setTimeout(() => socket.destroy(), retireMs).unref();
  socket.once('close', () => clearTimeout(timer));
}

/** A port of the range that the kernel itself takes for outgoing connections (ip(7)); it may be in use. */
export function randomSourcePort(): number {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').trim().split(/\s+/).map(Number);
  const [low = 32_768, high = 60_999] = range;
  return low + Math.floor(Math.random() * (high - low + 1));
}

const lookEveryMsMax = 20;
const looksAtOwner = 3;
const retireMs = 1_000;

/** In the accept queue a connection is established without an inode; a closed one has lost its inode, in whatever state it lingers. */
function isOver({ inode, state }: TcpRow): boolean {
  return inode === 0 && state !== tcpState.established && state !== tcpState.synReceived;
}

/** The process itself first: listing the group reads all of /proc. */
function holderAmong(process: ProcessRef, inode: number): number | undefined {
  if (holdsSocket(process.pid, inode)) return process.pid;
  return groupMembers(process.pid).find(({ pid }) => pid !== process.pid && holdsSocket(pid, inode))?.pid;
}
