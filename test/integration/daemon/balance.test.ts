import { expect, test } from 'vitest';
import type { BalanceReply, ConnectionsReply } from '../../../src/protocol/control.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { ebpfRefusal } from '../../harness/ebpf-refusal.ts';
import { openGradually } from '../../harness/gradual-connections.ts';
import { openConnections } from '../../harness/open-connections.ts';
import { puppet } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** Where new connections really go. */

async function open(daemon: Daemon): Promise<readonly number[]> {
  const { programs }: ConnectionsReply = (await daemon.api('GET', '/v1/connections')).json();
  return (programs[0]?.slots ?? []).map((slot) => slot.open ?? 0);
}

async function balanceOf(daemon: Daemon): Promise<BalanceReply['programs'][number]> {
  const { programs }: BalanceReply = (await daemon.api('GET', '/v1/balance')).json();
  const [program] = programs;
  if (program === undefined) throw new Error('no program');
  return program;
}

/** All connections are counted. */
async function counted(daemon: Daemon, count: number): Promise<readonly number[]> {
  return until(
    async () => {
      const now = await open(daemon);
      return now.reduce((sum, one) => sum + one, 0) === count ? now : undefined;
    },
    { what: `${count} connections to be counted` },
  );
}

const deals = ebpfRefusal() === undefined;

/**
 * The middle one of three openings: where the kernel draws, one of 64 in thirty ends with 18 in a slot: 1.125; and a worker that does
 * not run for a moment, on a machine with other work, gets nobody then.
 */
test.each([
  [64, deals ? 2_000 : 10_000, 3],
  [256, deals ? 2_000 : 8_000, 1],
])('%i long-lived connections opened over %i ms are within a tenth of even', async (count, overMs, times) => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 4 }) } });
  const ends: (readonly number[])[] = [];
  for (let time = 0; time < times; time += 1) {
    using _connections = await openGradually(daemon.port(), count, overMs);
    ends.push(await counted(daemon, count));
  }
  const ratios = ends.map((slots) => Math.max(...slots) / (count / 4)).toSorted((one, other) => one - other);
  expect(ratios[ratios.length >> 1], ends.join(' · ')).toBeLessThanOrEqual(1.1);
});

test.skipIf(!deals)(
  '400 connections opened at once, twice, are within a tenth of even where the kernel deals',
  async () => {
    await using daemon = await startDaemon({ programs: { web: puppet({ workers: 4 }) } });
    using _first = await openConnections('127.0.0.1', daemon.port(), 200);
    // All have been accepted, and who was late with that gets clients again.
    await counted(daemon, 200);
    const well = async (): Promise<boolean> =>
      (await balanceOf(daemon)).slots.every(({ stalledMs }) => stalledMs === undefined);
    await until(well, { what: 'no worker to be stalled' });
    using _then = await openConnections('127.0.0.1', daemon.port(), 200);
    const slots = await counted(daemon, 400);
    expect(Math.max(...slots), slots.join()).toBeLessThanOrEqual(110);
  },
);

test('a crashed worker’s share comes back: what is opened next goes where connections are missing', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 4 }) } });
  using _before = await openGradually(daemon.port(), 80, 6_000);
  const lost = (await counted(daemon, 80))[1] ?? 0;
  const [, victim = 0] = await daemon.pids('web');
  process.kill(victim, 'SIGKILL');
  await until(async () => (await daemon.status()).programs[0]?.slots.every(({ ready }) => ready), {
    what: 'the replacement',
  });
  await until(async () => (await balanceOf(daemon)).slots[1]?.weight === 1, { what: 'all to go to it' });
  using _after = await openGradually(daemon.port(), lost, 1_000);
  const slots = await counted(daemon, 80);
  expect(Math.max(...slots), slots.join()).toBeLessThanOrEqual(22);
});

test('the balance says why a slot gets what it gets', async () => {
  await using daemon = await startDaemon({ programs: { web: puppet({ workers: 2 }) } });
  using _connections = await openConnections('127.0.0.1', daemon.port(), 40);
  await counted(daemon, 40);
  const balance = await until(
    async () => {
      const now = await balanceOf(daemon);
      return now.slots.every((slot) => slot.open !== undefined && slot.target !== undefined) && now;
    },
    { what: 'a decision' },
  );
  expect(balance).toMatchObject({ name: 'web', policy: 'connections' });
  expect(balance.slots.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1);
  const table = await daemon.ctl('balance', 'web');
  expect(table).toMatchObject({ exitCode: 0, stderr: '' });
  expect(table.stdout).toMatch(/^SLOT +OPEN +TARGET +DEFICIT +LAG +UTILISATION +QUEUE +WEIGHT +REASON\nweb:0 /m);
  expect((await daemon.ctl('balance', 'web', '--json')).json().programs[0].slots).toHaveLength(2);
  const stopped = await daemon.ctl('stop', 'web:1');
  expect(stopped.exitCode).toBe(0);
  const after = await balanceOf(daemon);
  expect(after.slots.map(({ weight }) => weight)).toEqual([1, 0]);
  expect(after.slots[1]).toMatchObject({ reason: 'STOPPED' });
  expect(await daemon.ctl('balance', 'nobody')).toMatchObject({ exitCode: 1 });
});

test.each(['cpu', 'hash', 'load'])('policy %s serves on all slots, and changes without a restart', async (policy) => {
  const config = { programs: { web: puppet({ workers: 3 }) } };
  await using daemon = await startDaemon(config);
  const pids = await daemon.pids('web');
  await daemon.rewrite({ programs: { web: puppet({ workers: 3, balance: { policy } }) } });
  expect(await daemon.ctl('update')).toMatchObject({ exitCode: 0 });
  await until(async () => (await balanceOf(daemon)).policy === policy, { what: policy });
  using _connections = await openConnections('127.0.0.1', daemon.port(), 60);
  const slots = await counted(daemon, 60);
  expect(await daemon.pids('web')).toEqual(pids);
  // This machine may have fewer cores than slots.
  expect(slots.filter((one) => one > 0).length).toBeGreaterThan(policy === 'cpu' ? 0 : 2);
});
