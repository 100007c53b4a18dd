import { fstatSync } from 'node:fs';
import type { ListenConfig } from '../config/schema.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { isWildcard } from './bound-socket.ts';
import type { Libc } from './libc.ts';
import { AF_INET, AF_INET6, decodeSockaddr, parseIp } from './sockaddr.ts';

/**
 * Listening sockets that outlived whoever opened them: kept by systemd (its store, a socket unit), by the process before a
 * re-execution, or by the workers. listeners.ts takes them instead of opening new ones. They are members of the kernel's
 * group already, so their order is a fact and nobody's wish.
 */
export interface GivenSocket {
  /** Belongs to the taker; close-on-exec. */
  readonly fd: number;
  readonly inode: number;
  /** The slot that it was; undefined: whichever is free (a socket unit's). */
  readonly slot: number | undefined;
  /** Somebody holds it whatever we close (a socket unit): it never leaves the kernel's group. */
  readonly kept: boolean;
}

export interface Given {
  /**
   * All that there are for this listener, in the order of the kernel's group, inspected and fitting. Each one is answered
   * once, and a slot once only.
   */
  take(program: string, listen: Pick<ListenConfig, 'name' | 'host' | 'port'>): readonly GivenSocket[];
  /** Those not taken yet: no strangers on their ports. */
  inodes(): ReadonlySet<number>;
}

export const nothingGiven: Given = { take: () => [], inodes: () => new Set() };

/** The first one's sockets lie before the second's in the kernel's group. */
export function joinGiven(first: Given, second: Given): Given {
  return {
    take: (program, listen) => [...first.take(program, listen), ...second.take(program, listen)],
    inodes: () => new Set([...first.inodes(), ...second.inodes()]),
  };
}

/** What a descriptor is, once it has proved to be a TCP socket that can be a slot's. */
export interface SocketFacts {
  readonly host: string;
  readonly port: number;
  readonly inode: number;
  /** Bound to `::` and taking IPv4 too. */
  readonly dualStack: boolean;
}

/** Errors say what the descriptor is instead, as in "a socket without SO_REUSEPORT". */
export function inspectSocket(libc: Libc, fd: number): Result<SocketFacts, string> {
  const option = (level: number, name: number): number | undefined => {
    const value = Buffer.alloc(4);
    return libc.getsockopt(fd, level, name, value).ok ? value.readInt32LE() : undefined;
  };
  const domain = option(SOL_SOCKET, SO_DOMAIN);
  if (domain === undefined) return err('no socket');
  if (domain !== AF_INET && domain !== AF_INET6) return err('no socket of IPv4 or IPv6');
  if (option(SOL_SOCKET, SO_PROTOCOL) !== IPPROTO_TCP) return err('no TCP socket');
  const address = Buffer.alloc(28);
  const named = libc.getsockname(fd, address);
  const where = named.ok ? decodeSockaddr(address) : undefined;
  if (where === undefined || where.port === 0) return err('a TCP socket that is not bound to a port');
  const shown = `${where.host} port ${where.port}`;
  if (option(SOL_SOCKET, SO_REUSEPORT) !== 1) return err(`a socket without SO_REUSEPORT (${shown})`);
  if (option(SOL_SOCKET, SO_ACCEPTCONN) !== 1) return err(`a socket that does not listen (${shown})`);
  const v6Only = domain === AF_INET6 && option(IPPROTO_IPV6, IPV6_V6ONLY) === 1;
  const dualStack = domain === AF_INET6 && !v6Only && where.host === '::';
  return ok({ ...where, inode: fstatSync(fd).ino, dualStack });
}

/** Whether it serves the clients that a socket opened for `host` and `port` would serve: see bound-socket.ts. */
export function fits(libc: Libc, facts: SocketFacts, { host, port }: Pick<ListenConfig, 'host' | 'port'>): boolean {
  const [wanted, found] = [parseIp(host), parseIp(facts.host)];
  if (wanted === undefined || found === undefined || facts.port !== port) return false;
  if (wanted.family > found.family) return isWildcard(wanted) && isWildcard(found) && !hasIpv6(libc);
  if (wanted.family !== found.family || wanted.scope !== found.scope) return false;
  if (Buffer.compare(wanted.bytes, found.bytes) !== 0) return false;
  return wanted.family === AF_INET || !isWildcard(wanted) || facts.dualStack;
}

function hasIpv6(libc: Libc): boolean {
  const opened = libc.socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (opened.ok) libc.close(opened.value);
  return opened.ok;
}

/** Numbers of asm-generic (include/uapi/asm-generic/socket.h, linux/in.h, linux/in6.h). */
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
const SO_ACCEPTCONN = 30;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
const IPPROTO_TCP = 6;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
