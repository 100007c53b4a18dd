import { expect, test } from 'vitest';
import type { ConnectionsReply } from '../../../src/protocol/control.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { openConnections } from '../../harness/open-connections.ts';
import { until } from '../../harness/until.ts';
import { acceptedConnections, freezeAndCount } from '../../harness/accepted-connections.ts';

/** Both views of the connections, against the real ones. */
const python = { command: ['/usr/bin/python3', 'listen-fds.py'], workers: 2 };
const node = {
  command: [process.execPath, 'net-echo.cjs'],
  workers: 4,
  balance: { policy: 'hash' },
  health: { hungAfter: '10m' },
};

async function counts(daemon: Daemon, program = 'web') {
  const reply: ConnectionsReply = (await daemon.api('GET', '/v1/connections')).json();
  const found = reply.programs.find(({ name }) => name === program);
  if (found === undefined) throw new Error(`no ${program}`);
  return found;
}

/** When all are accepted, counted once more: workers are asked first, so that count is older than the kernel's. */
async function quiet(daemon: Daemon, all: number) {
  const accepted = async (): Promise<boolean> => {
    const { slots } = await counts(daemon);
    return slots.reduce((sum, { kernel = 0 }) => sum + kernel, 0) === all;
  };
  await until(accepted, { what: `${all} connections to be accepted`, explain: () => daemon.output });
  return counts(daemon);
}

test('Node: each worker’s kernel count is its own count and the real one, so the residual is 0', async () => {
  await using daemon = await startDaemon({ programs: { web: node } });
  using _open = await openConnections('127.0.0.1', daemon.port(), 60);
  const { slots, skew, residual } = await quiet(daemon, 60);
  const real = (await daemon.pids('web')).map((pid) => acceptedConnections(pid, daemon.port()));
  expect(slots.map(({ kernel }) => kernel)).toEqual(real);
  expect(slots.map(({ open }) => open)).toEqual(real);
  expect(slots.map((slot) => slot.residual)).toEqual([0, 0, 0, 0]);
  expect(residual).toBe(0);
  expect(slots.map(({ share }) => share)).toEqual(real.map((count) => count / 60));
  expect(skew).toBe(Math.round((Math.max(...real) / 15) * 100) / 100);
});

test('Python: what nobody reports is counted by the kernel, and share and skew come from it', async () => {
  await using daemon = await startDaemon({ programs: { web: python } });
  using _open = await openConnections('127.0.0.1', daemon.port(), 20);
  const { slots, skew, residual } = await quiet(daemon, 20);
  const real = (await daemon.pids('web')).map((pid) => acceptedConnections(pid, daemon.port()));
  expect(slots.map(({ kernel }) => kernel)).toEqual(real);
  for (const slot of slots) {
    expect(slot).not.toHaveProperty('open');
    expect(slot).not.toHaveProperty('residual');
    expect(slot.share).toBe((slot.kernel ?? 0) / 20);
  }
  expect(skew).toBe(Math.round((Math.max(...real) / 10) * 100) / 100);
  expect(residual).toBeUndefined();
  expect((await daemon.ctl('connections')).stdout).toContain(`skew ${skew?.toFixed(2)}`);
});

test('a frozen worker’s queue is seen, and what it holds too', async () => {
  await using daemon = await startDaemon({ programs: { web: { ...node, workers: 1 } } });
  const [pid = 0] = await daemon.pids('web');
  using _open = await openConnections('127.0.0.1', daemon.port(), 3);
  await quiet(daemon, 3);
  expect(await freezeAndCount(pid, daemon.port())).toBe(3);
  try {
    using _waiting = await openConnections('127.0.0.1', daemon.port(), 5);
    const { slots } = await counts(daemon);
    expect(slots[0]).toMatchObject({ open: 3, kernel: 3, unaccepted: 5, queue: 5, residual: 0 });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

test('bind: worker has kernel counts and queues as well', async () => {
  await using daemon = await startDaemon({ programs: { web: { ...node, bind: 'worker', workers: 2 } } });
  using _open = await openConnections('127.0.0.1', daemon.port(), 10);
  const { slots, residual } = await quiet(daemon, 10);
  expect(residual).toBe(0);
  for (const slot of slots) {
    expect(slot).toMatchObject({ unaccepted: 0, residual: 0 });
    expect(slot).not.toHaveProperty('queue');
  }
});

test('a stopped slot counts nothing and does not skew', async () => {
  await using daemon = await startDaemon({ programs: { web: { ...node, workers: 2 } } });
  expect((await daemon.ctl('stop', 'web:1')).exitCode).toBe(0);
  using _open = await openConnections('127.0.0.1', daemon.port(), 4);
  const { slots, skew } = await quiet(daemon, 4);
  expect(skew).toBe(1);
  expect(slots[0]).toMatchObject({ kernel: 4, share: 1 });
  for (const key of ['kernel', 'open', 'unaccepted', 'residual', 'share']) expect(slots[1]).not.toHaveProperty(key);
});

test('twenty who ask at once get the same, and soon', async () => {
  await using daemon = await startDaemon({ programs: { web: node } });
  using _open = await openConnections('127.0.0.1', daemon.port(), 200);
  await quiet(daemon, 200);
  const asked = await Promise.all(Array.from({ length: 20 }, () => counts(daemon)));
  for (const { residual, slots } of asked) {
    expect(residual).toBe(0);
    expect(slots.reduce((sum, { open = 0 }) => sum + open, 0)).toBe(200);
  }
});
