import type { IpAddress } from './sockaddr.ts';
import { formatIp } from './sockaddr.ts';
import type { TcpRow, TcpSocket } from './tcp-row.ts';

/**
 * Bytes of NETLINK_SOCK_DIAG requests and replies (sock_diag(7), include/uapi/linux/{netlink,inet_diag}.h); little-endian hosts.
 * Opens no socket.
 */
export type DiagQuery =
  /** Every socket of one family and local port (0: any) in the given states (a mask of 1 << state). */
  | { readonly family: number; readonly states: number; readonly localPort: number }
  /** The one socket with these ends, found by hash, so it costs the same however many there are. */
  | { readonly local: IpAddress; readonly localPort: number; readonly remote: IpAddress; readonly remotePort: number };

export interface DiagReply<Row = TcpRow> {
  readonly rows: readonly Row[];
  /** Nothing follows. */
  readonly done: boolean;
  /** errno of a refusal, else 0; ENOENT (2) answers a query for a socket that does not exist. */
  readonly errno: number;
}

const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const IPPROTO_TCP = 6;
const headerBytes = 16;
const requestBytes = headerBytes + 56;
const messageBytes = 72;

export function encodeDiagQuery(query: DiagQuery): Uint8Array {
  const bytes = Buffer.alloc(requestBytes);
  const single = 'local' in query;
  bytes.writeUInt32LE(requestBytes, 0);
  bytes.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  bytes.writeUInt16LE(single ? NLM_F_REQUEST : NLM_F_REQUEST | NLM_F_DUMP, 6);
  bytes[headerBytes] = single ? query.local.family : query.family;
  bytes[headerBytes + 1] = IPPROTO_TCP;
  bytes.writeUInt32LE(single ? 0xffffffff : query.states, headerBytes + 4);
  bytes.writeUInt16BE(query.localPort, headerBytes + 8);
  if (single) {
    bytes.writeUInt16BE(query.remotePort, headerBytes + 10);
    bytes.set(query.local.bytes, headerBytes + 12);
    bytes.set(query.remote.bytes, headerBytes + 28);
    bytes.writeUInt32LE(query.local.scope, headerBytes + 44);
    bytes.fill(0xff, headerBytes + 48, headerBytes + 56); // INET_DIAG_NOCOOKIE
  }
  return bytes;
}

/** `undefined` when the bytes are not whole netlink messages. `rowOf` reads one struct inet_diag_msg. */
export function parseDiagReply<Row>(bytes: Buffer, rowOf: (message: Buffer) => Row): DiagReply<Row> | undefined {
  const rows: Row[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + headerBytes > bytes.length) return undefined;
    const length = bytes.readUInt32LE(at);
    if (length < headerBytes || at + length > bytes.length) return undefined;
    const body = bytes.subarray(at + headerBytes, at + length);
    const type = bytes.readUInt16LE(at + 4);
    if (type === NLMSG_DONE) return { rows, done: true, errno: 0 };
    if (type === NLMSG_ERROR) return body.length < 4 ? undefined : { rows, done: true, errno: -body.readInt32LE(0) };
    if (type === SOCK_DIAG_BY_FAMILY) {
      if (body.length < messageBytes) return undefined;
      rows.push(rowOf(body));
    }
    at += (length + 3) & ~3; // NLMSG_ALIGN
  }
  return { rows, done: false, errno: 0 };
}

export function tcpRowOf(message: Buffer): TcpRow {
  const addressBytes = message[0] === 2 ? 4 : 16;
  return {
    state: message.readUInt8(1),
    local: { address: formatIp(message.subarray(8, 8 + addressBytes)), port: message.readUInt16BE(4) },
    remote: { address: formatIp(message.subarray(24, 24 + addressBytes)), port: message.readUInt16BE(6) },
    receiveQueue: message.readUInt32LE(56),
    sendQueue: message.readUInt32LE(60),
    uid: message.readUInt32LE(64),
    inode: message.readUInt32LE(68),
  };
}

/** Without the addresses, whose texts are most of the work: for counting. */
export function socketOf(message: Buffer): TcpSocket & { readonly localPort: number } {
  return {
    state: message.readUInt8(1),
    localPort: message.readUInt16BE(4),
    receiveQueue: message.readUInt32LE(56),
    inode: message.readUInt32LE(68),
  };
}
