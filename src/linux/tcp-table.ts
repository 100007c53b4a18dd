import type { Result } from '../shared/result.ts';
import type { Libc } from './libc.ts';
import { readProcNetTcp } from './proc-net-tcp.ts';
import type { DiagQuery } from './sock-diag-codec.ts';
import { querySockDiag } from './sock-diag.ts';
import { AF_INET, AF_INET6, parseIp } from './sockaddr.ts';
import { type Endpoint, type TcpRow, tcpState } from './tcp-row.ts';

/**
 * The kernel's TCP sockets: through sock_diag where FFI and AF_NETLINK are allowed, else through /proc, which costs more and tells
 * the same (but for sockets that are bound and do not listen).
 */
export interface TcpTable {
  /** LISTEN, and bound without listening, of all addresses. */
  holding(port: number): readonly TcpRow[];
  /** In any state, connections included. */
  using(port: number): readonly TcpRow[];
  /** SYN_RECV. */
  halfOpen(port: number): readonly TcpRow[];
  /** A server's end of one connection; `undefined` when there is none. */
  find(local: Endpoint, remote: Endpoint): TcpRow | undefined;
}

export function createTcpTable(libc: () => Result<Libc>): TcpTable {
  function ask(queries: readonly DiagQuery[], same: (row: TcpRow) => boolean): readonly TcpRow[] {
    const loaded = libc();
    if (!loaded.ok) return readProcNetTcp(same);
    const rows: TcpRow[] = [];
    for (const query of queries) {
      const answer = querySockDiag(loaded.value, query);
      if (!answer.ok) return readProcNetTcp(same);
      rows.push(...answer.value);
    }
    return rows.filter(same);
  }

  function inStates(port: number, states: readonly number[]): readonly TcpRow[] {
    const mask = states.reduce((bits, state) => bits | (1 << state), 0);
    const queries = [AF_INET, AF_INET6].map((family) => ({ family, states: mask, localPort: port }));
    return ask(queries, (row) => row.local.port === port && states.includes(row.state));
  }

  return {
    holding: (port) => inStates(port, [tcpState.listen, tcpState.boundInactive, tcpState.closed]),
    using: (port) => inStates(port, Object.values(tcpState)),
    halfOpen: (port) => inStates(port, [tcpState.synReceived]),
    find(local, remote) {
      const [localIp, remoteIp] = [parseIp(local.address), parseIp(remote.address)];
      if (localIp === undefined || remoteIp === undefined) return undefined;
      const query = { local: localIp, localPort: local.port, remote: remoteIp, remotePort: remote.port };
      return ask([query], (row) => isSame(row.local, local) && isSame(row.remote, remote))[0];
    },
  };
}

/** A zone (`fe80::1%eth0`) is not part of the address in the kernel's list. */
function isSame(left: Endpoint, right: Endpoint): boolean {
  return left.port === right.port && left.address.split('%')[0] === right.address.split('%')[0];
}
