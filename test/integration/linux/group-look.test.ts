import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { steeringProgram } from '../../../src/core/steering-program.ts';
import { encodeClassic } from '../../../src/linux/classic-steering.ts';
import { judge } from '../../../src/core/group-order.ts';
import { err } from '../../../src/shared/result.ts';
import { verifyOrder } from '../../../src/supervisor/verify-order.ts';
import { ebpfRefusal } from '../../harness/ebpf-refusal.ts';
import { shutDownSocket } from '../../harness/shut-down-socket.ts';
import { startSlotServer } from '../../harness/slot-server.ts';
import { libcWith, openSlotSockets, realLibc, type SlotSockets } from '../../harness/slot-sockets.ts';

describe.each([
  { by: 'cbpf' as const, refused: undefined },
  { by: 'ebpf' as const, refused: ebpfRefusal() },
])('$by', ({ by, refused }) => {
  const mechanisms = [by];
  beforeEach(({ skip }) => skip(refused !== undefined, `bpf(2) answers ${refused}`));

  test.each(['127.0.0.1', '0.0.0.0', '::1', '::'])('every slot of %s gets what is sent to it', async (host) => {
    using web = await openSlotSockets({ hosts: [host, host], slots: 5, mechanisms });
    web.steering.apply('web', [0, 0, 1, 0, 5]);
    const sightings = await web.steering.look('web');
    expect(sightings.map(({ slot, got }) => [slot, ...got])).toEqual(
      [...web.slots, ...web.slots].map((slot) => [slot, slot]),
    );
    expect(judge(sightings)).toEqual({ is: 'right' });
  });

  test('no application notices, no drop is counted, no filter stays, and the weights hold again', async () => {
    using web = await openSlotSockets({ slots: 3, mechanisms });
    web.steering.apply('web', [0, 1, 0]);
    await using worker = await startSlotServer({ fds: [fdOf(web, 2)] });
    for (let times = 0; times < 3; times += 1) expect(await verdictOf(web)).toBe('right');
    expect(worker.accepted()).toBe(0);
    for (const slot of web.slots) {
      expect(web.listeners.queues('web', slot)).toEqual([{ queue: 0, backlog: 511, drops: 0 }]);
      expect(realLibc().getsockopt(fdOf(web, slot), 1, 26, Buffer.alloc(0))).toEqual({ ok: true, value: 0 });
    }
    expect(await web.steering.look('web')).toHaveLength(3);
    expect(web.steering.inForce('web')).toEqual({ by, refusals: [] });
  });

  test('it is right after a scale-down and after a listener was opened again', async () => {
    using web = await openSlotSockets({ slots: 5, mechanisms });
    web.listeners.close('web', [4, 3]);
    web.steering.apply('web', [1, 1, 1]);
    expect(await verdictOf(web)).toBe('right');
    web.listeners.close('web', [1]);
    web.steering.apply('web', [1, 0, 1]);
    expect(await verdictOf(web)).toBe('right');
    web.listeners.open(web.program, [1, 3]);
    web.steering.apply('web', [1, 1, 1, 1]);
    expect(await verdictOf(web)).toBe('right');
  });

  test('a listener in the middle that somebody shuts down behind our back is found out', async () => {
    using web = await openSlotSockets({ slots: 4, mechanisms });
    web.steering.apply('web', [1, 1, 1, 1]);
    shutDownSocket(fdOf(web, 1));
    expect(await verdictOf(web)).toBe('wrong');
    // It comes back to the kernel's group as the last one; an array knows it by its number.
    expect(web.listeners.restoreBacklog('web', 1)).toBe(true);
    expect(web.listeners.restoreBacklog('web', 1)).toBe(false);
    expect(await verdictOf(web)).toBe(by === 'ebpf' ? 'right' : 'wrong');
    web.listeners.close('web', web.slots);
    web.open();
    web.steering.apply('web', [1, 1, 1, 1]);
    expect(await verdictOf(web)).toBe('right');
  });
});

test('while the hash chooses the order can be looked at too, and nothing stays attached', async () => {
  using web = await openSlotSockets({ slots: 3 });
  web.steering.apply('web', [1, 0, 0], 'weight', []);
  expect(await verdictOf(web)).toBe('right');
  const detached = realLibc().setsockopt(fdOf(web, 0), 1, 68, Buffer.alloc(4));
  expect(detached).toEqual({ ok: false, error: 'ENOENT' });
});

test('128 slots are looked at in less than a second', async () => {
  using web = await openSlotSockets({ slots: 128 });
  web.steering.apply(
    'web',
    web.slots.map(() => 1),
  );
  const took: number[] = [];
  // The best of three: what the machine does besides is not the look's.
  for (let times = 0; times < 3; times += 1) {
    const begun = performance.now();
    expect(await verdictOf(web)).toBe('right');
    took.push(performance.now() - begun);
  }
  expect(Math.min(...took)).toBeLessThan(1_000);
});

test('without the right to filter, or beside somebody’s filter, nothing is said', async () => {
  const libc = libcWith((real) => ({
    attachFilter: (fd, option, bytes) => (option === 26 ? err('EPERM') : real.attachFilter(fd, option, bytes)),
  }));
  using refused = await openSlotSockets({ slots: 2, libc });
  refused.steering.apply('web', [1, 1]);
  expect(await verdictOf(refused)).toBe('unclear');
  using web = await openSlotSockets({ slots: 2 });
  web.steering.apply('web', [1, 1]);
  const keepAll = Buffer.from([6, 0, 0, 0, 255, 255, 255, 255]);
  expect(realLibc().attachFilter(fdOf(web, 1), 26, keepAll).ok).toBe(true);
  expect(await verdictOf(web)).toBe('unclear');
  expect(realLibc().getsockopt(fdOf(web, 1), 1, 26, Buffer.alloc(0))).toEqual({ ok: true, value: 1 });
});

test('sockets that are closed during a look end it', async () => {
  using web = await openSlotSockets({ slots: 4 });
  web.steering.apply('web', [1, 1, 1, 1]);
  const looking = web.steering.look('web');
  await setImmediate();
  web.listeners.close('web', [3]);
  expect(await looking).toEqual([]);
});

async function verdictOf(web: SlotSockets): Promise<string> {
  return (await verifyOrder(web, 'web')).is;
}

function fdOf(web: SlotSockets, slot: number): number {
  return web.listeners.of('web', slot)[0]?.fd ?? -1;
}

describe('a filter that would turn clients away', () => {
  test('goes with the look also when the group changes meanwhile', async () => {
    using web = await openSlotSockets({ slots: 4, mechanisms: ['cbpf'] });
    const looked = web.steering.look('web');
    await setImmediate();
    expect(filtersOf(web).every((length) => length > 0)).toBe(true);
    web.listeners.close('web', [3]);
    await looked;
    expect(filtersOf(web)).toEqual([0, 0, 0]);
  });

  test('is removed by the next look when a supervisor was killed in its own', async () => {
    using web = await openSlotSockets({ slots: 2, mechanisms: ['cbpf'] });
    await web.steering.look('web');
    const filter = encodeClassic(steeringProgram([], [{ sourcePort: 40_000, index: 0 }]) ?? []);
    for (const { fd } of web.listeners.all())
      expect(realLibc().attachFilter(fd, SO_ATTACH_FILTER, filter).ok).toBe(true);
    expect(filtersOf(web).every((length) => length > 0)).toBe(true);
    expect(await web.steering.look('web')).toHaveLength(2);
    expect(filtersOf(web)).toEqual([0, 0]);
  });
});

const SO_ATTACH_FILTER = 26;

/** Instructions of each socket's filter. */
function filtersOf(web: SlotSockets): readonly number[] {
  return web.listeners.all().map(({ fd }) => {
    const length = realLibc().getsockopt(fd, 1, SO_ATTACH_FILTER, Buffer.alloc(0));
    return length.ok ? length.value : -1;
  });
}
