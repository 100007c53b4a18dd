/** A TCP socket as the kernel lists it. */
export interface TcpRow extends TcpSocket {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly uid: number;
  /** LISTEN: the queue's limit (0 when read from /proc). Else bytes sent and not acknowledged. */
  readonly sendQueue: number;
}

/** What of it is needed for counting. */
export interface TcpSocket {
  readonly state: number;
  /** 0 while no process owns it: half-open, still in an accept queue, or closed by its owner. */
  readonly inode: number;
  /** LISTEN: length of the accept queue. Else bytes received and not read. */
  readonly receiveQueue: number;
}

export interface Endpoint {
  /** An IPv4 address in its dotted form, also where an IPv6 socket carries it. */
  readonly address: string;
  readonly port: number;
}

/** include/net/tcp_states.h. */
export const tcpState = {
  established: 1,
  synSent: 2,
  synReceived: 3,
  finWait1: 4,
  finWait2: 5,
  timeWait: 6,
  /** A socket that is bound and does not listen is listed as this. */
  closed: 7,
  closeWait: 8,
  lastAck: 9,
  listen: 10,
  closing: 11,
  /** Only for asking: bound and not listening, since Linux 6.8. Such a socket blocks a bind all the same. */
  boundInactive: 13,
} as const;

/** `127.0.0.1:8080`, `[::1]:8080` */
export function describeEndpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
