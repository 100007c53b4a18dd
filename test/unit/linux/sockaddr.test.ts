import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { encodeSockaddr, formatIp, parseIp } from '../../../src/linux/sockaddr.ts';

test.each([
  { host: '127.0.0.1', bytes: '7f000001' },
  { host: 'localhost', bytes: '7f000001' },
  { host: '0.0.0.0', bytes: '00000000' },
  { host: '::', bytes: '00000000000000000000000000000000' },
  { host: '::1', bytes: '00000000000000000000000000000001' },
  { host: '2001:db8::ff00:42:8329', bytes: '20010db8000000000000ff0000428329' },
  { host: '1::', bytes: '00010000000000000000000000000000' },
  { host: '1:2:3:4:5:6:7:8', bytes: '00010002000300040005000600070008' },
  { host: '::ffff:10.1.2.3', bytes: '00000000000000000000ffff0a010203' },
])('$host is $bytes', ({ host, bytes }) => {
  expect(Buffer.from(parseIp(host)?.bytes ?? []).toString('hex')).toBe(bytes);
});

test.each(['', 'example.org', '256.1.1.1', '1.2.3', '::g', '1::2::3', '*', 'fe80::1%nosuchinterface'])(
  '%j is no address of ours',
  (host) => {
    expect(parseIp(host)).toBeUndefined();
  },
);

test('a zone is the number of its interface', () => {
  expect(parseIp('fe80::1%3')?.scope).toBe(3);
  expect(parseIp('::1')?.scope).toBe(0);
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const scope = addresses?.find(({ family, scopeid }) => family === 'IPv6' && (scopeid ?? 0) > 0)?.scopeid;
    if (scope !== undefined) expect(parseIp(`fe80::1%${name}`)?.scope).toBe(scope);
  }
});

test('sockaddr_in: family, port in network order, address, padding', () => {
  expect(encoded('127.0.0.1', 8080)).toBe('02001f907f0000010000000000000000');
});

test('sockaddr_in6: family, port in network order, flow, address, scope', () => {
  expect(encoded('::1', 8080)).toBe('0a001f90000000000000000000000000000000000000000100000000');
  expect(encoded('fe80::1%2', 80)).toBe('0a00005000000000fe80000000000000000000000000000102000000');
});

test.each(['10.1.2.3', '::', '::1', '2001:db8::ff00:42:8329', '1:2:3:4:5:6:7:8', 'fe80::1'])(
  '%s is written as it was read',
  (address) => {
    expect(formatIp(parseIp(address)?.bytes ?? new Uint8Array())).toBe(address);
  },
);

test('a mapped IPv4 address is written as IPv4', () => {
  expect(formatIp(parseIp('::ffff:10.1.2.3')?.bytes ?? new Uint8Array())).toBe('10.1.2.3');
});

function encoded(host: string, port: number): string {
  const ip = parseIp(host);
  return ip === undefined ? '' : Buffer.from(encodeSockaddr(ip, port)).toString('hex');
}
