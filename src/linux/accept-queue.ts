import { assert } from '../shared/assert.ts';
import type { QueueReading } from '../supervisor/ports.ts';
import type { Libc } from './libc.ts';

const SOL_SOCKET = 1;
const SO_LINGER = 13;
const SO_ACCEPTCONN = 30;
const SO_MEMINFO = 55;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;

/**
 * A listener's accept queue, from outside: two system calls of 1.6 µs (measured) that ask nothing of its worker. For a listener TCP_INFO
 * has the queue in tcpi_unacked and its limit in tcpi_sacked (tcp_get_info(), net/ipv4/tcp.c); the last of the nine numbers
 * of SO_MEMINFO is sk_drops (include/uapi/linux/sock_diag.h).
 */
export function readQueue(libc: Libc, fd: number): QueueReading {
  const info = Buffer.alloc(32);
  const memory = Buffer.alloc(36);
  const readings = [
    libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info),
    libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory),
  ];
  for (const reading of readings)
    assert(reading.ok, reading.ok ? '' : `the queue of descriptor ${fd}: ${reading.error}`);
  return { queue: info.readUInt32LE(24), backlog: info.readUInt32LE(28), drops: memory.readUInt32LE(32) };
}

/** shutdown(2) by any process that shares the socket makes it deaf for all of them, until listen(2) is called again. */
export function isListening(libc: Libc, fd: number): boolean {
  const value = Buffer.alloc(4);
  return libc.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value).ok && value.readInt32LE() === 1;
}

/** struct linger { 1, 0 }: close sends RST instead of FIN, so that the client knows that nobody read its request. */
const resetOnClose = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

/**
 * Accepts and resets what waits; answers how many. For a listener that is steered away from and that nobody serves: meanwhile it
 * is non-blocking for everybody who shares it. A full queue holds one more than its backlog, and that bounds the work.
 */
export function flushQueue(libc: Libc, fd: number, backlog: number): number {
  const was = libc.setNonBlocking(fd, true);
  assert(was.ok, `descriptor ${fd} cannot be made non-blocking`);
  let count = 0;
  while (count <= backlog) {
    const accepted = libc.accept(fd);
    if (!accepted.ok && accepted.error === 'ECONNABORTED') continue; // the client has gone meanwhile; it is off the queue
    if (!accepted.ok) break;
    libc.setsockopt(accepted.value, SOL_SOCKET, SO_LINGER, resetOnClose);
    libc.close(accepted.value);
    count++;
  }
  // The next worker may be one that simply waits in accept().
  if (was.value === 0) libc.setNonBlocking(fd, false);
  return count;
}
