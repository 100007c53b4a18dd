import { readdirSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import type { Mechanism } from '../../../src/core/mechanism.ts';
import { err } from '../../../src/shared/result.ts';
import { ebpfRefusal } from '../../harness/ebpf-refusal.ts';
import { steerAsFormerSupervisor } from '../../harness/former-supervisor.ts';
import { openConnections } from '../../harness/open-connections.ts';
import { startSlotServer } from '../../harness/slot-server.ts';
import { libcWith, openSlotSockets, realLibc, type SlotSockets } from '../../harness/slot-sockets.ts';
import { until } from '../../harness/until.ts';

const refused = ebpfRefusal();
const mechanisms: readonly Mechanism[] = ['ebpf', 'cbpf'];

beforeEach(({ skip }) => skip(refused !== undefined, `bpf(2) answers ${refused}`));

test('what waits in a listener that closes is served by slots that have a weight', async () => {
  using web = await openSlotSockets({ slots: 4, mechanisms });
  web.steering.apply('web', [0, 0, 0, 1]);
  using clients = await openConnections('127.0.0.1', web.port, 40);
  web.steering.apply('web', [0, 1, 0, 0]);
  web.listeners.close('web', [3]);
  await until(() => queueOf(web, 1) === 40, { what: 'all to have moved to slot 1' });
  expect([queueOf(web, 0), queueOf(web, 2), clients.reset()]).toEqual([0, 0, 0]);
});

test('the kernel counts what it deals, probes too; only while it deals', async () => {
  using web = await openSlotSockets({ slots: 3 });
  web.steering.apply('web', [1, 0, 1], 'weight', mechanisms);
  using _ = await openConnections('127.0.0.1', web.port, 40);
  const counts = (): readonly number[] | undefined => [0, 1, 2].map((slot) => web.steering.dealt('web')?.(slot) ?? -1);
  expect(counts()).toEqual([20, 0, 20]);
  expect([0, 1, 2].map((slot) => queueOf(web, slot))).toEqual([20, 0, 20]);
  web.steering.apply('web', [0, 1, 0], 'weight', mechanisms);
  using _more = await openConnections('127.0.0.1', web.port, 5);
  expect(counts()).toEqual([20, 5, 20]);
  web.steering.apply('web', [1, 1, 1], 'weight', ['cbpf']);
  expect(web.steering.dealt('web')).toBeUndefined();
});

test('slots keep their place when one in the middle is gone, and nothing is told anew', async () => {
  using web = await openSlotSockets({ slots: 4, mechanisms });
  web.steering.apply('web', [1, 0, 0, 3]);
  web.listeners.close('web', [1]);
  using _ = await openConnections('127.0.0.1', web.port, 60);
  expect(queueOf(web, 2)).toBe(0);
  expect(queueOf(web, 0) + queueOf(web, 3)).toBe(60);
});

test('a probe reaches its slot while others are weighted', async () => {
  using web = await openSlotSockets({ hosts: ['::', '::1', '127.0.0.1'], slots: 3, mechanisms });
  web.steering.apply('web', [1, 0, 0]);
  await using worker = await startSlotServer({ fds: web.listeners.of('web', 2).map(({ fd }) => fd) });
  const order = { program: web.program, slot: 2, process: worker.process, want: 'accept', timeoutMs: 5_000 } as const;
  expect(await web.probes.probe(order)).toEqual({ ok: true, value: undefined });
  // It says so over a pipe, after the kernel has shown it.
  await until(async () => worker.accepted() === 3, { what: 'three to be accepted' });
  expect([queueOf(web, 0), queueOf(web, 1)]).toEqual([0, 0]);
});

test('after a supervisor that was killed nothing goes to a wrong slot, and its program is succeeded', async () => {
  using web = await openSlotSockets({ slots: 4 });
  steerAsFormerSupervisor(web, [0, 0, 1, 0]);
  const got = [0, 0, 0, 0];
  const sent = async (): Promise<void> => {
    using _ = await openConnections('127.0.0.1', web.port, 20);
    // Nobody accepts: what stays would fill the queues.
    for (const slot of web.slots) got[slot] = (got[slot] ?? 0) + web.listeners.flush('web', slot);
  };
  await sent();
  web.steering.apply('web', [0, 0, 7, 0], 'weight', mechanisms);
  expect(web.steering.inForce('web')).toEqual({ by: 'cbpf', refusals: [{ mechanism: 'ebpf', errno: 'EBUSY' }] });
  await until(
    async () => {
      await sent();
      return web.steering.inForce('web')?.by === 'ebpf';
    },
    { what: 'the old array to be free' },
  );
  await sent();
  expect([got[0], got[1], got[3]]).toEqual([0, 0, 0]);
  expect(got[2]).toBeGreaterThanOrEqual(60);
  expect(web.steering.inForce('web')).toEqual({ by: 'ebpf', refusals: [] });
});

test('when a slot’s last holder dies while no supervisor lives, the others get its share', async () => {
  using web = await openSlotSockets({ slots: 3 });
  steerAsFormerSupervisor(web, [0, 1, 1]);
  web.listeners.close('web', [2]);
  using _ = await openConnections('127.0.0.1', web.port, 60);
  // Each is drawn four times at most: one in 16 is left to the hash, half of these go to slot 0.
  expect(queueOf(web, 0)).toBeLessThan(15);
});

test('one mechanism takes over from the other without a connection lost, back and forth', async () => {
  using web = await openSlotSockets({ slots: 3, mechanisms });
  let count = 0;
  for (const wanted of [['cbpf'], ['ebpf', 'cbpf'], [], ['ebpf'], ['cbpf']] as const) {
    web.steering.apply('web', [0, 1, 0], 'weight', wanted);
    await until(() => (web.steering.inForce('web')?.by ?? 'hash') === (wanted[0] ?? 'hash'), {
      what: 'it to be in force',
    });
    using _ = await openConnections('127.0.0.1', web.port, 10);
    count += wanted.length === 0 ? 0 : 10;
    expect(queueOf(web, 1)).toBeGreaterThanOrEqual(count);
  }
});

test('a program that was closed leaves no descriptor, and refused loads leave none either', async () => {
  const libc = libcWith((real) => ({
    bpf: (command, bytes) => (command === 5 ? err('EPERM') : real.bpf(command, bytes)),
  }));
  const before = descriptors();
  for (const given of [undefined, libc]) {
    using web = await openSlotSockets({ slots: 3, mechanisms, ...(given === undefined ? {} : { libc: given }) });
    expect(web.steering.inForce('web')?.by).toBe(given === undefined ? 'ebpf' : 'cbpf');
  }
  expect(descriptors()).toBeLessThanOrEqual(before);
});

test('what is refused for good is not tried at every change', async () => {
  let calls = 0;
  const libc = libcWith(() => ({ bpf: () => (calls++, err('EPERM')) }));
  using web = await openSlotSockets({ slots: 2, mechanisms, libc });
  for (const weight of [1, 2, 3, 4]) expect(web.steering.apply('web', [weight, 1]).ok).toBe(true);
  expect(calls).toBe(1);
  expect(web.steering.inForce('web')).toEqual({ by: 'cbpf', refusals: [{ mechanism: 'ebpf', errno: 'EPERM' }] });
});

test('an update is one call', async () => {
  let calls = 0;
  const libc = libcWith((real) => ({ bpf: (command, bytes) => (calls++, real.bpf(command, bytes)) }));
  using web = await openSlotSockets({ slots: 4, mechanisms, libc });
  web.steering.apply('web', [1, 1, 1, 1]);
  calls = 0;
  web.steering.apply('web', [1, 2, 3, 4]);
  expect(calls).toBe(1);
  expect(realLibc().setsockopt(web.listeners.of('web', 0)[0]?.fd ?? -1, 1, 68, Buffer.alloc(4)).ok).toBe(true);
});

function queueOf(web: SlotSockets, slot: number): number {
  return web.listeners.queues('web', slot)[0]?.queue ?? 0;
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
