import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { NotifySocket } from '../../harness/notify-socket.ts';
import { broken, puppet } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** What the daemon tells the service manager that started it; a real systemd is in test/system. */

test('READY=1 waits for every worker, a reload is told with its time, and the end as long as it lasts', async () => {
  const address = `@portherd-test-${randomUUID()}`;
  await using systemd = await NotifySocket.open(address);
  systemd.listen();
  const slow = puppet(
    { command: [process.execPath, 'target-slow-boot.cjs'], roll: { minReady: '0s' } },
    { BOOT_MS: '600' },
  );
  await using daemon = await startDaemon({
    programs: { web: slow, fatal: broken('bad-throws-at-boot.cjs', { startRetries: 0, workers: 1 }) },
    env: { NOTIFY_SOCKET: address },
    wait: 'nothing',
  });
  const ready = await systemd.heard('READY=1');
  expect(await getText(daemon.port())).toMatch(/^./);
  expect(ready.lines).toEqual([
    'READY=1',
    `MAINPID=${daemon.pid}`,
    expect.stringMatching(/^STATUS=web 2\/2 ready(, \d+ connections?)?; fatal 0\/1 ready, 1 FATAL$/),
  ]);
  const stored = systemd.notices.filter(({ lines }) => lines.includes('FDSTORE=1'));
  expect(stored.map(({ lines }) => lines.at(-1))).toEqual(
    expect.arrayContaining([`FDNAME=slot.web.0.${daemon.port()}`, `FDNAME=slot.web.1.${daemon.port()}`]),
  );
  expect(stored.every(({ inodes }) => inodes.length === 1)).toBe(true);

  const beforeReload = systemd.notices.length;
  daemon.kill('SIGHUP');
  const reloading = await systemd.heard('RELOADING=1', beforeReload);
  const usec = Number(reloading.lines[1]?.replace('MONOTONIC_USEC=', ''));
  // CLOCK_MONOTONIC, as /proc/uptime but for time asleep, which a test machine does not spend.
  expect(Math.abs(usec / 1e6 - Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]))).toBeLessThan(30);
  await systemd.heard('READY=1', systemd.notices.indexOf(reloading));

  const beforeEnd = systemd.notices.length;
  daemon.kill('SIGTERM');
  const stopping = await systemd.heard('STOPPING=1', beforeEnd);
  expect(stopping.lines[1]).toMatch(/^STATUS=stopping: web 2 left/);
  await systemd.heard('EXTEND_TIMEOUT_USEC=20000000', beforeEnd);
  await daemon.exited;
  await systemd.heard(`FDNAME=slot.web.0.${daemon.port()}`, beforeEnd);
  expect(systemd.notices.every(({ pid }) => pid === daemon.pid)).toBe(true);
});

test('WATCHDOG=1 comes twice in its time, and not while the supervisor is frozen', async () => {
  const address = `@portherd-test-${randomUUID()}`;
  await using systemd = await NotifySocket.open(address);
  systemd.listen();
  await using daemon = await startDaemon({
    programs: { web: puppet({ workers: 1 }) },
    env: { NOTIFY_SOCKET: address, WATCHDOG_USEC: '400000' },
  });
  const count = (): number => systemd.notices.filter(({ lines }) => lines.includes('WATCHDOG=1')).length;
  await until(() => count() >= 5, { what: 'five signs of life' });
  daemon.kill('SIGSTOP');
  const state = (): string => readFileSync(`/proc/${daemon.pid}/stat`, 'latin1').split(' ')[2] ?? '';
  await until(() => state() === 'T', { what: 'the supervisor to be frozen' });
  const before = count();
  const since = performance.now();
  await until(() => performance.now() - since > 1_000, { what: 'two and a half times its time' });
  expect(count() - before).toBeLessThanOrEqual(2); // of the five of that time; they may have been on their way
  daemon.kill('SIGCONT');
  await until(() => count() > before + 2, { what: 'signs of life afterwards' });
});

test('a worker inherits none of systemd’s letters', async () => {
  const address = `@portherd-test-${randomUUID()}`;
  await using systemd = await NotifySocket.open(address);
  systemd.listen();
  await using daemon = await startDaemon({
    programs: { web: puppet({ workers: 1 }) },
    env: { NOTIFY_SOCKET: address, WATCHDOG_USEC: '60000000', LISTEN_FDS: '1', LISTEN_PID: '1', FDSTORE: '64' },
  });
  const [pid] = await daemon.pids('web');
  const names = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  expect(names.filter((one) => /^(NOTIFY_SOCKET|WATCHDOG_|LISTEN_|FDSTORE)/.test(one))).toEqual([]);
});

test('a NOTIFY_SOCKET that nobody listens on costs one warning', async () => {
  await using daemon = await startDaemon({
    programs: { web: puppet({ workers: 1 }) },
    env: { NOTIFY_SOCKET: '/nonexistent/notify' },
  });
  await daemon.waitForLog('notifyFailed', ({ why }) => why === 'ENOENT');
  expect(daemon.log.filter(({ event }) => event === 'notifyFailed')).toHaveLength(1);
});
