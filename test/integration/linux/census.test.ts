import { expect, test } from 'vitest';
import { createCensus } from '../../../src/linux/census.ts';
import { failure } from '../../../src/shared/errors.ts';
import { err } from '../../../src/shared/result.ts';
import type { CensusOrder } from '../../../src/supervisor/ports.ts';
import { openConnections } from '../../harness/open-connections.ts';
import { type SlotServer, startSlotServer } from '../../harness/slot-server.ts';
import { openSlotSockets, type SlotSockets } from '../../harness/slot-sockets.ts';
import { until } from '../../harness/until.ts';

/** The kernel's sockets joined to processes, with and without sock_diag. */
function order(web: SlotSockets, workers: readonly SlotServer[]): CensusOrder {
  const { bind, listen } = web.program;
  const places = listen.map(({ host, port }) => (bind === 'worker' ? { port } : { host, port }));
  return { program: 'web', places, slots: workers.map(({ process }, slot) => ({ slot, processes: [process] })) };
}

function fdsOf(web: SlotSockets, slot: number): number[] {
  return web.listeners.of('web', slot).map(({ fd }) => fd);
}

const withoutFfi = () => createCensus(() => err(failure('FFI_UNAVAILABLE', 'not here')));

test.each(['127.0.0.1', '::1', '::'])('counts what each process has accepted on %s, and what waits', async (host) => {
  using web = await openSlotSockets({ slots: 2, hosts: [host, host] });
  await using left = await startSlotServer({ fds: fdsOf(web, 0) });
  await using right = await startSlotServer({ fds: fdsOf(web, 1) });
  web.steering.apply('web', [1, 0]);
  using _first = await openConnections(host === '::' ? '127.0.0.1' : host, web.port, 5);
  using _second = await openConnections(host === '::' ? '::1' : host, web.program.listen[1]?.port ?? 0, 3);
  await until(() => left.accepted() === 8, { what: 'the left one to have accepted all' });
  right.signal('SIGSTOP');
  web.steering.apply('web', [0, 1]);
  using _waiting = await openConnections(host === '::' ? '::1' : host, web.port, 4);
  for (const census of [web.census, withoutFfi()]) {
    const count = await census.count([order(web, [left, right])]);
    expect(count.of('web', 0)).toEqual({ kernel: 8, unaccepted: 0 });
    expect(count.of('web', 1)).toEqual({ kernel: 0, unaccepted: 4 });
    expect(count.incomplete).toBeUndefined();
    expect(count.descriptors).toBeGreaterThan(10);
  }
});

test('a child in the worker’s process group counts for its slot', async () => {
  using web = await openSlotSockets({ slots: 1 });
  await using worker = await startSlotServer({ fds: fdsOf(web, 0), behindShell: true });
  using _connections = await openConnections('127.0.0.1', web.port, 3);
  await until(() => worker.accepted() === 3, { what: 'the child to have accepted' });
  expect((await web.census.count([order(web, [worker])])).of('web', 0)).toEqual({ kernel: 3, unaccepted: 0 });
});

test('workers that bind by themselves: in whatever family', async () => {
  using web = await openSlotSockets({ slots: 1, bind: 'worker' });
  await using worker = await startSlotServer({ listen: { port: web.port, host: '::' } });
  using _connections = await openConnections('127.0.0.1', web.port, 2);
  await until(() => worker.accepted() === 2, { what: 'it to have accepted' });
  const count = await web.census.count([order(web, [worker])]);
  expect(count.of('web', 0)).toEqual({ kernel: 2, unaccepted: 0 });
});

test('connections on other ports, and of other processes, do not count', async () => {
  using web = await openSlotSockets({ slots: 1 });
  using other = await openSlotSockets({ slots: 1 });
  await using worker = await startSlotServer({ fds: [...fdsOf(web, 0), ...fdsOf(other, 0)] });
  await using stranger = await startSlotServer({ fds: fdsOf(other, 0) });
  using _one = await openConnections('127.0.0.1', web.port, 1);
  using _two = await openConnections('127.0.0.1', other.port, 2);
  await until(() => worker.accepted() + stranger.accepted() === 3, { what: 'all to be accepted' });
  expect((await web.census.count([order(web, [worker])])).of('web', 0)).toEqual({ kernel: 1, unaccepted: 0 });
});

test('a process that has ended, or whose pid is another’s by now, holds nothing', async () => {
  using web = await openSlotSockets({ slots: 1 });
  await using worker = await startSlotServer({ fds: fdsOf(web, 0) });
  using _connections = await openConnections('127.0.0.1', web.port, 2);
  await until(() => worker.accepted() === 2, { what: 'both to be accepted' });
  const { pid, startTicks } = worker.process;
  const former = { ...order(web, []), slots: [{ slot: 0, processes: [{ pid, startTicks: startTicks - 1 }] }] };
  expect((await web.census.count([former])).of('web', 0)).toEqual({ kernel: 0, unaccepted: 0 });
});

test('the event loop turns while 2,000 connections are counted', async () => {
  using web = await openSlotSockets({ slots: 1, backlog: 4_096 });
  await using worker = await startSlotServer({ fds: fdsOf(web, 0) });
  using _connections = await openConnections('127.0.0.1', web.port, 2_000);
  await until(() => worker.accepted() === 2_000, { what: 'all to be accepted' });
  let turns = 0;
  let turning = true;
  const turn = (): void => {
    turns += 1;
    if (turning) setImmediate(turn);
  };
  turn();
  const count = await web.census.count([order(web, [worker])]);
  turning = false;
  expect(count.of('web', 0)).toEqual({ kernel: 2_000, unaccepted: 0 });
  expect(turns).toBeGreaterThan(3);
});
