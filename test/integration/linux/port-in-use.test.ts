import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { readProcNetTcp } from '../../../src/linux/proc-net-tcp.ts';
import { failure } from '../../../src/shared/errors.ts';
import { err } from '../../../src/shared/result.ts';
import { freePort } from '../../harness/free-port.ts';
import { openConnections } from '../../harness/open-connections.ts';
import { startSlotServer } from '../../harness/slot-server.ts';
import { libcWith, openSlotSockets, slotSockets } from '../../harness/slot-sockets.ts';
import { until } from '../../harness/until.ts';

const free = { ok: true, value: undefined };
const noFfi = err(failure('FFI_UNAVAILABLE', 'no access to libc: refused by a test'));

describe('a port that somebody holds is refused, with pid and command', () => {
  test.each([
    { what: 'an ordinary listener', listen: { host: '127.0.0.1' }, host: '127.0.0.1' },
    { what: 'a listener that would share the port', listen: { host: '127.0.0.1', reusePort: true }, host: '127.0.0.1' },
    { what: 'a listener on one address when we want all', listen: { host: '127.0.0.1' }, host: '0.0.0.0' },
    { what: 'a listener on all addresses when we want one', listen: { host: '::' }, host: '127.0.0.1' },
    { what: 'a listener of IPv6', listen: { host: '::1' }, host: '::' },
  ])('$what', async ({ listen, host }) => {
    using web = await slotSockets({ hosts: [host] });
    await using holder = await startSlotServer({ listen: { ...listen, port: web.port } });
    for (const refused of [web.open(), web.checkPortFree(host, web.port)]) {
      expect(codeOf(refused)).toBe('PORT_IN_USE');
      expect(textOf(refused)).toContain(`:${web.port} is in use by pid ${holder.process.pid} (${process.execPath} -e`);
    }
    expect(web.listeners.all()).toEqual([]);
  });

  test('the same without FFI', async () => {
    using web = await slotSockets({ libc: noFfi });
    expect(web.checkPortFree('127.0.0.1', web.port)).toEqual(free);
    await using holder = await startSlotServer({ listen: { port: web.port } });
    expect(textOf(web.checkPortFree('127.0.0.1', web.port))).toContain(`in use by pid ${holder.process.pid} (`);
  });

  test('an outgoing connection that was given the port by the kernel', async () => {
    const server = createServer().listen(await freePort(), '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    using client = await openConnections('127.0.0.1', typeof address === 'object' ? (address?.port ?? 0) : 0, 1);
    using web = await slotSockets({ ports: [client.sockets[0]?.localPort ?? 0] });
    expect(textOf(web.open())).toContain(`in use by pid ${process.pid} (`);
    server.close();
  });
});

test('the remains of former connections (TIME_WAIT) do not count', async () => {
  const port = await freePort();
  {
    await using server = await startSlotServer({ listen: { host: '127.0.0.1', port }, serve: 'socket.end();' });
    const socket = connect({ host: '127.0.0.1', port }).resume();
    await once(socket, 'close');
    const lingering = () => readProcNetTcp(({ local, state }) => local.port === port && state === 6).length > 0;
    await until(() => server.accepted() === 1, { what: 'the server to tell that it accepted' });
    await until(lingering, { what: 'the server’s end in TIME_WAIT' });
  }
  using web = await slotSockets({ ports: [port] });
  expect(web.open()).toEqual(free);
});

test('all or nothing: when the second port is taken, the first is free again', async () => {
  using web = await slotSockets({ hosts: ['127.0.0.1', '127.0.0.1'], slots: 3 });
  await using holder = await startSlotServer({ listen: { host: '127.0.0.1', port: web.program.listen[1]?.port } });
  expect(textOf(web.open())).toContain(`in use by pid ${holder.process.pid} (`);
  expect(web.listeners.all()).toEqual([]);
  expect(web.checkPortFree('127.0.0.1', web.port)).toEqual(free);
});

test.each([
  { what: 'an address of another machine', host: '192.0.2.1', code: 'HOST_UNAVAILABLE' },
  { what: 'an IPv6 address of another machine', host: '2001:db8::1', code: 'HOST_UNAVAILABLE' },
  { what: 'no address', host: 'example.org', code: 'HOST_UNAVAILABLE' },
])('$what is refused as $code', async ({ host, code }) => {
  using web = await slotSockets({ hosts: [host] });
  expect(codeOf(web.open())).toBe(code);
});

test.each([
  { errno: 'EACCES', code: 'PORT_FORBIDDEN' },
  { errno: 'ENOBUFS', code: 'LISTEN_FAILED' },
])('a bind that fails with $errno is $code, and leaves no socket behind', async ({ errno, code }) => {
  let open = 0;
  const libc = libcWith((real) => ({
    socket: (domain, type, protocol) => (open++, real.socket(domain, type, protocol)),
    bind: () => err(errno),
    close: (fd) => (open--, real.close(fd)),
  }));
  using web = await slotSockets({ libc });
  expect(codeOf(web.open())).toBe(code);
  expect(open).toBe(0);
});

test('a stranger that joins the group later is found, our own sockets are not strangers', async () => {
  using web = await openSlotSockets({ hosts: ['127.0.0.1', '::1'], slots: 2 });
  expect(web.strangers()).toEqual([]);
  await using stranger = await startSlotServer({ listen: { host: '127.0.0.1', port: web.port, reusePort: true } });
  const [found, ...others] = web.strangers();
  expect(others).toEqual([]);
  expect(found).toMatchObject({ port: web.port, pid: stranger.process.pid });
  expect(found?.command).toContain(process.execPath);
});

function codeOf(result: ReturnType<Awaited<ReturnType<typeof slotSockets>>['open']>): string | undefined {
  return result.ok ? undefined : result.error.code;
}

function textOf(result: ReturnType<Awaited<ReturnType<typeof slotSockets>>['open']>): string {
  return result.ok ? '' : result.error.message;
}
