import { fstatSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bindSocket } from '../../../src/linux/bound-socket.ts';
import { fits, type Given, type GivenSocket, inspectSocket } from '../../../src/linux/given-sockets.ts';
import { encodeSockaddr, parseIp } from '../../../src/linux/sockaddr.ts';
import { err } from '../../../src/shared/result.ts';
import { freePort } from '../../harness/free-port.ts';
import { openConnections } from '../../harness/open-connections.ts';
import { libcWith, openSlotSockets, realLibc, slotSockets } from '../../harness/slot-sockets.ts';

const libc = realLibc();

/** Sockets that listen in this order, before anybody opens a slot. */
function listening(port: number, count: number, slots: readonly (number | undefined)[], kept: boolean): GivenSocket[] {
  return Array.from({ length: count }, (_, at) => {
    const bound = bindSocket(libc, '127.0.0.1', port, true);
    if (!bound.ok) throw new Error(bound.error);
    const { fd } = bound.value;
    expect(libc.listen(fd, 100).ok).toBe(true);
    return { fd, inode: fstatSync(fd).ino, slot: slots[at], kept };
  });
}

function giving(sockets: readonly GivenSocket[]): Given {
  let left = [...sockets];
  return {
    take() {
      const taken = left;
      left = [];
      return taken;
    },
    inodes: () => new Set(left.map(({ inode }) => inode)),
  };
}

/** To which slots the kernel gives a connection that is steered to each slot in turn. */
async function reached(web: Awaited<ReturnType<typeof openSlotSockets>>, slots: readonly number[]): Promise<number[]> {
  const places: number[] = [];
  for (const slot of slots) {
    const weights = Array.from({ length: Math.max(...slots) + 1 }, (_, at) => (at === slot ? 1 : 0));
    expect(web.steering.apply('web', weights).ok).toBe(true);
    using client = await openConnections('127.0.0.1', web.port, 1);
    expect(client.reset()).toBe(0);
    places.push(slots.findIndex((one) => web.listeners.queues('web', one)[0]?.queue === 1));
    for (const one of slots) web.listeners.flush('web', one);
  }
  return places.map((at) => slots[at] ?? -1);
}

describe('given sockets', () => {
  test('are used instead of new ones, and those that are missing join behind them', async () => {
    const port = await freePort();
    const sockets = listening(port, 3, [0, 3, 1], false);
    using web = await openSlotSockets({ ports: [port], slots: 5, given: giving(sockets) });
    expect(web.listeners.groups('web')[0]?.map(({ slot }) => slot)).toEqual([0, 3, 1, 2, 4]);
    expect(web.listeners.of('web', 3)[0]?.inode).toBe(sockets[1]?.inode);
    expect(web.listeners.queues('web', 3)[0]?.backlog).toBe(511);
    expect(await reached(web, [0, 1, 2, 3, 4])).toEqual([0, 1, 2, 3, 4]);
  });

  test('keep what waits in them', async () => {
    const port = await freePort();
    const given = giving(listening(port, 1, [0], false));
    using clients = await openConnections('127.0.0.1', port, 3);
    using web = await openSlotSockets({ ports: [port], slots: 1, given });
    expect(web.listeners.queues('web', 0)[0]?.queue).toBe(3);
    expect(clients.reset()).toBe(0);
  });

  test('do not make their port seem taken; a stranger beside them does', async () => {
    const port = await freePort();
    const sockets = listening(port, 2, [0, 1], false);
    using web = await slotSockets({ ports: [port], given: giving(sockets) });
    expect(web.checkPortFree('127.0.0.1', port).ok).toBe(true);
    const [stranger] = listening(port, 1, [], false);
    expect(web.checkPortFree('127.0.0.1', port)).toMatchObject({ error: { code: 'PORT_IN_USE' } });
    expect(web.open()).toMatchObject({ error: { code: 'PORT_IN_USE' } });
    libc.close(stranger?.fd ?? -1);
    expect(web.open().ok).toBe(true);
    expect(web.listeners.of('web', 1)[0]?.inode).toBe(sockets[1]?.inode);
  });

  test('of a slot that is not wanted close with the program', async () => {
    const port = await freePort();
    const web = await openSlotSockets({ ports: [port], slots: 1, given: giving(listening(port, 2, [0, 1], false)) });
    expect(web.listeners.of('web', 1)).toEqual([]);
    web.listeners.close('web', [0]);
    expect(web.checkPortFree('127.0.0.1', port).ok).toBe(true);
  });

  test('are told to the watch as those that are opened, and when they close', async () => {
    const port = await freePort();
    const heard: string[] = [];
    const watch = {
      opened: (program: string, { slot, name }: { slot: number; name: string }) =>
        heard.push(`+${program}.${slot}.${name}`),
      closed: (program: string, { slot, name }: { slot: number; name: string }) =>
        heard.push(`-${program}.${slot}.${name}`),
    };
    const web = await openSlotSockets({
      ports: [port],
      slots: 2,
      given: giving(listening(port, 1, [1], false)),
      watch,
    });
    expect(heard).toEqual(['+web.0.port0', '+web.1.port0']);
    web.listeners.close('web', [0, 1]);
    expect(heard.slice(2).toSorted()).toEqual(['-web.0.port0', '-web.1.port0']);
  });
});

describe('sockets of a socket unit', () => {
  test('get numbers in their order, never leave the group, and wait for the next to open the port', async () => {
    const port = await freePort();
    const unit = listening(port, 3, [], true);
    try {
      using web = await openSlotSockets({ ports: [port], slots: 4, given: giving(unit) });
      expect(web.listeners.groups('web')[0]?.map(({ slot, parked }) => [slot, parked])).toEqual([
        [0, false],
        [1, false],
        [2, false],
        [3, false],
      ]);
      web.listeners.close('web', [3, 2]);
      expect(web.listeners.of('web', 2)).toEqual([]);
      expect(web.listeners.groups('web')[0]).toHaveLength(3);
      expect(web.listeners.open(web.program, [2]).ok).toBe(true);
      expect(await reached(web, [0, 1, 2])).toEqual([0, 1, 2]);
      web.listeners.close('web', [0, 1, 2]);
      expect(web.listeners.all()).toEqual([]);
      expect(web.checkPortFree('127.0.0.1', port).ok).toBe(true);
      expect(web.open().ok).toBe(true);
      expect(
        web.listeners
          .groups('web')[0]
          ?.map(({ inode }) => inode)
          .slice(0, 3),
      ).toEqual(unit.map(({ inode }) => inode));
    } finally {
      for (const { fd } of unit) libc.close(fd);
    }
  });

  test('beyond the workers get no connection', async () => {
    const port = await freePort();
    const unit = listening(port, 3, [], true);
    try {
      using web = await openSlotSockets({ ports: [port], slots: 1, given: giving(unit) });
      expect(web.steering.apply('web', [1], 'hash').ok).toBe(true);
      using clients = await openConnections('127.0.0.1', port, 20);
      expect(web.listeners.queues('web', 0)[0]?.queue).toBe(20);
      expect(clients.reset()).toBe(0);
    } finally {
      for (const { fd } of unit) libc.close(fd);
    }
  });

  test('of another user let nobody join them: the error says what to do', async () => {
    const port = await freePort();
    const unit = listening(port, 1, [], true);
    const refusing = libcWith((real) => ({
      bind: (fd, address) => (reuses(fd) ? err('EADDRINUSE') : real.bind(fd, address)),
    }));
    try {
      using web = await slotSockets({ ports: [port], slots: 2, given: giving(unit), libc: refusing });
      const opened = web.open();
      expect(opened).toMatchObject({ error: { code: 'PORT_IN_USE' } });
      expect(opened.ok ? '' : opened.error.advice).toContain('a ListenStream= line for each worker');
      expect(web.listeners.all()).toEqual([]);
      expect(web.listeners.unused()).toEqual(new Set(unit.map(({ inode }) => inode)));
    } finally {
      for (const { fd } of unit) libc.close(fd);
    }
  });
});

describe('a descriptor', () => {
  test.each([
    { what: 'a file', make: () => libc.socket(1, 2, 0), says: 'no socket of IPv4 or IPv6' },
    { what: 'UDP', make: () => bound(2), says: 'no TCP socket' },
    { what: 'unbound', make: () => libc.socket(2, 1, 0), says: 'a TCP socket that is not bound to a port' },
    {
      what: 'without SO_REUSEPORT',
      make: () => bound(1),
      says: /a socket without SO_REUSEPORT \(127\.0\.0\.1 port \d+\)/,
    },
  ])('that is $what is refused in words', ({ make, says }) => {
    const made = make();
    const fd = made.ok ? made.value : -1;
    const inspected = inspectSocket(libc, fd);
    libc.close(fd);
    expect(inspected.ok ? '' : inspected.error).toMatch(says);
  });

  test('fits the listener whose clients it serves, and no other', async () => {
    for (const [host, wanted, expected] of [
      ['::', '::', true],
      ['127.0.0.1', '127.0.0.1', true],
      ['127.0.0.1', '0.0.0.0', false],
      ['0.0.0.0', '::', false],
      ['::', '0.0.0.0', false],
      ['::1', '::', false],
    ] as const) {
      using web = await openSlotSockets({ hosts: [host], slots: 1 });
      const inspected = inspectSocket(libc, web.listeners.of('web', 0)[0]?.fd ?? -1);
      if (!inspected.ok) throw new Error(inspected.error);
      expect(inspected.value).toMatchObject({ host, port: web.port });
      expect(fits(libc, inspected.value, { host: wanted, port: web.port }), `${host} for ${wanted}`).toBe(expected);
      expect(fits(libc, inspected.value, { host, port: web.port + 1 })).toBe(false);
    }
  });

  test('of 0.0.0.0 fits `::` where there is no IPv6', async () => {
    const noIpv6 = libcWith((real) => ({
      socket: (domain, type, protocol) => (domain === 10 ? err('EAFNOSUPPORT') : real.socket(domain, type, protocol)),
    }));
    if (!noIpv6.ok) throw new Error('no libc');
    const facts = { host: '0.0.0.0', port: 80, inode: 1, dualStack: false };
    expect(fits(noIpv6.value, facts, { host: '::', port: 80 })).toBe(true);
  });
});

function bound(type: number): ReturnType<typeof libc.socket> {
  const made = libc.socket(2, type, 0);
  const ip = parseIp('127.0.0.1');
  if (made.ok && ip !== undefined) expect(libc.bind(made.value, encodeSockaddr(ip, 0)).ok).toBe(true);
  return made;
}

function reuses(fd: number): boolean {
  const value = Buffer.alloc(4);
  return libc.getsockopt(fd, 1, 15, value).ok && value.readInt32LE() === 1;
}
