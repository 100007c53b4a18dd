import { randomUUID } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadLibc } from '../../../src/linux/libc.ts';
import { meetServiceManager, type ServiceManager } from '../../../src/linux/systemd.ts';
import { notifyAddress } from '../../../src/linux/systemd-notify.ts';
import { err } from '../../../src/shared/result.ts';
import { failure } from '../../../src/shared/errors.ts';
import type { Log } from '../../../src/supervisor/ports.ts';
import { NotifySocket } from '../../harness/notify-socket.ts';
import { openSlotSockets } from '../../harness/slot-sockets.ts';
import { until } from '../../harness/until.ts';

interface Said {
  readonly warnings: unknown[];
  readonly log: Log;
}

function listener(): Said {
  const warnings: unknown[] = [];
  return { warnings, log: { debug: quiet, info: quiet, error: quiet, warn: (fields) => warnings.push(fields) } };
}

const quiet = (): void => undefined;

function meet(env: NodeJS.ProcessEnv, { log } = listener()): ServiceManager {
  return meetServiceManager(env, loadLibc, log);
}

const scene = mkdtempSync(join(tmpdir(), 'portherd-notify-'));
process.once('exit', () => rmSync(scene, { recursive: true, force: true }));

describe('a service manager', () => {
  test.each([
    { kind: 'a path', address: join(scene, 'notify') },
    { kind: 'an abstract name', address: `@portherd-test-${randomUUID()}` },
  ])('on $kind hears each message, from this very process, with the descriptors', async ({ address }) => {
    await using systemd = await NotifySocket.open(address);
    systemd.listen();
    const manager = meet({ NOTIFY_SOCKET: address });
    expect(manager.present).toBe(true);
    manager.send(['READY=1', 'STATUS=web 2/2 ready']);
    using web = await openSlotSockets({ slots: 2, watch: manager.store });
    web.listeners.close('web', [1]);
    await systemd.heard('FDSTOREREMOVE=1');
    const inode = web.listeners.of('web', 0)[0]?.inode;
    const [ready, first, second, removed] = systemd.notices;
    expect(ready).toEqual({ lines: ['READY=1', 'STATUS=web 2/2 ready'], inodes: [], pid: process.pid });
    expect(first).toEqual({
      lines: ['FDSTORE=1', 'FDPOLL=0', 'FDNAME=slot.web.0.port0'],
      inodes: [inode],
      pid: process.pid,
    });
    expect(second?.lines).toContain('FDNAME=slot.web.1.port0');
    expect(removed?.lines).toEqual(['FDSTOREREMOVE=1', 'FDNAME=slot.web.1.port0']);
    manager.close();
  });

  test('that does not read makes nobody wait and misses nothing, in order, with a socket that was closed meanwhile', async () => {
    const address = join(scene, 'deaf');
    await using systemd = await NotifySocket.open(address);
    const said = listener();
    const manager = meet({ NOTIFY_SOCKET: address }, said);
    const before = openDescriptors();
    const fd = openSync('/dev/null', 'r');
    const since = performance.now();
    // net.unix.max_dgram_qlen is 10 or, by systemd, 512.
    for (let at = 0; at < 600; at += 1) manager.send([`STATUS=${at}`]);
    manager.send(['FDSTORE=1', 'FDNAME=late'], [fd]);
    expect(performance.now() - since).toBeLessThan(5_000);
    closeSync(fd);
    systemd.listen();
    const late = await systemd.heard('FDNAME=late');
    expect(late.inodes).toHaveLength(1);
    expect(systemd.notices.slice(0, 600).map(({ lines }) => lines[0])).toEqual(
      Array.from({ length: 600 }, (_, at) => `STATUS=${at}`),
    );
    manager.close();
    await until(() => openDescriptors() <= before, { what: 'its descriptors to be closed', explain: openDescriptors });
    expect(said.warnings).toEqual([]);
  });

  test('that never reads is given up on after a while, with one warning', async () => {
    const address = join(scene, 'dead');
    await using _systemd = await NotifySocket.open(address);
    const said = listener();
    const manager = meet({ NOTIFY_SOCKET: address }, said);
    for (let at = 0; at < 3_000; at += 1) manager.send([`STATUS=${at}`]);
    expect(said.warnings).toHaveLength(1);
    expect(said.warnings[0]).toMatchObject({ event: 'notifyFailed', why: expect.stringContaining('messages wait') });
    manager.close();
  });

  test('that does not exist is told of once; when it comes it is heard again', async () => {
    const address = join(scene, 'later');
    const said = listener();
    const manager = meet({ NOTIFY_SOCKET: address }, said);
    for (let at = 0; at < 3; at += 1) manager.send(['WATCHDOG=1']);
    expect(said.warnings).toEqual([expect.objectContaining({ event: 'notifyFailed', socket: address, why: 'ENOENT' })]);
    await using systemd = await NotifySocket.open(address);
    systemd.listen();
    manager.send(['READY=1']);
    await systemd.heard('READY=1');
    manager.close();
  });

  test.each(['vsock:2:1234', 'relative', '@', `/${'x'.repeat(107)}`])(
    'at %j cannot be meant: one warning',
    (address) => {
      const said = listener();
      const manager = meet({ NOTIFY_SOCKET: address }, said);
      expect(manager.present).toBe(false);
      manager.send(['READY=1']);
      expect(said.warnings).toEqual([expect.objectContaining({ event: 'notifyUseless', socket: address })]);
      expect(notifyAddress(address)).toBeUndefined();
    },
  );

  test('is nowhere: nothing is said', () => {
    const said = listener();
    const manager = meet({}, said);
    manager.send(['READY=1']);
    manager.close();
    expect(manager.present).toBe(false);
    expect(said.warnings).toEqual([]);
  });

  test('cannot be reached without libc: one warning', () => {
    const said = listener();
    const manager = meetServiceManager({ NOTIFY_SOCKET: '/run/systemd/notify' }, noLibc, said.log);
    expect(manager.present).toBe(false);
    expect(said.warnings).toEqual([expect.objectContaining({ event: 'notifyUseless', why: 'no libc here' })]);
  });
});

test.each([
  { env: { WATCHDOG_USEC: '30000000' }, expected: 30_000 },
  { env: { WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid) }, expected: 30_000 },
  { env: { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' }, expected: undefined },
  { env: { WATCHDOG_USEC: '0' }, expected: undefined },
  { env: { WATCHDOG_USEC: 'soon' }, expected: undefined },
  { env: {}, expected: undefined },
])('the watchdog of $env is $expected ms', ({ env, expected }) => {
  expect(meet(env).watchdogMs).toBe(expected);
});

function noLibc(): ReturnType<typeof loadLibc> {
  return err(failure('FFI_UNAVAILABLE', 'no libc here'));
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
