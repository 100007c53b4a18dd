import { readFileSync } from 'node:fs';
import { err, ok, type Result } from '../shared/result.ts';
import { bindSocket } from './bound-socket.ts';
import type { Libc } from './libc.ts';
import { holdersOf, portFailure, portInUse } from './port-holder.ts';
import { describeEndpoint } from './tcp-row.ts';
import type { TcpTable } from './tcp-table.ts';

/**
 * Proves that nobody else serves an address and port, by a bind without SO_REUSEPORT: with it, another process of the same uid
 * would let us in and keep its share of the connections. Without FFI it reads the kernel's list instead, which knows nothing
 * of privileged ports and foreign addresses: there the worker's own bind says so.
 *
 * `own`: inodes of sockets that are ours or given to us. They hold the port, and nobody else may.
 *
 * Errors: PORT_IN_USE (with pid and command of the holder), PORT_FORBIDDEN, HOST_UNAVAILABLE, LISTEN_FAILED.
 */
export function checkPortFree(
  libc: Libc | undefined,
  table: TcpTable,
  host: string,
  port: number,
  own: ReadonlySet<number> = new Set(),
): Result<undefined> {
  if (libc === undefined) {
    const holders = holdersOf(table, host, port, new Set());
    return holders.length === 0 ? ok() : err(portInUse(describeEndpoint({ address: host, port }), holders));
  }
  const bound = bindSocket(libc, host, port, false);
  if (!bound.ok) {
    const holders = bound.error === 'EADDRINUSE' ? holdersOf(table, host, port, new Set()) : [];
    const onlyOwn = holders.length > 0 && holders.every(({ inode }) => own.has(inode));
    return onlyOwn ? ok() : err(portFailure(table, host, port, bound.error, own));
  }
  libc.close(bound.value.fd);
  return ok();
}

/** What the kernel makes of a backlog that it cuts (listen(2)); undefined when it gets what it wants. */
export function backlogCut(wanted: number): number | undefined {
  const most = Number(readFileSync('/proc/sys/net/core/somaxconn', 'latin1'));
  return wanted > most ? most : undefined;
}
