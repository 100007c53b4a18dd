import { beforeEach, describe, expect, test } from 'vitest';
import { err } from '../../../src/shared/result.ts';
import { ebpfRefusal } from '../../harness/ebpf-refusal.ts';
import { openConnections } from '../../harness/open-connections.ts';
import { libcWith, openSlotSockets, type SlotSockets } from '../../harness/slot-sockets.ts';
import { until } from '../../harness/until.ts';

describe.each([
  { by: 'cbpf' as const, refused: undefined },
  { by: 'ebpf' as const, refused: ebpfRefusal() },
])('$by', ({ by, refused }) => {
  const mechanisms = [by];
  beforeEach(({ skip }) => skip(refused !== undefined, `bpf(2) answers ${refused}`));

  describe('every slot gets what is sent to it', () => {
    test.each([
      { what: 'IPv4', host: '127.0.0.1', clients: ['127.0.0.1'] },
      { what: 'IPv6', host: '::1', clients: ['::1'] },
      { what: 'dual-stack', host: '::', clients: ['127.0.0.1', '::1'] },
    ])('$what', async ({ host, clients }) => {
      using web = await openSlotSockets({ hosts: [host], slots: 5, mechanisms });
      for (const client of clients) {
        for (const slot of web.slots) {
          web.steering.apply('web', onlySlot(web, slot));
          expect(await spread(web, client, 10)).toEqual(onlySlot(web, slot).map((weight) => 10 * weight));
        }
      }
    });

    test('also after the last slots were closed and opened again, and when one in the middle was', async () => {
      using web = await openSlotSockets({ slots: 4, mechanisms });
      web.listeners.close('web', [2, 3]);
      expect(web.listeners.open(web.program, [3, 2])).toEqual({ ok: true, value: undefined });
      await expectOrder(web);
      web.listeners.close('web', [1]); // the kernel moves slot 3 into its place
      expect(web.listeners.open(web.program, [1])).toEqual({ ok: true, value: undefined });
      await expectOrder(web);
    });
  });

  test('connections follow the weights', async () => {
    using web = await openSlotSockets({ slots: 5, mechanisms });
    expect(web.steering.apply('web', [5, 1, 0, 1, 1])).toEqual({ ok: true, value: undefined });
    const [first = 0, second = 0, third, fourth = 0, fifth = 0] = await spread(web, '127.0.0.1', 400);
    expect(third).toBe(0);
    expect(first + second + fourth + fifth).toBe(400);
    // 250, 50, 50, 50 expected; six standard deviations either way.
    expect(Math.abs(first - 250)).toBeLessThan(6 * Math.sqrt(400 * 0.625 * 0.375));
    for (const count of [second, fourth, fifth]) {
      expect(Math.abs(count - 50)).toBeLessThan(6 * Math.sqrt(400 * 0.125 * 0.875));
    }
  });

  test('every port of a program is steered', async () => {
    using web = await openSlotSockets({ hosts: ['127.0.0.1', '::1'], slots: 3, mechanisms });
    web.steering.apply('web', [0, 0, 1]);
    using four = await openConnections('127.0.0.1', web.port, 10);
    using six = await openConnections('::1', web.program.listen[1]?.port ?? 0, 10);
    expect(web.listeners.queues('web', 2).map(({ queue }) => queue)).toEqual([10, 10]);
    expect(four.reset() + six.reset()).toBe(0);
  });

  test('512 slots are steered to the last one', async () => {
    using web = await openSlotSockets({ slots: 512, mechanisms });
    for (const slot of [511, 256, 300, 0]) {
      const weights = onlySlot(web, slot).map((weight, at) => (at === slot ? weight : 1e-12));
      expect(web.steering.apply('web', weights).ok).toBe(true);
      expect((await spread(web, '127.0.0.1', 5))[slot]).toBe(5);
    }
  });

  test('all-zero weights give the choice back to the kernel’s hash', async () => {
    using web = await openSlotSockets({ slots: 2, mechanisms });
    expect(web.steering.apply('web', [0, 0])).toEqual({ ok: true, value: undefined });
    web.steering.apply('web', [1, 0]);
    expect(web.steering.apply('web', [0, 0])).toEqual({ ok: true, value: undefined });
    for (const count of await spread(web, '127.0.0.1', 100)) expect(count).toBeGreaterThan(0);
  });
});

test('nothing is attached while nothing changes, and again when the sockets are others', async () => {
  let attached = 0;
  const libc = libcWith((real) => ({
    attachFilter: (fd, option, instructions) => (attached++, real.attachFilter(fd, option, instructions)),
  }));
  using web = await openSlotSockets({ slots: 2, libc });
  for (const weights of [
    [1, 1],
    [1, 1],
    [1, 1],
  ])
    web.steering.apply('web', weights);
  expect(attached).toBe(1);
  web.steering.apply('web', [1, 0]);
  expect(attached).toBe(2);
  web.listeners.close('web', [0, 1]);
  web.open();
  web.steering.apply('web', [1, 0]);
  expect(attached).toBe(3);
});

test('a refusal is an error, and the next call tries again', async () => {
  let refuse = true;
  const libc = libcWith((real) => ({
    attachFilter: (fd, option, instructions) => (refuse ? err('EPERM') : real.attachFilter(fd, option, instructions)),
  }));
  using web = await openSlotSockets({ slots: 2, libc });
  const refused = web.steering.apply('web', [1, 0]);
  expect(refused.ok ? '' : `${refused.error.code}: ${refused.error.message}`).toBe(
    `STEERING_REFUSED: the kernel refused steering for port ${web.port}: EPERM`,
  );
  refuse = false;
  expect(web.steering.apply('web', [1, 0])).toEqual({ ok: true, value: undefined });
});

async function expectOrder(web: SlotSockets): Promise<void> {
  for (const slot of web.slots) {
    expect(web.steering.apply('web', onlySlot(web, slot)).ok).toBe(true);
    expect(await spread(web, '127.0.0.1', 10)).toEqual(onlySlot(web, slot).map((weight) => 10 * weight));
  }
}

function onlySlot(web: SlotSockets, wanted: number): readonly number[] {
  return web.slots.map((slot) => (slot === wanted ? 1 : 0));
}

/** How many of so many new connections each slot got; nothing waits any more afterwards. */
async function spread(web: SlotSockets, host: string, count: number): Promise<readonly number[]> {
  using connections = await openConnections(host, web.port, count);
  const counts = web.slots.map((slot) => web.listeners.flush('web', slot));
  await until(() => connections.reset() === count, { what: 'the flushed connections to end' });
  return counts;
}
