import { beforeEach, describe, expect, test } from 'vitest';
import type { SlotListener } from '../../../src/supervisor/ports.ts';
import { failure } from '../../../src/shared/errors.ts';
import { err } from '../../../src/shared/result.ts';
import { ebpfRefusal } from '../../harness/ebpf-refusal.ts';
import { type SlotServer, startSlotServer } from '../../harness/slot-server.ts';
import { libcWith, openSlotSockets, type SlotSockets, slotSockets } from '../../harness/slot-sockets.ts';
import { until } from '../../harness/until.ts';

const passed = { ok: true, value: undefined };

describe.each([
  { by: 'cbpf' as const, refused: undefined },
  { by: 'ebpf' as const, refused: ebpfRefusal() },
])('a probe reaches one slot through the shared port, by $by', ({ by, refused }) => {
  const mechanisms = [by];
  beforeEach(({ skip }) => skip(refused !== undefined, `bpf(2) answers ${refused}`));

  test.each([
    { what: 'IPv4', host: '127.0.0.1' },
    { what: 'IPv6', host: '::1' },
    { what: 'all IPv4 addresses', host: '0.0.0.0' },
    { what: 'dual-stack', host: '::' },
  ])('$what', async ({ host }) => {
    using web = await openSlotSockets({ hosts: [host, host], slots: 4, mechanisms });
    await using worker = await startSlotServer({ fds: fdsOf(web, 2) });
    expect(await probe(web, worker, { slot: 2 })).toEqual(passed);
    await until(() => worker.accepted() === 2, { what: 'one connection on each of both ports' });
    for (const slot of [0, 1, 3]) expect(web.listeners.queues('web', slot).map(({ queue }) => queue)).toEqual([0, 0]);
  });

  test('whatever the weights are, and these hold again afterwards', async () => {
    using web = await openSlotSockets({ slots: 2, mechanisms });
    web.steering.apply('web', [1, 0]);
    await using worker = await startSlotServer({ fds: fdsOf(web, 1) });
    expect(await probe(web, worker, { slot: 1 })).toEqual(passed);
    await until(() => worker.accepted() === 1, { what: 'it to tell that it accepted' });
    expect(web.steering.apply('web', [1, 0])).toEqual(passed);
    await using old = await startSlotServer({ fds: fdsOf(web, 0) });
    expect(await probe(web, old, { slot: 0 })).toEqual(passed);
    await until(() => old.accepted() === 1, { what: 'the other one to tell so' });
    expect(worker.accepted()).toBe(1);
  });

  test('64 probes at once', async () => {
    using web = await openSlotSockets({ slots: 4, mechanisms });
    await using left = await startSlotServer({ fds: fdsOf(web, 1) });
    await using right = await startSlotServer({ fds: fdsOf(web, 3) });
    const all = Array.from({ length: 64 }, (_, at) =>
      at % 2 === 0 ? probe(web, left, { slot: 1 }) : probe(web, right, { slot: 3 }),
    );
    for (const result of await Promise.all(all)) expect(result).toEqual(passed);
  });
});

describe('a probe proves which process took it', () => {
  test('old and new worker on the same socket: it waits for the one that was asked for', async () => {
    using web = await openSlotSockets({ slots: 2 });
    await using old = await startSlotServer({ fds: fdsOf(web, 1) });
    await using replacement = await startSlotServer({ fds: fdsOf(web, 1) });
    for (const worker of [replacement, old, replacement, old, replacement]) {
      const before = worker.accepted();
      expect(await probe(web, worker, { slot: 1 })).toEqual(passed);
      await until(() => worker.accepted() > before, { what: 'the right one to have accepted' });
    }
  });

  test('a frozen worker does not pass because the old one accepts', async () => {
    using web = await openSlotSockets({ slots: 1 });
    await using old = await startSlotServer({ fds: fdsOf(web, 0) });
    await using frozen = await startSlotServer({ fds: fdsOf(web, 0) });
    frozen.signal('SIGSTOP');
    expect(await probe(web, frozen, { timeoutMs: 2_000 })).toEqual({
      ok: false,
      error: `another process accepted every connection (127.0.0.1:${web.port}, within 2s)`,
    });
    await until(() => old.accepted() > 0, { what: 'the old one to tell that it accepted' });
  });

  test('a process behind a shell counts as its group', async () => {
    using web = await openSlotSockets({ slots: 1 });
    await using worker = await startSlotServer({ fds: fdsOf(web, 0), behindShell: true });
    expect(await probe(web, worker)).toEqual(passed);
  });

  test('a server that greets and hangs up at once has accepted', async () => {
    using web = await openSlotSockets({ slots: 1 });
    await using worker = await startSlotServer({ fds: fdsOf(web, 0), serve: "socket.end('220 hello');" });
    for (let times = 0; times < 10; times++) expect(await probe(web, worker)).toEqual(passed);
  });
});

describe('a probe that fails says why', () => {
  test('nobody accepts: the time is kept', async () => {
    using web = await openSlotSockets({ slots: 1 });
    await using worker = await startSlotServer({ fds: fdsOf(web, 0) });
    worker.signal('SIGSTOP');
    const begun = performance.now();
    expect(await probe(web, worker, { timeoutMs: 300 })).toEqual({
      ok: false,
      error: `nobody accepted (127.0.0.1:${web.port}, within 300ms)`,
    });
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  test('the worker is gone', async () => {
    using web = await openSlotSockets({ slots: 1 });
    const worker = await startSlotServer({ fds: fdsOf(web, 0) });
    await worker[Symbol.asyncDispose]();
    expect(await probe(web, worker)).toEqual({ ok: false, error: 'the worker is gone' });
  });

  test('the slot is closed', async () => {
    using web = await slotSockets();
    await using worker = await startSlotServer({ listen: { port: 0 } });
    expect(await probe(web, worker)).toEqual({ ok: false, error: 'the slot has no open socket' });
  });
});

describe('over HTTP', () => {
  test.each([200, 204, 302])('%d passes', async (status) => {
    using web = await openSlotSockets({ slots: 2, path: '/healthz' });
    await using worker = await startSlotServer({ fds: fdsOf(web, 1), status });
    expect(await probe(web, worker, { slot: 1, want: 'http' })).toEqual(passed);
  });

  test.each([404, 503])('%d is asked for again until the time is up, and then shown', async (status) => {
    using web = await openSlotSockets({ slots: 1, path: '/healthz' });
    await using worker = await startSlotServer({ fds: fdsOf(web, 0), status });
    expect(await probe(web, worker, { want: 'http', timeoutMs: 2_000 })).toEqual({
      ok: false,
      error: `GET /healthz answered ${status} (127.0.0.1:${web.port}, within 2s)`,
    });
    await until(() => worker.accepted() > 1, { what: 'it to tell that it was asked again' });
  });

  test('the answer of the old worker says nothing about the new one', async () => {
    using web = await openSlotSockets({ slots: 1, path: '/healthz' });
    await using old = await startSlotServer({ fds: fdsOf(web, 0), status: 200 });
    await using replacement = await startSlotServer({ fds: fdsOf(web, 0), status: 503 });
    expect(await probe(web, replacement, { want: 'http', timeoutMs: 3_000 })).toEqual({
      ok: false,
      error: `GET /healthz answered 503 (127.0.0.1:${web.port}, within 3s)`,
    });
    expect(await probe(web, old, { want: 'http' })).toEqual(passed);
  });

  test('a server that says nothing, and one that speaks something else, do not pass', async () => {
    using web = await openSlotSockets({ slots: 2, path: '/' });
    await using silent = await startSlotServer({ fds: fdsOf(web, 0) });
    await using smtp = await startSlotServer({ fds: fdsOf(web, 1), serve: "socket.write('220 hello\\r\\n');" });
    expect(await probe(web, silent, { want: 'http', timeoutMs: 2_000 })).toMatchObject({
      error: `GET / was not answered (127.0.0.1:${web.port}, within 2s)`,
    });
    expect(await probe(web, smtp, { slot: 1, want: 'http', timeoutMs: 2_000 })).toMatchObject({ ok: false });
  });
});

describe('without steering', () => {
  test('bind: worker: it tries until the hash gives it the right process', async () => {
    using web = await slotSockets({ bind: 'worker' });
    const listen = { host: '127.0.0.1', port: web.port, reusePort: true };
    await using first = await startSlotServer({ listen });
    await using second = await startSlotServer({ listen });
    for (const worker of [first, second, first]) {
      const before = worker.accepted();
      expect(await probe(web, worker)).toEqual(passed);
      await until(() => worker.accepted() > before, { what: 'the right one to have accepted' });
    }
  });

  test('bind: worker works without FFI, and says when nobody listens', async () => {
    using web = await slotSockets({ bind: 'worker', libc: err(failure('FFI_UNAVAILABLE', 'refused by a test')) });
    await using elsewhere = await startSlotServer({ listen: { host: '127.0.0.1', port: 0 } });
    expect(await probe(web, elsewhere, { timeoutMs: 200 })).toMatchObject({
      error: `nobody listens (127.0.0.1:${web.port}, within 200ms)`,
    });
    await using worker = await startSlotServer({ listen: { host: '127.0.0.1', port: web.port, reusePort: true } });
    expect(await probe(web, worker)).toEqual(passed);
  });

  test('a sandbox that refuses steering: it tries until the hash gives it the right slot', async () => {
    using web = await openSlotSockets({ slots: 2, libc: libcWith(() => ({ attachFilter: () => err('EPERM') })) });
    await using worker = await startSlotServer({ fds: fdsOf(web, 1) });
    expect(await probe(web, worker, { slot: 1 })).toEqual(passed);
  });
});

interface Probing {
  readonly slot?: number;
  readonly want?: 'accept' | 'http';
  readonly timeoutMs?: number;
}

function probe(
  web: SlotSockets,
  worker: SlotServer,
  probing: Probing = {},
): ReturnType<SlotSockets['probes']['probe']> {
  const { slot = 0, want = 'accept', timeoutMs = 20_000 } = probing;
  return web.probes.probe({ program: web.program, slot, process: worker.process, want, timeoutMs });
}

function fdsOf(web: SlotSockets, slot: number): readonly number[] {
  return web.listeners.of('web', slot).map(({ fd }: SlotListener) => fd);
}
