import { expect, test } from 'vitest';
import { parseProcNetTcp } from '../../../src/linux/proc-net-tcp.ts';

test('a listener of IPv4 with 22 waiting connections', () => {
  const line =
    '   0: 0100007F:5816 00000000:0000 0A 00000000:00000016 00:00000000 00000000  1000        0 31837 23 00000000b60b29af 100 0 0 10 0';
  expect(parseProcNetTcp(line)).toEqual({
    state: 10,
    local: { address: '127.0.0.1', port: 0x5816 },
    remote: { address: '0.0.0.0', port: 0 },
    receiveQueue: 22,
    sendQueue: 0,
    uid: 1000,
    inode: 31_837,
  });
});

test('a connection of IPv4 over an IPv6 listener is shown under its IPv4 addresses', () => {
  const line =
    '   1: 0000000000000000FFFF00000100007F:46A0 0000000000000000FFFF00000100007F:9CBB 01 00000005:00000007 00:00000000 00000000     0        0 78936 1 0000000000000000 20 4 30 10 -1';
  expect(parseProcNetTcp(line)).toEqual({
    state: 1,
    local: { address: '127.0.0.1', port: 18_080 },
    remote: { address: '127.0.0.1', port: 40_123 },
    receiveQueue: 7,
    sendQueue: 5,
    uid: 0,
    inode: 78_936,
  });
});

test('an IPv6 address is turned round word by word', () => {
  const line =
    '   0: B80D01200000000000FF000029834200:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5 1';
  expect(parseProcNetTcp(line)?.local).toEqual({ address: '2001:db8::ff00:42:8329', port: 80 });
});

test('the heading and an empty line are no sockets', () => {
  expect(parseProcNetTcp('  sl  local_address rem_address   st tx_queue rx_queue')).toBeUndefined();
  expect(parseProcNetTcp('')).toBeUndefined();
});
