import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeDaemonLock } from '../../../src/linux/daemon-lock.ts';
import { claimRunDir, logDirOf } from '../../../src/linux/run-dir.ts';
import { clearSocket } from '../../../src/linux/stale-socket.ts';
import { failure } from '../../../src/shared/errors.ts';
import { err, type Result } from '../../../src/shared/result.ts';
import { startScript } from '../../harness/script.ts';

const unset = { runDir: undefined, logDir: undefined };
const source = join(import.meta.dirname, '../../../src/linux');
let base: string;
let socket: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'portherd-run-'));
  socket = join(base, 'run/control.sock');
});
afterEach(() => rmSync(base, { recursive: true }));

describe('the run directory', () => {
  test('is made for its owner alone, with a log directory, next to the control socket', async () => {
    const claimed = good(await claimRunDir(socket, unset, {}));
    const path = join(base, 'run');
    expect(claimed).toMatchObject({ path, controlSocket: socket, logDir: join(path, 'log') });
    expect(claimed.channelSocket.startsWith(path)).toBe(true);
    expect(lstatSync(path).mode & 0o777).toBe(0o700);
    expect(lstatSync(claimed.logDir).isDirectory()).toBe(true);
    claimed.lock.release();
  });

  test('is the configured one, wherever the socket is', async () => {
    const claimed = good(
      await claimRunDir(join(base, 'c.sock'), { runDir: join(base, 'own'), logDir: join(base, 'l') }, {}),
    );
    expect(claimed).toMatchObject({
      path: join(base, 'own'),
      controlSocket: join(base, 'c.sock'),
      logDir: join(base, 'l'),
    });
    claimed.lock.release();
  });

  test.each([
    ['others may enter', (path: string) => mkdirSync(path, { mode: 0o755 }), 'mode 0755'],
    ['it leads elsewhere', (path: string) => symlinkSync(tmpdir(), path), 'symbolic link'],
    ['it is a file', (path: string) => writeFileSync(path, ''), 'EEXIST'],
  ])('is refused when %s, and left as it is', async (_, make, why) => {
    make(join(base, 'run'));
    const mode = lstatSync(join(base, 'run')).mode;
    expectError(await claimRunDir(socket, unset, {}), 'RUN_DIR_UNSAFE', why);
    expect(lstatSync(join(base, 'run')).mode).toBe(mode);
  });

  test.runIf(process.geteuid?.() === 0)('is refused when it belongs to another', async () => {
    mkdirSync(join(base, 'run'), { mode: 0o700 });
    chownSync(join(base, 'run'), 65_534, 65_534);
    expectError(await claimRunDir(socket, unset, {}), 'RUN_DIR_UNSAFE', 'belongs to uid 65534');
  });

  test('is given free again when the logs have no place', async () => {
    writeFileSync(join(base, 'file'), '');
    const logDir = join(base, 'file/log');
    expectError(await claimRunDir(socket, { ...unset, logDir }, {}), 'LOG_DIR_UNUSABLE', `${logDir}: ENOTDIR`);
    good(await claimRunDir(socket, unset, {})).lock.release();
  });

  test('with a path that is too long for a socket is refused, with its length', async () => {
    const long = join(base, 'x'.repeat(100), 'control.sock');
    expectError(await claimRunDir(long, unset, {}), 'CONFIG_INVALID', `${long.length} bytes`);
  });
});

test.each([
  ['/x', '/elsewhere', {}, 0, '/elsewhere'],
  ['/x', undefined, { LOGS_DIRECTORY: '/var/log/a:/var/log/b' }, 0, '/var/log/a'],
  ['/run/portherd', undefined, {}, 0, '/var/log/portherd'],
  ['/run/portherd', undefined, {}, 1_000, '/run/portherd/log'],
  ['/tmp/p', undefined, {}, 0, '/tmp/p/log'],
])(
  'logs of run directory %s, configured %s, with %j, of uid %i, go to %s',
  (runDir, configured, env, uid, expected) => {
    expect(logDirOf(runDir, configured, env, uid)).toBe(expected);
  },
);

describe('a second daemon', () => {
  test('is refused with the pid of the first, until that is killed', async () => {
    const lock = join(base, 'lock');
    await using holder = startScript(`
      const { takeDaemonLock } = await import('${source}/daemon-lock.ts');
      console.log(takeDaemonLock('${lock}').ok);
      setInterval(() => {}, 1000);
    `);
    expect(await holder.line()).toBe('true');
    expectError(takeDaemonLock(lock), 'DAEMON_RUNNING', `pid ${holder.pid} holds ${lock}`);
    await holder.kill();
    const mine = good(takeDaemonLock(lock));
    expect(mine.held).toBe(true);
    expect(readFileSync(lock, 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+\\n$`));
    mine.release();
  });

  test('is refused also without FFI, by the pid and start time in the lock', async () => {
    const lock = join(base, 'lock');
    const noFfi = err(failure('FFI_UNAVAILABLE', 'no'));
    const first = good(takeDaemonLock(lock, noFfi));
    expect(first.held).toBe(false);
    expectError(takeDaemonLock(lock, noFfi), 'DAEMON_RUNNING', `pid ${process.pid}`);
    writeFileSync(lock, `${process.pid} 1\n`); // the pid is another process by now
    good(takeDaemonLock(lock, noFfi)).release();
    first.release();
  });

  test('does not follow a link in the place of the lock', () => {
    symlinkSync(join(base, 'victim'), join(base, 'lock'));
    expectError(takeDaemonLock(join(base, 'lock')), 'RUN_DIR_UNSAFE', 'ELOOP');
  });
});

describe('a socket in the way', () => {
  test('is removed when its daemon was killed', async () => {
    const path = join(base, 's.sock');
    await using holder = startScript(`
      const { createServer } = await import('node:net');
      createServer().listen('${path}', () => console.log('up'));
    `);
    expect(await holder.line()).toBe('up');
    expectError(await clearSocket(path), 'DAEMON_RUNNING', path);
    await holder.kill();
    expect(lstatSync(path).isSocket()).toBe(true);
    good(await clearSocket(path));
    expect(() => lstatSync(path)).toThrow('ENOENT');
  });

  test('is somebody’s also when he is frozen and his queue is full', async () => {
    const path = join(base, 'busy.sock');
    await using holder = startScript(`
      const { createServer } = await import('node:net');
      createServer().listen({ path: '${path}', backlog: 1 }, () => console.log('up'));
    `);
    expect(await holder.line()).toBe('up');
    process.kill(holder.pid, 'SIGSTOP');
    const clients = Array.from({ length: 4 }, () => connect({ path }));
    const outcomes = await Promise.all(
      clients.map((client) =>
        once(client, 'connect').then(
          () => 'connected',
          (error: Error) => error.message,
        ),
      ),
    );
    expect(outcomes.join()).toContain('EAGAIN');
    expectError(await clearSocket(path), 'DAEMON_RUNNING', path);
    for (const client of clients) client.destroy();
  });

  test('that is no socket is not touched', async () => {
    const path = join(base, 'precious.txt');
    writeFileSync(path, 'text');
    chmodSync(path, 0o600);
    expectError(await clearSocket(path), 'RUN_DIR_UNSAFE', 'not a socket');
    expect(readFileSync(path, 'utf8')).toBe('text');
  });
});

function good<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code} ${result.error.message}`);
  return result.value;
}

function expectError(result: Result<unknown>, code: string, text: string): void {
  expect(result).toMatchObject({ ok: false, error: { code } });
  expect(!result.ok && result.error.message).toContain(text);
}
