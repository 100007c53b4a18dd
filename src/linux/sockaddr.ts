import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * IP addresses as the kernel wants them: `struct sockaddr_in` and `sockaddr_in6` (ip(7), ipv6(7)), and back to text.
 * Resolves no names, `localhost` excepted: a listener's address must not depend on a resolver that may be down at boot.
 */
export interface IpAddress {
  readonly family: typeof AF_INET | typeof AF_INET6;
  /** Network order: 4 or 16. */
  readonly bytes: Uint8Array;
  /** Interface index of a link-local IPv6 address (`fe80::1%eth0`), else 0. */
  readonly scope: number;
}

export const AF_INET = 2;
export const AF_INET6 = 10;

export function parseIp(host: string): IpAddress | undefined {
  const [address = '', zone] = host === 'localhost' ? ['127.0.0.1'] : host.split('%', 2);
  if (isIPv4(address)) return { family: AF_INET, bytes: ipv4Bytes(address), scope: 0 };
  if (!isIPv6(address)) return undefined;
  const scope = zone === undefined ? 0 : scopeOf(zone);
  return scope === undefined ? undefined : { family: AF_INET6, bytes: ipv6Bytes(address), scope };
}

/** `port` 0..65535. */
export function encodeSockaddr(ip: IpAddress, port: number): Uint8Array {
  const bytes = Buffer.alloc(ip.family === AF_INET ? 16 : 28);
  bytes.writeUInt16LE(ip.family, 0); // sa_family_t is in host order; koffi's Linux hosts are little-endian
  bytes.writeUInt16BE(port, 2);
  bytes.set(ip.bytes, ip.family === AF_INET ? 4 : 8);
  if (ip.family === AF_INET6) bytes.writeUInt32LE(ip.scope, 24);
  return bytes;
}

/** The reverse; undefined for another family. A link-local address has its zone as a number. */
export function decodeSockaddr(bytes: Uint8Array): { readonly host: string; readonly port: number } | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const [family, port] = [view.readUInt16LE(0), view.readUInt16BE(2)];
  if (family === AF_INET) return { host: formatIp(view.subarray(4, 8)), port };
  if (family !== AF_INET6) return undefined;
  const scope = view.readUInt32LE(24);
  return { host: `${formatIp(view.subarray(8, 24))}${scope === 0 ? '' : `%${scope}`}`, port };
}

/** An IPv4 address mapped into IPv6 (a client of a dual-stack listener) is shown as the IPv4 address that it is. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (mappedPrefix.every((byte, at) => bytes[at] === byte)) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
  );
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address;
}

const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function ipv4Bytes(address: string): Uint8Array {
  return Uint8Array.from(address.split('.'), Number);
}

/** `address` has passed isIPv6: at most one `::`, and dotted IPv4 only at the end. */
function ipv6Bytes(address: string): Uint8Array {
  const [head = '', tail] = address.split('::');
  const front = groupBytes(head);
  const back = groupBytes(tail ?? '');
  const bytes = new Uint8Array(16);
  bytes.set(front, 0);
  bytes.set(back, 16 - back.length);
  return bytes;
}

function groupBytes(groups: string): readonly number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return [...ipv4Bytes(group)];
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** The interface's index, given as its name or already as a number. */
function scopeOf(zone: string): number | undefined {
  if (/^\d+$/.test(zone)) return Number(zone);
  return networkInterfaces()[zone]?.find((address) => address.family === 'IPv6' && address.scopeid > 0)?.scopeid;
}
