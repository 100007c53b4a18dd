import { describe, expect, test } from 'vitest';
import {
  type DiagReply,
  encodeDiagQuery,
  parseDiagReply,
  socketOf,
  tcpRowOf,
} from '../../../src/linux/sock-diag-codec.ts';
import { parseIp } from '../../../src/linux/sockaddr.ts';

/** Captured on Linux 6.18 from a dual-stack Node server on port 18080 with one IPv4 client from port 40123. */
const captured = {
  dumpRequest: '480000001400010300000000000000000a0600000204000046a0'.padEnd(144, '0'),
  dump: '840000001400020000000000483b00000a0a000046a0000000000000000000000000000000000000000000000000000000000000000000000000000005000000000000000000000000000000ff0100000000000056340100050008000000000005000b000000000008000f00000000000c001500010000000000000006001600120000007c0000001400020000000000483b00000a01000046a09cbb00000000000000000000ffff7f00000100000000000000000000ffff7f0000010000000006000000000000000000000000000000000000000000000058340100050008000000000008000f00000000000c00150001000000000000000600160012000000',
  end: '140000000300020000000000483b000000000000',
  singleRequest:
    '4800000014000100000000000000000002060000ffffffff46a19cbc7f0000010000000000000000000000007f00000100000000000000000000000000000000ffffffffffffffff',
  noSuchSocket:
    '5c0000000200000000000000483b0000feffffff4800000014000100000000000000000002060000ffffffff46a19cbc7f0000010000000000000000000000007f00000100000000000000000000000000000000ffffffffffffffff',
};

const listening = {
  state: 10,
  local: { address: '::', port: 18_080 },
  remote: { address: '::', port: 0 },
  receiveQueue: 0,
  sendQueue: 511,
  uid: 0,
  inode: 78_934,
};
const connection = {
  state: 1,
  local: { address: '127.0.0.1', port: 18_080 },
  remote: { address: '127.0.0.1', port: 40_123 },
  receiveQueue: 0,
  sendQueue: 0,
  uid: 0,
  inode: 78_936,
};

describe('a reply of sock_diag', () => {
  test('a dump is read row by row, a mapped IPv4 client under its IPv4 address', () => {
    expect(parse(captured.dump)).toEqual({ rows: [listening, connection], done: false, errno: 0 });
  });

  test('the end of a dump', () => {
    expect(parse(captured.end)).toEqual({ rows: [], done: true, errno: 0 });
  });

  test('rows and end may come in one piece', () => {
    expect(parse(captured.dump + captured.end)).toEqual({ rows: [listening, connection], done: true, errno: 0 });
  });

  test('a refusal carries its errno: here ENOENT, no such socket', () => {
    expect(parse(captured.noSuchSocket)).toEqual({ rows: [], done: true, errno: 2 });
  });

  test('for counting, a row is read without its addresses', () => {
    expect(parseDiagReply(Buffer.from(captured.dump, 'hex'), socketOf)?.rows).toEqual([
      { state: 10, localPort: 18_080, receiveQueue: 0, inode: 78_934 },
      { state: 1, localPort: 18_080, receiveQueue: 0, inode: 78_936 },
    ]);
  });

  test('bytes that end inside a message, whatever the length, are no reply', () => {
    for (let length = 1; length < captured.dump.length / 2; length++) {
      const cut = parse(captured.dump.slice(0, 2 * length));
      if (length === 132) expect(cut?.rows).toEqual([listening]);
      else expect(cut, `${length} bytes`).toBeUndefined();
    }
  });

  test('a message that claims to be shorter than its header is no reply, and no endless loop', () => {
    expect(parse(`00000000${captured.end.slice(8)}`)).toBeUndefined();
    expect(parse(`0f000000${captured.end.slice(8)}`)).toBeUndefined();
  });

  test('a row or a refusal without its body is no reply', () => {
    expect(parse('10000000140002000000000000000000')).toBeUndefined();
    expect(parse('10000000020002000000000000000000')).toBeUndefined();
  });
});

describe('a question to sock_diag', () => {
  test('a dump by family, states and local port', () => {
    expect(hex(encodeDiagQuery({ family: 10, states: (1 << 1) | (1 << 10), localPort: 18_080 }))).toBe(
      captured.dumpRequest,
    );
  });

  test('one socket by both its ends', () => {
    const loopback = parseIp('127.0.0.1');
    if (loopback === undefined) throw new Error('127.0.0.1 was not understood');
    const query = { local: loopback, localPort: 18_081, remote: loopback, remotePort: 40_124 };
    expect(hex(encodeDiagQuery(query))).toBe(captured.singleRequest);
  });
});

function parse(text: string): DiagReply | undefined {
  return parseDiagReply(Buffer.from(text, 'hex'), tcpRowOf);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
