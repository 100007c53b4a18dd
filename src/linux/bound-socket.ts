import { err, ok, type Result } from '../shared/result.ts';
import type { Libc } from './libc.ts';
import { AF_INET, AF_INET6, encodeSockaddr, type IpAddress, parseIp } from './sockaddr.ts';

/**
 * A TCP socket that is bound and does not listen yet. Close-on-exec, so that a worker inherits only what is handed to it. Blocking, as
 * systemd hands sockets over (systemd.socket(5)): Node and gunicorn make theirs non-blocking, a plain accept loop wants to wait.
 *
 * `::` takes IPv4 too, whatever net.ipv6.bindv6only says, and becomes 0.0.0.0 on a machine without IPv6; any other IPv6
 * address is IPv6 only. SO_REUSEADDR is always set: connections of former workers do not keep a port busy.
 */
export interface BoundSocket {
  readonly fd: number;
  /** As asked, but for `::` without IPv6. */
  readonly host: string;
}

/** The error is the errno's name; a host that is no IP address counts as EADDRNOTAVAIL. `port` 1..65535. */
export function bindSocket(libc: Libc, host: string, port: number, reusePort: boolean): Result<BoundSocket, string> {
  const ip = parseIp(host);
  if (ip === undefined) return err('EADDRNOTAVAIL');
  const bound = bindTo(libc, ip, port, reusePort);
  if (bound.ok) return ok({ fd: bound.value, host });
  const noIpv6 = ip.family === AF_INET6 && bound.error === 'EAFNOSUPPORT';
  if (noIpv6 && isWildcard(ip)) return bindSocket(libc, '0.0.0.0', port, reusePort);
  return err(noIpv6 ? 'EADDRNOTAVAIL' : bound.error);
}

export function isWildcard(ip: IpAddress): boolean {
  return ip.bytes.every((byte) => byte === 0);
}

const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

function bindTo(libc: Libc, ip: IpAddress, port: number, reusePort: boolean): Result<number, string> {
  const opened = libc.socket(ip.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!opened.ok) return opened;
  const fd = opened.value;
  const steps = [
    () => libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, int(1)),
    () => (reusePort ? libc.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, int(1)) : ok(0)),
    () => (ip.family === AF_INET ? ok(0) : libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, int(isWildcard(ip) ? 0 : 1))),
    () => libc.bind(fd, encodeSockaddr(ip, port)),
  ];
  for (const step of steps) {
    const done = step();
    if (done.ok) continue;
    libc.close(fd);
    return done;
  }
  return ok(fd);
}

function int(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
