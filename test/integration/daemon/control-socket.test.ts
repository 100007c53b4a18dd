import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logReadBytesMax } from '../../../src/shared/limits.ts';
import { version } from '../../../src/shared/version.ts';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { puppet, slotsOf } from '../../harness/puppet.ts';
import { dial, post, sendRaw } from '../../harness/raw-control.ts';
import { until } from '../../harness/until.ts';

/** The control socket against clients that are clumsy, slow, greedy or many. Nothing they do touches a worker. */

let daemon: Daemon;
let pids: readonly number[];
beforeAll(async () => {
  daemon = await startDaemon({ programs: { web: puppet({ roll: { minReady: '200ms' } }) } });
  pids = await daemon.pids('web');
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

test('it is for its owner only', () => {
  expect((statSync(daemon.socket).mode & 0o777).toString(8)).toBe('600');
  expect((statSync(dirname(daemon.socket)).mode & 0o777).toString(8)).toBe('700');
});

test.for<[string, string, number, string]>([
  ['malformed JSON', post('/v1/stop', '{"names": ["web"'), 400, 'BAD_REQUEST'],
  ['no JSON at all', post('/v1/stop', 'web', 'text/plain'), 400, 'BAD_REQUEST'],
  ['an unknown field', post('/v1/stop', '{"names": ["web"], "force": true}'), 400, 'BAD_REQUEST'],
  ['a wrong type', post('/v1/stop', '{"names": "web"}'), 400, 'BAD_REQUEST'],
  ['a name that is a number', post('/v1/stop', '{"names": [1]}'), 400, 'BAD_REQUEST'],
  ['a missing field', post('/v1/roll', '{"programs": []}'), 400, 'BAD_REQUEST'],
  ['both workers and by', post('/v1/scale', '{"program": "web", "workers": 3, "by": 1}'), 400, 'BAD_REQUEST'],
  ['an empty body', post('/v1/stop', ''), 400, 'BAD_REQUEST'],
  ['a dangerous key', post('/v1/stop', '{"__proto__": {"names": ["web"]}, "names": ["web"]}'), 400, 'BAD_REQUEST'],
  ['more than 64 KiB', post('/v1/stop', JSON.stringify({ names: ['x'.repeat(65 * 1024)] })), 413, 'BODY_TOO_LARGE'],
  ['an unknown path', post('/v1/frobnicate', '{}'), 404, 'NOT_FOUND'],
  ['a wrong method', 'GET /v1/stop HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 404, 'NOT_FOUND'],
  ['another version', 'GET /v2/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 404, 'NOT_FOUND'],
  ['a bad percent in the path', 'GET /v1/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400, 'BAD_REQUEST'],
])('%s is refused with a reason', async ([, request, status, code]) => {
  const { text } = await sendRaw(daemon.socket, request);
  expect(text.split('\r\n')[0]).toContain(`HTTP/1.1 ${status}`);
  expect(text).toContain(`portherd-version: ${version}`);
  const body: { error: { code: string; message: string; exit: number } } = JSON.parse(
    text.slice(text.indexOf('\r\n\r\n') + 4),
  );
  expect(body.error).toMatchObject({ code, exit: 1 });
  expect(body.error.message.length).toBeGreaterThan(5);
  expect(await daemon.pids('web')).toEqual(pids);
});

test('a client that says nothing, half a header or half a body is cut off in time', async () => {
  const half = [
    '',
    'POST /v1/stop HTTP/1.1\r\nhost: ',
    'POST /v1/stop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"names"',
    // Served, and idle from then on.
    'GET /v1/avail HTTP/1.1\r\nhost: x\r\n\r\n',
  ];
  const held = descriptors();
  const [slot] = await slotsOf(daemon, 'web');
  writeFileSync(slot?.logs.stdout ?? '', 'x'.repeat(logReadBytesMax));
  // And one that asks for more than its socket holds, and reads nothing of it.
  const deaf = await dial(daemon.socket);
  deaf.pause().write(post('/v1/logs/read', '{"name": "web:0", "stream": "stdout", "offset": 0, "length": 0}'));
  for (const { tookMs } of await Promise.all(half.map((bytes) => sendRaw(daemon.socket, bytes)))) {
    expect(tookMs).toBeGreaterThan(3_000);
    expect(tookMs).toBeLessThan(20_000);
  }
  await until(() => descriptors() <= held, { what: 'the daemon to give up the client that does not read' });
  deaf.destroy();
});

function descriptors(): number {
  return readdirSync(`/proc/${daemon.pid}/fd`).length;
}

test('what is no HTTP at all is closed', async () => {
  const { text } = await sendRaw(daemon.socket, '\u0000\u0001\u0002 nonsense\r\n\r\n');
  expect(text).toMatch(/^HTTP\/1.1 400 |^$/);
});

test('two hundred idle connections do not lock out a command', async () => {
  const idle = await Promise.all(Array.from({ length: 200 }, () => dial(daemon.socket)));
  try {
    const since = performance.now();
    expect(await daemon.ctl('status')).toMatchObject({ exitCode: 0 });
    expect(performance.now() - since).toBeLessThan(4_500); // they would be cut off after 5 s
  } finally {
    for (const socket of idle) socket.destroy();
  }
});

test('a client that never reads does not stop a roll, and keeps nobody out', async () => {
  const body = JSON.stringify({ programs: ['web'], wait: true });
  const socket = await dial(daemon.socket);
  socket.pause();
  socket.write(post('/v1/roll', body));
  await daemon.waitForLog('rollFinished');
  expect(new Set((await slotsOf(daemon)).map(({ generation }) => generation)).size).toBe(1);
  socket.destroy();

  const gone = await dial(daemon.socket);
  gone.write(post('/v1/roll', body));
  await daemon.waitForLog('rollStarted', ({ generation }) => generation === 3);
  gone.destroy();
  await daemon.waitForLog('rollFinished', ({ generation }) => generation === 3);
  expect(await getText(daemon.port())).toMatch(/^r0 \d+$/);
});

test('requests on one connection are answered in turn, HTTP/1.0 without chunks', async () => {
  const socket = await dial(daemon.socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  const get = 'GET /v1/avail HTTP/1.1\r\nhost: x\r\n\r\n';
  socket.write(get + get + get.replace('avail', 'nothing'));
  await until(() => text.match(/HTTP\/1.1 (200|404)/g)?.length === 3, { what: 'three answers', explain: () => text });
  socket.destroy();
  const old = await sendRaw(daemon.socket, 'GET /v1/status HTTP/1.0\r\n\r\n');
  expect(old.text).toMatch(/content-length: \d+/);
  expect(old.text).not.toMatch(/transfer-encoding/i);
});

test('a shutdown does not wait for clients that hang on', async () => {
  await using closing = await startDaemon({ programs: { web: puppet({ workers: 1 }) } });
  const [idle, half] = [await dial(closing.socket), await dial(closing.socket)];
  idle.resume();
  half.resume();
  half.write('POST /v1/stop HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n');
  const since = performance.now();
  closing.kill('SIGTERM');
  const ended = Promise.all([once(idle, 'close'), once(half, 'close')]);
  expect(await closing.exited).toEqual({ code: 0, signal: null });
  await ended;
  expect(performance.now() - since).toBeLessThan(4_500); // they would be cut off after 5 s
});
