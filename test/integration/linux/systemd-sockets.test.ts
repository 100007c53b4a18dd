import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { storeName } from '../../../src/linux/systemd-sockets.ts';
import { runWithDescriptors } from '../../harness/descriptor-heir.ts';
import { openSlotSockets } from '../../harness/slot-sockets.ts';

test('sockets of a unit and of the store are told apart, whatever their order; LISTEN_* is gone afterwards', async () => {
  using web = await openSlotSockets({ slots: 3 });
  const [zero, one, two] = web.listeners.all();
  const got = await runWithDescriptors({
    fds: [two?.fd, zero?.fd, one?.fd],
    names: ['slot.web.2.http', 'portherd.socket', 'slot.web.1.http'],
    listen: [{ name: 'http', host: '127.0.0.1', port: web.port }],
  });
  expect(got.stored).toEqual([
    { fd: 3, name: 'slot.web.2.http', inode: two?.inode },
    { fd: 5, name: 'slot.web.1.http', inode: one?.inode },
  ]);
  expect(got.given).toEqual([{ fd: 4, inode: zero?.inode, kept: true }]);
  expect(got.warnings).toEqual([]);
  expect(got.environment).toEqual([]);
  expect(got.open).toEqual([3, 4, 5]);
  expect(got.closeOnExec).toEqual([3, 5]);
  expect(got.letter).toMatch(/^\d+ 4:portherd\.socket$/);
});

test('what is no slot’s socket is named, closed and not fatal', async () => {
  using web = await openSlotSockets({ slots: 1 });
  const [socket] = web.listeners.all();
  const file = openSync('/dev/null', 'r');
  const got = await runWithDescriptors({
    fds: [file, socket?.fd],
    names: ['spool', 'other.socket'],
    listen: [{ name: 'http', host: '127.0.0.1', port: web.port + 1 }],
  });
  closeSync(file);
  expect(got).toMatchObject({ stored: [], given: [], open: [] });
  expect(got.warnings).toEqual([
    { event: 'socketRefused', descriptor: 3, name: 'spool', why: 'it is no socket' },
    {
      event: 'socketRefused',
      descriptor: 4,
      name: 'other.socket',
      why: `no program with bind: slot listens on 127.0.0.1 port ${web.port}`,
    },
  ]);
});

test.each([
  { what: 'another process', env: { LISTEN_PID: '1', LISTEN_FDS: '1' }, warns: 0 },
  { what: 'no number', env: { LISTEN_FDS: 'three' }, warns: 1 },
  { what: 'descriptors that are not there', env: { LISTEN_FDS: '3' }, warns: 2 },
])('LISTEN_FDS for $what is not believed', async ({ env, warns }) => {
  using web = await openSlotSockets({ slots: 1 });
  const got = await runWithDescriptors({
    fds: [web.listeners.of('web', 0)[0]?.fd],
    names: [],
    listen: [{ name: 'http', host: '127.0.0.1', port: web.port }],
    env,
  });
  expect(got.stored).toEqual([]);
  expect(got.warnings).toHaveLength(warns);
  expect(got.environment).toEqual([]);
});

test('what a re-execution is handed is taken for what systemd handed over at first', async () => {
  using web = await openSlotSockets({ slots: 2 });
  const [first, second] = web.listeners.all();
  const got = await runWithDescriptors({
    fds: [second?.fd, first?.fd],
    names: [],
    listen: [{ name: 'http', host: '127.0.0.1', port: web.port }],
    letter: '4:web.socket 3:web.socket',
  });
  expect(got.given.map(({ fd }) => fd)).toEqual([4, 3]);
  expect(got.letter).toMatch(/^\d+ 4:web\.socket 3:web\.socket$/);
});

test('a name in the store is one that systemd takes', () => {
  const longest = storeName('p'.repeat(64), 511, 'l'.repeat(64));
  expect(longest.length).toBeLessThanOrEqual(255);
  expect(storeName('web', 3, 'http')).toBe('slot.web.3.http');
});
