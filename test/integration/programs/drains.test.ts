import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../../harness/daemon.ts';
import { getText } from '../../harness/get-text.ts';
import { Http2Client } from '../../harness/http2-client.ts';
import { KeepAliveClient } from '../../harness/keep-alive-client.ts';
import { inFlight } from '../../harness/puppet.ts';
import { until } from '../../harness/until.ts';

/** What is open when a worker is replaced: each test rolls once in the middle of something. */
const fixtures = join(import.meta.dirname, '../../fixtures/apps');
const appModule = join(import.meta.dirname, '../../../dist/worker/app.js');

/** Else it does not tell when a worker drains. */
const supervisor = { logLevel: 'debug' };

function startSecure(): Promise<Daemon> {
  return startDaemon({
    programs: `supervisor: {logLevel: debug}
programs:
  web:
    command: ['${process.execPath}', three-protocols.cjs]
    directory: ${fixtures}
    listen: [{port: $port1, host: 127.0.0.1}, {port: $port2, host: 127.0.0.1}, {port: $port3, host: 127.0.0.1}]
    environment: {HTTPS_PORT: '$port2', HTTP2_PORT: '$port3'}
    workers: 1
    roll: {minReady: 0s}
    stop: {idleTimeout: 30s, drainTimeout: 40s}`,
  });
}

function startUpgrade(drainTimeout: string, environment: Readonly<Record<string, string>> = {}): Promise<Daemon> {
  const stop = { idleTimeout: '1s', drainTimeout, killTimeout: '5s' };
  const policy = { workers: 1, roll: { minReady: '0s' }, stop };
  const command = [process.execPath, 'upgrade.cjs'];
  return startDaemon({ supervisor, programs: { web: { command, environment, ...policy } } });
}

/** Lets the worker whose text this is answer what was asked for with /slow. */
function release(text: string): void {
  process.kill(Number(text.split(' ')[1]), 'SIGUSR2');
}

async function untilInFlight(daemon: Daemon, count: number): Promise<void> {
  await until(async () => (await inFlight(daemon)) === count, { what: `${count} requests in flight` });
}

/** Rolls, and resolves when the new worker has taken the seat and the old one was told to drain. */
async function replace(daemon: Daemon): Promise<{ rolled: Promise<{ readonly exitCode: number }> }> {
  const rolled = daemon.ctl('roll', 'web');
  await daemon.waitForLog('draining');
  return { rolled };
}

test('HTTPS: the answer in flight arrives, with Connection: close, and the next one is the new worker’s', async () => {
  await using daemon = await startSecure();
  using client = new KeepAliveClient(daemon.port(1), { secure: true });
  const before = await client.get();
  const slow = client.get('/slow?until=SIGUSR2');
  await untilInFlight(daemon, 1);
  const { rolled } = await replace(daemon);
  release(before.body);
  expect(await slow).toMatchObject({ status: 200, body: before.body, connection: 'close', from: before.from });
  const after = await client.get();
  expect(after.body).not.toBe(before.body);
  expect((await rolled).exitCode).toBe(0);
});

test('HTTP/2: streams in flight are finished, the client is told to go away, and the connection ends', async () => {
  await using daemon = await startSecure();
  using client = new Http2Client(daemon.port(2));
  const before = await client.get();
  const slow = [client.get('/slow?until=SIGUSR2'), client.get('/slow?until=SIGUSR2')];
  await untilInFlight(daemon, 2);
  const { rolled } = await replace(daemon);
  release(before);
  expect(await Promise.all(slow)).toEqual([before, before]);
  await client.ended();
  expect(client.goaways[0]).toBe(0);
  expect((await rolled).exitCode).toBe(0);
  using next = new Http2Client(daemon.port(2));
  expect(await next.get()).not.toBe(before);
});

test('HTTP/2: a connection that shakes hands while its worker drains is still answered once', async () => {
  await using daemon = await startSecure();
  using holder = new Http2Client(daemon.port(2));
  const before = await holder.get();
  const socket = await accepted(daemon);
  const { rolled } = await replace(daemon);
  // Well into the drain: the first GOAWAYs are out.
  await holder.ended();
  const tls = connectTls({ socket, ALPNProtocols: ['h2'], rejectUnauthorized: false });
  const session = connectHttp2('https://127.0.0.1', { createConnection: () => tls });
  // As a client does that connects in advance: everything that the server says unasked has come.
  await once(session, 'remoteSettings');
  await until(() => !session.pendingSettingsAck, { what: 'the settings to be acknowledged' });
  const stream = session.request({ ':path': '/' });
  let body = '';
  stream.setEncoding('utf8').on('data', (part: string) => (body += part));
  await once(stream, 'end');
  expect(body).toBe(before);
  await once(session, 'close');
  expect((await rolled).exitCode).toBe(0);
});

/** A TCP connection that the worker has taken beside the one that is open, and on which nothing has been said. */
async function accepted(daemon: Daemon): Promise<Socket> {
  const untilOpen = async (wanted: number): Promise<void> => {
    const isSo = async (): Promise<boolean> => {
      const { programs } = (await daemon.api('GET', '/v1/connections')).json();
      return programs[0].slots[0].open === wanted;
    };
    await until(isSo, { what: `${wanted} open connections` });
  };
  await untilOpen(1);
  const socket = connect(daemon.port(2), '127.0.0.1');
  await once(socket, 'connect');
  await untilOpen(2);
  return socket;
}

async function upgraded(daemon: Daemon): Promise<{ socket: Socket; says: () => string; ended: Promise<unknown> }> {
  const socket = connect(daemon.port(), '127.0.0.1');
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(socket, 'close');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await until(() => said.includes('101 Switching Protocols'), { what: 'the upgrade', explain: () => said });
  said = '';
  return { socket, says: () => said, ended };
}

test('upgraded: onDrain of portherd/app lets the app say goodbye, and the roll does not wait longer', async () => {
  await using daemon = await startUpgrade('60s', { APP_MODULE: appModule });
  const { socket, says, ended } = await upgraded(daemon);
  const since = performance.now();
  const { rolled } = await replace(daemon);
  await ended;
  expect(says()).toBe('goodbye from 0, you had 60000 ms');
  expect((await rolled).exitCode).toBe(0);
  expect(performance.now() - since).toBeLessThan(60_000);
  socket.destroy();
});

test('upgraded: without it the connection works until drainTimeout, and is cut then', async () => {
  await using daemon = await startUpgrade('4s');
  const { socket, says, ended } = await upgraded(daemon);
  const { rolled } = await replace(daemon);
  socket.write('still here');
  await until(() => says() === 'still here', { what: 'the echo', explain: says });
  expect(await getText(daemon.port())).toMatch(/^pid \d+$/);
  await ended;
  expect((await rolled).exitCode).toBe(0);
  expect(daemon.log.map(({ event }) => event)).not.toContain('overdue');
});
