import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { SlotListener } from '../../../src/supervisor/ports.ts';
import { bindSocket } from '../../../src/linux/bound-socket.ts';
import { loadLibc } from '../../../src/linux/libc.ts';
import { freePort } from '../../harness/free-port.ts';
import { until } from '../../harness/until.ts';
import { port, workerRequest } from '../../harness/worker-request.ts';
import { Workers } from '../../harness/workers.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const inodes = join(fixtures, 'preload/inodes.cjs');

test('a Python server finds its sockets at 3 and 4, with its own pid in LISTEN_PID', async () => {
  using http = await listener('http');
  using admin = await listener('admin');
  await using workers = new Workers(inodes);
  workers.sockets = [http, admin];
  const listen = [port(http.port, 'http'), port(admin.port, 'admin')];
  const environment = { 'spring.port': '80' }; // a name that is none for a shell
  const worker = workers.start({ command: ['python3', join(fixtures, 'systemd-server.py')], listen, environment });
  await until(() => readLog(workers) !== '', {
    what: 'the server to be ready',
    explain: () => readLog(workers, 'stderr'),
  });
  const expected = { pid: worker.ref.pid, dotted: '80', names: ['http', 'admin'], ports: [http.port, admin.port] };
  expect(JSON.parse(readLog(workers))).toEqual(expected);
  expect(JSON.parse(await text(connect(http.port, '127.0.0.1')))).toEqual(expected);
});

test('node finds eight copies from 3 on, behind the inode that it is told', async () => {
  using http = await listener('http');
  await using workers = new Workers(inodes);
  workers.sockets = [http];
  writeFileSync(join(workers.directory, 'app.js'), '');
  const worker = workers.start({ command: [process.execPath, 'app.js'], listen: [port(http.port)] });
  expect((await worker.exited()).code).toBe(0);
  const expected = Array.from({ length: 8 }, (_, copy) => [3 + copy, http.inode]);
  expect(JSON.parse(readLog(workers))).toEqual({ claim: 'boot', sockets: expected, activation: null });
});

test('an app behind `npm start` still has them', async () => {
  using http = await listener('http');
  await using workers = new Workers(inodes);
  workers.sockets = [http];
  writeFileSync(join(workers.directory, 'package.json'), JSON.stringify({ scripts: { start: 'node app.js' } }));
  writeFileSync(join(workers.directory, 'app.js'), '');
  const worker = workers.start({ command: ['npm', 'start', '--silent'], listen: [port(http.port)] });
  expect((await worker.exited()).code, readLog(workers, 'stderr')).toBe(0);
  const lines = readLog(workers).trim().split('\n');
  const expected = Array.from({ length: 8 }, (_, copy) => [200 + copy, http.inode]);
  expect(lines.length).toBeGreaterThanOrEqual(2); // npm itself, and the app
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ claim: 'listen', sockets: expected });
});

test('with bind: worker there are none', async () => {
  using http = await listener('http');
  await using workers = new Workers(inodes);
  workers.sockets = [http];
  writeFileSync(join(workers.directory, 'app.js'), '');
  const command = [process.execPath, 'app.js'];
  await workers.start({ command, listen: [port(http.port)], bind: 'worker' }).exited();
  expect(JSON.parse(readLog(workers))).toEqual({ claim: 'boot', sockets: [], activation: null });
});

test('a daemon with hundreds of descriptors hands them on at higher numbers, and still sees a failed exec', async () => {
  using http = await listener('http');
  await using workers = new Workers(inodes);
  workers.sockets = [http];
  writeFileSync(join(workers.directory, 'app.js'), '');
  writeFileSync(join(workers.directory, 'interpreter'), '');
  const broken = join(workers.directory, 'node');
  writeFileSync(broken, `#!${workers.directory}/interpreter\n`, { mode: 0o755 });
  const listen = [port(http.port)];
  const many = Array.from({ length: 400 }, () => openSync('/dev/null', 'r'));
  try {
    await workers.start({ command: ['sh', '-c', `${process.execPath} app.js`], listen }).exited();
    const { sockets } = JSON.parse(readLog(workers).trim());
    expect(sockets).toHaveLength(8);
    expect(sockets.every(([fd, inode]: [number, number]) => fd > 400 && inode === http.inode)).toBe(true);
    // The lowest free numbers, which libuv's pipe takes, are now those of the usual copies.
    for (const fd of many.splice(many.indexOf(200), 12)) closeSync(fd);
    const request = workerRequest({ command: [broken, 'app.js'], directory: workers.directory, listen });
    const spawned = workers.processes.spawn(request, () => expect.unreachable());
    expect(!spawned.ok && spawned.error.message).toContain('EACCES');
  } finally {
    for (const fd of many) closeSync(fd);
  }
});

function readLog(workers: Workers, stream: 'stdout' | 'stderr' = 'stdout'): string {
  return readFileSync(join(workers.directory, `web-0.${stream}.log`), 'utf8');
}

/** A slot's socket, as `Listeners` makes it. */
async function listener(name: string): Promise<SlotListener & Disposable> {
  const libc = loadLibc();
  if (!libc.ok) throw new Error(libc.error.message);
  const number = await freePort();
  const bound = bindSocket(libc.value, '127.0.0.1', number, true);
  if (!bound.ok) throw new Error(bound.error);
  const { fd } = bound.value;
  expect(libc.value.listen(fd, 16).ok).toBe(true);
  const close = (): void => void libc.value.close(fd);
  return { name, host: '127.0.0.1', port: number, fd, inode: fstatSync(fd).ino, [Symbol.dispose]: close };
}
