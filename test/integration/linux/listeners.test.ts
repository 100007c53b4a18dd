import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { holdsSocket } from '../../../src/linux/holders.ts';
import { backlogCut } from '../../../src/linux/port-free.ts';
import { err } from '../../../src/shared/result.ts';
import { openConnections } from '../../harness/open-connections.ts';
import { startSlotServer } from '../../harness/slot-server.ts';
import { libcWith, openSlotSockets, realLibc } from '../../harness/slot-sockets.ts';
import { until } from '../../harness/until.ts';

describe('addresses', () => {
  test('`::` takes clients of IPv4 and of IPv6', async () => {
    using web = await openSlotSockets({ hosts: ['::'], slots: 1 });
    using four = await openConnections('127.0.0.1', web.port, 2);
    using six = await openConnections('::1', web.port, 3);
    expect(web.listeners.flush('web', 0)).toBe(5);
    await until(() => four.reset() === 2 && six.reset() === 3, { what: 'all to be answered by our socket' });
  });

  test('another IPv6 address is IPv6 only: the same port of IPv4 stays free', async () => {
    using web = await openSlotSockets({ hosts: ['::1'], slots: 1 });
    (await openConnections('::1', web.port, 1))[Symbol.dispose]();
    expect(web.checkPortFree('127.0.0.1', web.port)).toEqual({ ok: true, value: undefined });
    await expect(openConnections('127.0.0.1', web.port, 1)).rejects.toThrow('ECONNREFUSED');
  });

  test('on a machine without IPv6 `::` becomes 0.0.0.0, and says so', async () => {
    const libc = libcWith((real) => ({
      socket: (domain, type, protocol) => (domain === 10 ? err('EAFNOSUPPORT') : real.socket(domain, type, protocol)),
    }));
    using web = await openSlotSockets({ hosts: ['::'], libc });
    expect(web.listeners.of('web', 1)[0]?.host).toBe('0.0.0.0');
    (await openConnections('127.0.0.1', web.port, 1))[Symbol.dispose]();
  });

  test('several ports and addresses: each slot has one socket of each, in the order of the config', async () => {
    using web = await openSlotSockets({ hosts: ['127.0.0.1', '::1', '0.0.0.0'], slots: 2 });
    const sockets = web.listeners.of('web', 1);
    expect(sockets.map(({ name, host }) => `${name} ${host}`)).toEqual([
      'port0 127.0.0.1',
      'port1 ::1',
      'port2 0.0.0.0',
    ]);
    expect(new Set(web.listeners.all().map(({ inode }) => inode)).size).toBe(6);
    for (const { inode } of sockets) expect(holdsSocket(process.pid, inode)).toBe(true);
  });
});

describe('the accept queue', () => {
  test('has the backlog of the config, also after a worker that knows better', async () => {
    using web = await openSlotSockets({ backlog: 7, slots: 1 });
    const [socket] = web.listeners.of('web', 0);
    await using worker = await startSlotServer({ fds: [socket?.fd ?? -1] });
    expect(holdsSocket(worker.process.pid, socket?.inode ?? 0)).toBe(true);
    expect(web.listeners.queues('web', 0)).toEqual([{ queue: 0, backlog: 511, drops: 0 }]);
    web.listeners.restoreBacklog('web', 0);
    expect(web.listeners.queues('web', 0)).toEqual([{ queue: 0, backlog: 7, drops: 0 }]);
  });

  test('is cut to somaxconn, which can be known before', async () => {
    const somaxconn = Number(readFileSync('/proc/sys/net/core/somaxconn', 'latin1'));
    using web = await openSlotSockets({ backlog: somaxconn + 1, slots: 1 });
    expect(web.listeners.queues('web', 0)[0]?.backlog).toBe(somaxconn);
    expect(backlogCut(somaxconn + 1)).toBe(somaxconn);
    expect(backlogCut(somaxconn)).toBeUndefined();
  });

  test('counts what it drops when it is full', async () => {
    using web = await openSlotSockets({ backlog: 1, slots: 1 });
    using full = await openConnections('127.0.0.1', web.port, 2); // one more than the backlog fits
    expect(web.listeners.queues('web', 0)).toEqual([{ queue: 2, backlog: 1, drops: 0 }]);
    const late = openConnections('127.0.0.1', web.port, 1);
    const drops = (): number => web.listeners.queues('web', 0)[0]?.drops ?? 0;
    await until(() => drops() > 0, { what: 'a dropped handshake' });
    expect(web.listeners.flush('web', 0)).toBe(2);
    (await late)[Symbol.dispose](); // the client's second SYN, after a second, finds room
    await until(() => full.reset() === 2, { what: 'two resets' });
  });

  test('is flushed without waiting: what waits is reset and counted, and a second time there is nothing', async () => {
    using web = await openSlotSockets({ hosts: ['127.0.0.1', '::1'], slots: 1 });
    using four = await openConnections('127.0.0.1', web.port, 3);
    using six = await openConnections('::1', web.program.listen[1]?.port ?? 0, 2);
    expect(web.listeners.flush('web', 0)).toBe(5);
    expect(web.listeners.queues('web', 0).map(({ queue }) => queue)).toEqual([0, 0]);
    await until(() => four.reset() === 3 && six.reset() === 2, { what: 'five resets' });
    expect(web.listeners.flush('web', 0)).toBe(0);
  });

  test('does not hold half-open handshakes: those are listed apart', async () => {
    using web = await openSlotSockets({ slots: 2 });
    expect(web.listeners.halfOpen('web')).toEqual([]);
    // With TCP_DEFER_ACCEPT (tcp(7)) a handshake stays half-open on the server's side until the client says something.
    const deferAccept = Buffer.from([5, 0, 0, 0]);
    for (const { fd } of web.listeners.all()) expect(realLibc().setsockopt(fd, 6, 9, deferAccept).ok).toBe(true);
    using clients = await openConnections('127.0.0.1', web.port, 3, { halfOpen: true });
    const expected = clients.sockets.map(({ localPort }) => `127.0.0.1:${localPort}>127.0.0.1:${web.port}`);
    expect(web.listeners.halfOpen('web').toSorted()).toEqual(expected.toSorted());
    for (const socket of clients.sockets) socket.write('.');
    await until(() => web.listeners.halfOpen('web').length === 0, { what: 'the handshakes to end' });
  });
});

describe('descriptors', () => {
  test('a worker inherits its own slot’s socket and no other', async () => {
    using web = await openSlotSockets({ hosts: ['127.0.0.1', '::1'], slots: 4 });
    const own = web.listeners.of('web', 2);
    await using worker = await startSlotServer({ fds: own.map(({ fd }) => fd) });
    const inherited = web.listeners.all().filter(({ inode }) => holdsSocket(worker.process.pid, inode));
    expect(inherited.map(({ slot, inode }) => ({ slot, inode }))).toEqual(own.map(({ inode }) => ({ slot: 2, inode })));
  });

  test('a closed slot refuses nobody while another is open, and the last one frees the port', async () => {
    using web = await openSlotSockets({ slots: 2 });
    web.listeners.close('web', [1]);
    expect(web.listeners.of('web', 1)).toEqual([]);
    using clients = await openConnections('127.0.0.1', web.port, 5);
    expect(web.listeners.queues('web', 0)[0]?.queue).toBe(5);
    expect(clients.reset()).toBe(0);
    web.listeners.close('web', [0]);
    expect(web.checkPortFree('127.0.0.1', web.port)).toEqual({ ok: true, value: undefined });
  });

  test('a connection of a former worker does not keep the port busy', async () => {
    using web = await openSlotSockets({ slots: 1 });
    await using worker = await startSlotServer({
      fds: web.listeners.of('web', 0).map(({ fd }) => fd),
      serve: "server.close(); socket.on('data', () => socket.end('bye'));",
    });
    using client = await openConnections('127.0.0.1', web.port, 1);
    await until(() => worker.accepted() === 1, { what: 'the worker to accept' });
    web.listeners.close('web', [0]);
    const reopened = await until(() => web.open().ok, { what: 'the worker to give up its listener' });
    expect(reopened).toBe(true);
    const [socket] = client.sockets;
    socket?.write('still there?');
    expect(String((await once(socket ?? process, 'data'))[0])).toBe('bye');
  });
});
