import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { KeepAliveClient } from '../../harness/keep-alive-client.ts';
import { nodeBinary, nodeNames } from '../../harness/nodes.ts';
import { SupervisedApp } from '../../harness/supervised-app.ts';

describe.concurrent.for(nodeNames)('on Node %s', (node) => {
  const here = test.skipIf(nodeBinary(node) === undefined);

  here.for([
    ['plain-http.cjs', '/', false],
    ['plain-http.cjs', '/?keep', false],
    ['plain-http.cjs', '/?head', false],
    ['plain-http.cjs', '/?list', false],
    ['express.cjs', '/', false],
    ['fastify.mjs', '/', false],
    ['https.cjs', '/', true],
  ] as const)(
    '%s %s: the next answer on each kept connection says goodbye, and no request fails',
    async ([app, path, secure]) => {
      await using served = await SupervisedApp.serving({ app, node });
      const clients = Array.from({ length: 10 }, () => new KeepAliveClient(served.port, { secure }));
      using _closing = closing(clients);
      const first = await Promise.all(clients.map((client) => client.get(path)));
      expect(first.map(({ connection }) => connection)).toEqual(first.map(() => 'keep-alive'));
      await served.event('beat', ({ beat }) => beat.open === 10 && beat.inFlight === 0);
      served.drain(10_000, 20_000);
      await served.beats(2);
      const last = await Promise.all(clients.map((client) => client.get(path)));
      expect(last.map(({ connection }) => connection)).toEqual(last.map(() => 'close'));
      expect(last.map(({ from }) => from)).toEqual(first.map(({ from }) => from));
      await served.event('drained');
      expect(served.beat).toMatchObject({
        open: 0,
        total: 10,
        requests: 20,
        inFlight: 0,
        closedIdle: 0,
        closedHard: 0,
      });
    },
  );

  here('a request in flight is finished, and its answer says goodbye', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    using client = new KeepAliveClient(served.port);
    using proxied = new KeepAliveClient(served.port);
    const answers = Promise.all([client.get('/slow?until=SIGUSR2'), proxied.get('/slow?until=SIGUSR2&keep')]);
    await served.event('beat', ({ beat }) => beat.inFlight === 2);
    served.drain(50, 20_000);
    await served.beats(2);
    served.signal('SIGUSR2');
    expect(await answers).toMatchObject([
      { status: 200, connection: 'close' },
      { status: 200, connection: 'close' },
    ]);
    await served.event('drained');
  });

  here('an answer that began before the drain is finished', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    using client = new KeepAliveClient(served.port);
    const answer = client.get('/stream?until=SIGUSR2');
    await served.event('beat', ({ beat }) => beat.inFlight === 1);
    served.drain(50, 20_000);
    await served.beats(2);
    served.signal('SIGUSR2');
    expect(await answer).toMatchObject({ status: 200, body: `begun pid ${served.pid}` });
    await served.event('drained');
    expect(served.beat).toMatchObject({ closedIdle: 1, closedHard: 0 });
  });

  here.for([
    ['plain-http.cjs', false],
    ['https.cjs', true],
  ] as const)(
    '%s: connections that stay silent are closed at the idle deadline, and counted',
    async ([app, secure]) => {
      await using served = await SupervisedApp.serving({ app, node });
      using client = new KeepAliveClient(served.port, { secure });
      await client.get();
      const unused = secure
        ? connectTls({ port: served.port, host: '127.0.0.1', rejectUnauthorized: false })
        : connect(served.port, '127.0.0.1');
      using _closing = closing([unused]);
      await once(unused, secure ? 'secureConnect' : 'connect');
      await served.event('beat', ({ beat }) => beat.open === 2);
      const closed = once(unused.resume(), 'close');
      served.drain(300, 10_000);
      await closed;
      await served.event('drained');
      expect(served.beat).toMatchObject({ open: 0, closedIdle: 2, closedHard: 0 });
    },
  );

  here('half a request is not silence: it is cut at the last deadline only', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    using half = await opened(served.port);
    half.write('GET / HTTP/1.1\r\nHost: ');
    await served.event('beat', ({ beat }) => beat.open === 1);
    served.drain(100, 20_000);
    await served.beats(5);
    half.write('localhost\r\n\r\n');
    const [answer] = await once(half, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1.1 200 OK[^]*Connection: close/);
    await served.event('drained');
  });

  here.for(['clear', 'tls'])(
    'HTTP/2 (%s): streams are finished, the session gets GOAWAY, and no stream fails',
    async (kind) => {
      await using served = await SupervisedApp.serving({ app: 'http2.cjs', node, env: { HTTP2: kind } });
      const session = connectHttp2(`${kind === 'tls' ? 'https' : 'http'}://127.0.0.1:${served.port}`, {
        rejectUnauthorized: false,
      });
      using _closing = closing([session]);
      const goaways: number[] = [];
      session.on('goaway', (_code, lastStreamId) => goaways.push(lastStreamId));
      expect(await fetchStream(session, '/')).toBe(`pid ${served.pid}`);
      const slow = fetchStream(session, '/slow?until=SIGUSR2');
      await served.event('beat', ({ beat }) => beat.inFlight === 1);
      served.drain(2_000, 20_000);
      await served.beats(2);
      served.signal('SIGUSR2');
      expect(await slow).toBe(`pid ${served.pid}`);
      await served.event('drained');
      expect(goaways[0]).toBe(2 ** 31 - 1);
      expect(served.beat).toMatchObject({ total: 1, requests: 2, inFlight: 0, closedHard: 0 });
    },
  );

  here('an upgraded connection is left to the app, then cut at the last deadline and counted', async () => {
    await using served = await SupervisedApp.serving({ app: 'upgrade.cjs', node });
    using socket = await upgraded(served.port);
    await served.event('beat', ({ beat }) => beat.open === 1);
    served.drain(100, 3_000);
    const cut = once(socket, 'close');
    socket.write('still there?');
    const [echo] = await once(socket, 'data');
    expect(String(echo)).toBe('still there?');
    await cut;
    await served.event('drained');
    expect(served.beat).toMatchObject({ closedIdle: 0, closedHard: 1 });
  });

  here('an app that uses portherd/app says goodbye to its upgraded connections itself', async () => {
    const app = pathToFileURL(resolve(import.meta.dirname, '../../../src/worker/app.ts')).href;
    await using served = await SupervisedApp.serving({ app: 'upgrade.cjs', node, env: { APP_MODULE: app } });
    using socket = await upgraded(served.port);
    await served.event('beat', ({ beat }) => beat.open === 1);
    const goodbye = once(socket, 'data');
    served.drain(1_000, 9_000);
    expect(String((await goodbye)[0])).toBe('goodbye from 3, you had 9000 ms');
    await served.event('drained');
    expect(served.beat).toMatchObject({ closedHard: 0 });
  });

  here(
    'a drained worker has no descriptor of the slot’s socket left, and what it listens on then is out of the way',
    async () => {
      await using served = await SupervisedApp.serving({ app: 'relisten.cjs', node });
      expect(served.slotDescriptors()).toBe(8);
      using client = new KeepAliveClient(served.port);
      const half = client.get('/slow');
      expect((await half).status).toBe(200);
      using late = await opened(served.port);
      await served.event('beat', ({ beat }) => beat.open === 1);
      served.drain(5_000, 6_000);
      await served.beats(2);
      expect(served.slotDescriptors()).toBe(0);
      late.write('GET /again HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await served.event('drained');
      await served.prints('up 2');
      expect(served.slotDescriptors()).toBe(0);
      expect(served.events.filter(({ is }) => is === 'listening' || is === 'strayed')).toHaveLength(1);
    },
  );

  here('a raw TCP connection may stay until the last deadline', async () => {
    await using served = await SupervisedApp.serving({ app: 'net-echo.cjs', node });
    using socket = await opened(served.port);
    await served.event('beat', ({ beat }) => beat.open === 1);
    const cut = once(socket, 'close');
    served.drain(50, 2_000);
    socket.write('x');
    await once(socket, 'data');
    await cut;
    await served.event('drained');
    expect(served.beat).toMatchObject({ closedIdle: 0, closedHard: 1 });
  });

  here.for(['sigterm-closer.cjs', 'express.cjs', 'fastify.mjs'])(
    '%s: the app’s own shutdown code runs after the drain as without it',
    async (app) => {
      await using served = await SupervisedApp.serving({ app, node });
      using client = new KeepAliveClient(served.port);
      await client.get();
      served.drain(50, 2_000);
      await served.event('drained');
      served.signal('SIGTERM');
      expect(await served.ends()).toEqual({ code: 0, signal: null });
      expect(served.output).toContain('closed well');
      if (app === 'sigterm-closer.cjs') {
        expect(served.output).toContain(`listening true port ${served.port}\n`);
        expect(served.output).toContain('close event\nclosed well\nflushed\n');
      }
    },
  );

  here('a drained worker waits for its stop signal, and an app without a handler ends on it', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    served.drain(10, 20);
    await served.event('drained');
    await served.beats(2);
    served.signal('SIGTERM');
    expect(await served.ends()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  here('an aborted request is no longer in flight', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    using socket = await opened(served.port);
    socket.write('GET /slow?until=SIGUSR2 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await served.event('beat', ({ beat }) => beat.inFlight === 1);
    socket.destroy();
    await served.event('beat', ({ beat }) => beat.open === 0 && beat.requests === 1 && beat.inFlight === 0);
    // The response is finished into nothing: that does not count again.
    served.signal('SIGUSR2');
    await served.beats(3);
    expect(served.events.every((event) => event.is !== 'beat' || event.beat.inFlight >= 0)).toBe(true);
  });
});

function closing(things: readonly (Disposable | Socket | ClientHttp2Session)[]): Disposable {
  return {
    [Symbol.dispose]: () => {
      for (const thing of things)
        if ('destroy' in thing) thing.destroy();
        else thing[Symbol.dispose]();
    },
  };
}

async function opened(port: number): Promise<Socket & Disposable> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return Object.assign(socket, { [Symbol.dispose]: () => void socket.destroy() });
}

async function upgraded(port: number): Promise<Socket & Disposable> {
  const socket = await opened(port);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  const [head] = await once(socket, 'data');
  expect(String(head)).toMatch(/^HTTP\/1.1 101 /);
  return socket;
}

function fetchStream(session: ClientHttp2Session, path: string): Promise<string> {
  const { promise, resolve: done, reject } = Promise.withResolvers<string>();
  const stream = session.request({ ':path': path });
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  stream.on('error', reject);
  stream.on('end', () => done(text));
  return promise;
}
