import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort } from '../harness/free-port.ts';
import { startLoad } from '../harness/load.ts';
import { LossClient, type LossOptions } from '../harness/loss-client.ts';
import type { FailureName } from '../harness/loss-outcome.ts';
import { describeLoss, type LossReport } from '../harness/loss-report.ts';
import { until, within } from '../harness/until.ts';

/** The instrument itself: every way of losing a request, done on purpose, must show under its own name. */
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('a client with a connection per request', () => {
  test('counts nothing as failed on a server that answers', async () => {
    await using server = await hostile((socket) => socket.on('data', () => socket.end(ok)));
    const report = await runOnce({ port: server.port, connections: 8, rounds: 25 });
    expect(report.oneShot).toMatchObject({ tried: 200, ok: 200, failed: 0, localExhaustion: 0 });
    expect(report.oneShot.latency.p50Ms).toBeGreaterThan(0);
    expect(report.oneShot.latency.maxMs).toBeGreaterThanOrEqual(report.oneShot.latency.p99Ms);
    expect(server.sources.size).toBe(20);
  });

  test('sees a refused connection', async () => {
    await expectOnly('refused', { port: await freePort() });
  });

  test('sees a reset before it wrote its request', async () => {
    await using server = await hostile((socket) => socket.resetAndDestroy());
    await expectOnly('resetBefore', { port: server.port, writeDelayMs: 2_000 });
  });

  test('sees a reset after it wrote its request', async () => {
    await using server = await hostile((socket) => socket.on('data', () => socket.resetAndDestroy()));
    await expectOnly('resetAfter', { port: server.port });
  });

  test('sees a close without a byte', async () => {
    await using server = await hostile((socket) => socket.on('data', () => socket.end()));
    await expectOnly('empty', { port: server.port });
  });

  test.for<[string, string]>([
    ['a body', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'],
    ['a head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab'],
    ['the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n'],
  ])('sees an answer cut off in %s', async ([, answer]) => {
    await using server = await hostile((socket) => socket.on('data', () => void socket.end(answer)));
    await expectOnly('truncated', { port: server.port });
  });

  test('sees a status that is not 2xx', async () => {
    const busy = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
    await using server = await hostile((socket) => socket.on('data', () => socket.end(busy)));
    const report = await expectOnly('badStatus', { port: server.port });
    expect(report.failures[0]?.detail).toBe('503');
  });

  test.for<[string, string]>([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['longer than it said', `${ok}ok`],
    ['a chunk without its line end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokxx0\r\n\r\n'],
    ['an endless head', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`],
  ])('sees an answer that is %s', async ([, answer]) => {
    await using server = await hostile((socket) => socket.on('data', () => void socket.write(answer)));
    await expectOnly('malformed', { port: server.port });
  });

  test('sees a server that hangs, and when', async () => {
    await using server = await hostile((socket) => socket.resume());
    const report = await expectOnly('timedOut', { port: server.port, timeoutMs: 1_000 });
    expect(report.failures[0]?.tookMs).toBeGreaterThanOrEqual(995);
    expect(report.failures[0]?.detail).toBe('connected');
  });

  test('reads chunked answers with trailers, interim answers, and bodies that end with the connection', async () => {
    const answers = [
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nA: b\r\n\r\n',
      'HTTP/1.1 200 OK\r\n\r\nuntil the end',
      'HTTP/1.1 204 No Content\r\n\r\n',
    ];
    let served = 0;
    await using server = await hostile((socket) =>
      socket.once('data', () => {
        const answer = answers[served++ % answers.length] ?? '';
        // Byte by byte, so that every boundary falls between two reads.
        for (const byte of answer) socket.write(byte);
        socket.end();
      }),
    );
    const report = await runOnce({ port: server.port, connections: 1, rounds: 6 });
    expect(report.oneShot, describeLoss(report)).toMatchObject({ tried: 6, ok: 6 });
  });
});

describe('a keep-alive client', () => {
  const keepAlive = { clients: 4, thinkMs: 5 };

  test('uses its connection again, and comes back when told to close', async () => {
    let requests = 0;
    const answer = (): string => (++requests % 5 === 0 ? ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') : ok);
    await using server = await hostile((socket) =>
      socket.on('data', () => {
        const text = answer();
        if (text === ok) socket.write(text);
        else socket.end(text);
      }),
    );
    const report = await runUntil({ port: server.port, connections: 0, keepAlive }, (so) => so.keepAlive.ok >= 100);
    expect(report.keepAlive, describeLoss(report)).toMatchObject({ failed: 0, idleClosed: 0 });
    expect(report.keepAlive.connections).toBeGreaterThan(10);
    expect(report.keepAlive.connections).toBeLessThan(report.keepAlive.ok / 2);
  });

  test.for<[string, (socket: Socket) => void]>([
    ['reset', (socket) => socket.resetAndDestroy()],
    ['closed', (socket) => socket.end()],
  ])('has lost a request that is %s on a connection that had served', async ([, lose]) => {
    await using server = await hostile((socket) => {
      let asked = 0;
      socket.on('data', () => (asked++ === 0 ? socket.write(ok) : lose(socket)));
    });
    const report = await runUntil(
      { port: server.port, connections: 0, keepAlive },
      (so) => so.keepAlive.by.keepAliveFailed >= 5,
    );
    expect(report.keepAlive.by.keepAliveFailed).toBe(report.keepAlive.failed);
  });

  test('has lost nothing when the server closes a connection on which nothing is asked', async () => {
    await using server = await hostile((socket) => socket.on('data', () => socket.write(ok, () => socket.end())));
    const options = { port: server.port, connections: 0, keepAlive: { clients: 4, thinkMs: 2_000, jitter: 0 } };
    const report = await runUntil(options, (so) => so.keepAlive.idleClosed + so.keepAlive.ok >= 12);
    expect(report.keepAlive, describeLoss(report)).toMatchObject({ failed: 0 });
  });

  test('tells an idle connection that is closed from one that is reset', async () => {
    let connections = 0;
    await using server = await hostile((socket) => {
      const reset = connections++ % 2 === 0;
      socket.on('data', () => {
        socket.write(ok);
        setTimeout(() => (reset ? socket.resetAndDestroy() : socket.end()), 20);
      });
    });
    const options = { port: server.port, connections: 0, keepAlive: { clients: 4, thinkMs: 2_000, jitter: 0 } };
    const report = await runUntil(
      options,
      ({ keepAlive: { idleClosed, idleReset } }) => idleClosed > 1 && idleReset > 1,
    );
    expect(report.keepAlive, describeLoss(report)).toMatchObject({ failed: 0 });
  });

  test('counts a failure of its first request by the names of a fresh connection', async () => {
    const report = await runUntil(
      { port: await freePort(), connections: 0, keepAlive },
      (so) => so.keepAlive.by.refused >= 4,
    );
    expect(report.keepAlive.failed).toBe(report.keepAlive.by.refused);
    expect(report.keepAlive.connections).toBe(0);
  });
});

test('the load runs in a process of its own, and reports while it runs and at its end', async () => {
  await using server = await hostile((socket) =>
    socket.on('data', (request) => {
      if (request.includes('Connection: close')) socket.end(ok);
      else socket.write(ok);
    }),
  );
  await using load = await startLoad({ port: server.port, connections: 4, keepAlive: { clients: 2, thinkMs: 5 } });
  expect(load.pid).not.toBe(process.pid);
  await until(async () => (await load.report()).oneShot.ok > 100, { what: 'a hundred answers' });
  const report = await load.stop();
  expect(report.oneShot.failed + report.keepAlive.failed, describeLoss(report)).toBe(0);
});

test('it sees the losses of a naive restart: replacement first, then server.close()', async () => {
  const port = await freePort();
  const workers = await Promise.all([naiveWorker(port), naiveWorker(port)]);
  try {
    await using load = await startLoad({ port, connections: 40, keepAlive: { clients: 40, thinkMs: 10 } });
    const lossesSeen = async (): Promise<boolean> => {
      const old = workers.shift();
      workers.push(await naiveWorker(port));
      if (old === undefined) throw new Error('nobody served');
      old.send('close');
      expect(await within(30_000, once(old, 'exit'))).toBeDefined();
      const { oneShot, keepAlive } = await load.report();
      return oneShot.failed > 0 && keepAlive.by.keepAliveFailed > 0;
    };
    await until(lossesSeen, { what: 'a naive restart to lose connections', deadline: 90_000, interval: 0 });
    const report = await load.stop();
    expect(report.oneShot.by.resetBefore + report.oneShot.by.resetAfter, describeLoss(report)).toBeGreaterThan(0);
    expect(report.keepAlive.by.keepAliveFailed, describeLoss(report)).toBeGreaterThan(0);
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
});

async function naiveWorker(port: number) {
  const app = join(import.meta.dirname, '../fixtures/apps/target-naive.cjs');
  const worker = fork(app, { env: { ...process.env, PORT: String(port) }, execArgv: [] });
  await once(worker, 'message');
  return worker;
}

async function runOnce(options: LossOptions): Promise<LossReport> {
  return new LossClient(options).finished();
}

async function runUntil(options: LossOptions, enough: (so: LossReport) => boolean): Promise<LossReport> {
  const client = new LossClient(options);
  try {
    await until(() => enough(client.report()), {
      what: 'enough to judge',
      explain: () => describeLoss(client.report()),
    });
  } finally {
    await client.stop();
  }
  return client.report();
}

async function expectOnly(name: FailureName, options: LossOptions): Promise<LossReport> {
  const report = await runOnce({ connections: 4, rounds: 3, ...options });
  expect(report.oneShot, describeLoss(report)).toMatchObject({ tried: 12, ok: 0, failed: 12, localExhaustion: 0 });
  expect(report.oneShot.by[name], describeLoss(report)).toBe(12);
  expect(report.failures).toHaveLength(12);
  return report;
}

interface Hostile extends AsyncDisposable {
  readonly port: number;
  readonly sources: ReadonlySet<string>;
}

/** A bare TCP server that does to each connection what the test says. */
async function hostile(onConnection: (socket: Socket) => void): Promise<Hostile> {
  const sockets = new Set<Socket>();
  const sources = new Set<string>();
  const server = createServer((socket) => {
    sockets.add(socket);
    sources.add(socket.remoteAddress ?? '');
    // The peer's own reset at the end of a test is no news.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  return {
    port: address.port,
    sources,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
