import { failure, type PortherdError } from '../shared/errors.ts';
import { isWildcard } from './bound-socket.ts';
import { commandLineOf, ownersOf } from './holders.ts';
import { parseIp } from './sockaddr.ts';
import { describeEndpoint, type TcpRow } from './tcp-row.ts';
import type { TcpTable } from './tcp-table.ts';

/** A socket that keeps us from an address and port, or takes connections that are meant for us. */
export interface Holder {
  readonly port: number;
  readonly inode: number;
  /** Undefined when its owner may not be seen, or the socket has none. */
  readonly pid: number | undefined;
  readonly command: string;
  readonly uid: number;
}

/** Sockets that listen, or may begin to, on an overlapping address; `own` inodes left out. */
export function holdersOf(table: TcpTable, host: string, port: number, own: ReadonlySet<number>): readonly Holder[] {
  return named(table.holding(port).filter((row) => !own.has(row.inode) && overlaps(row.local.address, host)));
}

/** Why bind(2) or listen(2) failed, in words and with the code that fits; the inodes of `own` are not to blame. */
export function portFailure(
  table: TcpTable,
  host: string,
  port: number,
  errno: string,
  own: ReadonlySet<number> = new Set(),
): PortherdError {
  const where = describeEndpoint({ address: host, port });
  if (errno === 'EADDRINUSE') {
    const listening = holdersOf(table, host, port, own);
    // An outgoing connection may have been given our port: the kernel takes those from net.ipv4.ip_local_port_range.
    return portInUse(
      where,
      listening.length > 0 ? listening : named(table.using(port).filter(({ inode }) => inode !== 0)),
    );
  }
  if (errno === 'EACCES') return failure('PORT_FORBIDDEN', `${where} may not be bound by this user`);
  if (errno === 'EADDRNOTAVAIL')
    return failure('HOST_UNAVAILABLE', `${where} cannot be bound: this machine has no such address`);
  return failure('LISTEN_FAILED', `${where} cannot be opened: ${errno}`);
}

export function portInUse(where: string, holders: readonly Holder[]): PortherdError {
  return failure(
    'PORT_IN_USE',
    `${where} is in use ${holders.length === 0 ? 'by a socket that is gone by now' : `by ${describeHolders(holders)}`}`,
  );
}

/** A server of many processes has one socket in all of them, or one socket each: the first three say enough. */
export function describeHolders(holders: readonly Holder[]): string {
  const shown = [...new Set(holders.map(describeHolder))];
  const more = shown.length > 3 ? ` and ${shown.length - 3} more` : '';
  return `${shown.slice(0, 3).join(', ')}${more}`;
}

function describeHolder({ pid, command, uid }: Holder): string {
  return pid === undefined ? `a process of uid ${uid} that this user may not see` : `pid ${pid} (${command})`;
}

/** The lowest pid is usually the parent, which is the one to stop. */
function named(rows: readonly TcpRow[]): readonly Holder[] {
  if (rows.length === 0) return [];
  const owners = ownersOf(new Set(rows.map(({ inode }) => inode)));
  return rows.map(({ local, inode, uid }) => {
    const pid = owners.get(inode)?.[0];
    return { port: local.port, inode, pid, command: pid === undefined ? '' : commandLineOf(pid), uid };
  });
}

/** Whether both can be the destination of one connection. A wildcard of IPv6 is taken as dual-stack: /proc does not tell. */
function overlaps(left: string, right: string): boolean {
  const [first, second] = [parseIp(left), parseIp(right)];
  if (first === undefined || second === undefined) return false;
  if (first.family === second.family) {
    return isWildcard(first) || isWildcard(second) || Buffer.compare(first.bytes, second.bytes) === 0;
  }
  const ipv6 = first.family > second.family ? first : second;
  return isWildcard(ipv6);
}
