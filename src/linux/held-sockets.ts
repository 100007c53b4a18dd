import type { Result } from '../shared/result.ts';
import type { CensusOrder } from '../supervisor/ports.ts';
import type { Libc } from './libc.ts';
import { procNetTcpRows } from './proc-net-tcp.ts';
import { socketOf } from './sock-diag-codec.ts';
import { dumpSockDiag } from './sock-diag.ts';
import { AF_INET, AF_INET6, parseIp } from './sockaddr.ts';
import { type TcpSocket, tcpState } from './tcp-row.ts';

type Place = CensusOrder['places'][number];

/**
 * The listeners and connections of these ports that a process may have a descriptor of, in pieces, so that the caller may do something
 * else in between. Through sock_diag, else through /proc, as tcp-table.ts, which has the same for short lists. A socket may
 * come twice, and those that come or go meanwhile not at all.
 *
 * Each question has the kernel walk its whole table of connections (inet_diag_dump_icsk()), in one piece while nothing
 * fits: 4 ms with 40,000 in TIME_WAIT. So it asks once for each family and not for each port.
 */
export function* heldSockets(libc: Result<Libc>, places: readonly Place[]): Generator<readonly TcpSocket[]> {
  if (libc.ok && (yield* bySockDiag(libc.value, places))) return;
  const ports = new Set(places.map(({ port }) => port));
  for (const row of procNetTcpRows()) {
    yield ports.has(row.local.port) && holdable.includes(row.state) ? [row] : [];
  }
}

/** False when the kernel does not answer. */
function* bySockDiag(libc: Libc, places: readonly Place[]): Generator<readonly TcpSocket[], boolean> {
  const states = holdable.reduce((bits, state) => bits | (1 << state), 0);
  for (const family of [AF_INET, AF_INET6]) {
    const ports = new Set(places.filter((place) => mayUse(family, place)).map(({ port }) => port));
    if (ports.size === 0) continue;
    const [localPort = 0] = ports.size === 1 ? ports : [];
    const dump = dumpSockDiag(libc, { family, states, localPort }, socketOf);
    for (let next = dump.next(); ; next = dump.next()) {
      if (next.done !== true) yield next.value.filter((socket) => ports.has(socket.localPort));
      else if (next.value.ok) break;
      else return false;
    }
  }
  return true;
}

/** A socket of `::` has its IPv4 clients in its own family. */
function mayUse(family: number, { host }: Place): boolean {
  const ip = host === undefined ? undefined : parseIp(host);
  return ip === undefined || ip.family === family;
}

const holdable: readonly number[] = [
  tcpState.established,
  tcpState.finWait1,
  tcpState.finWait2,
  tcpState.closeWait,
  tcpState.lastAck,
  tcpState.closing,
  tcpState.listen,
];
