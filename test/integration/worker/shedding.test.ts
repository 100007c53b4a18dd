import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { expectNoFailure } from '../../harness/expect-no-loss.ts';
import { KeepAliveClient } from '../../harness/keep-alive-client.ts';
import { startLoad } from '../../harness/load.ts';
import { nodeBinary, nodeNames } from '../../harness/nodes.ts';
import { startSecureLoad } from '../../harness/secure-load.ts';
import { SupervisedApp } from '../../harness/supervised-app.ts';
import { until } from '../../harness/until.ts';

describe.concurrent.for(nodeNames)('on Node %s', (node) => {
  const here = test.skipIf(nodeBinary(node) === undefined);

  here.for([
    ['plain-http.cjs', '/', false],
    ['plain-http.cjs', '/?keep', false],
    ['express.cjs', '/', false],
    ['fastify.mjs', '/', false],
    ['https.cjs', '/', true],
  ] as const)(
    '%s %s: as many as asked leave, those idle for longest, each with its next answer; no request fails',
    async ([app, path, secure]) => {
      await using served = await SupervisedApp.serving({ app, node });
      const clients = Array.from({ length: 8 }, () => new KeepAliveClient(served.port, { secure }));
      using _closing = closing(clients);
      for (const client of clients) await client.get(path);
      // The first two have spoken again: now the third is the one that has been idle for longest.
      for (const client of clients.slice(0, 2)) await client.get(path);
      await served.event('beat', ({ beat }) => beat.open === 8 && beat.requests === 10 && beat.inFlight === 0);
      served.shed(3);
      await served.event('beat', ({ beat }) => beat.shedding === 3);
      const answers = await Promise.all(clients.map((client) => client.get(path)));
      const kept = 'keep-alive';
      expect(answers.map(({ connection }) => connection)).toEqual([kept, kept, ...leaving(3), kept, kept, kept]);
      await served.event('beat', ({ beat }) => beat.shed === 3 && beat.shedding === 0 && beat.open === 5);
      const again = await Promise.all(clients.map((client) => client.get(path)));
      expect(again.map(({ connection }) => connection)).toEqual(again.map(() => kept));
      await served.event('beat', ({ beat }) => beat.open === 8 && beat.total === 11 && beat.shed === 3);
    },
  );

  here('who asks again and again never asks the same connection twice, nor more than there are', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    const clients = Array.from({ length: 3 }, () => new KeepAliveClient(served.port));
    using _closing = closing(clients);
    for (const client of clients) await client.get();
    for (const [count, shedding] of [
      [1, 1],
      [1, 2],
      [0, 2],
      [5, 3],
      [5, 3],
    ] as const) {
      served.shed(count);
      // The first may have been on its way.
      await served.beats(2);
      expect(served.beat).toMatchObject({ shedding, shed: 0, open: 3 });
    }
  });

  here('a connection that was asked and stays silent stays open, and its next request is served', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    using client = new KeepAliveClient(served.port);
    const { from } = await client.get();
    served.shed(1);
    await served.event('beat', ({ beat }) => beat.shedding === 1);
    await served.beats(3);
    expect(served.beat).toMatchObject({ open: 1, shedding: 1, shed: 0 });
    expect(await client.get()).toMatchObject({ status: 200, connection: 'close', from });
    await served.event('beat', ({ beat }) => beat.open === 0 && beat.shed === 1);
  });

  here('a connection whose client goes by itself has left too', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    {
      using client = new KeepAliveClient(served.port);
      await client.get();
      served.shed(1);
      await served.event('beat', ({ beat }) => beat.shedding === 1);
    }
    await served.event('beat', ({ beat }) => beat.shedding === 0 && beat.shed === 1);
  });

  here('idle ones go first; of the busy ones, an answer that has not begun says goodbye itself', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    const [busy, streaming, idle] = [0, 0, 0].map(() => new KeepAliveClient(served.port));
    if (busy === undefined || streaming === undefined || idle === undefined) throw new Error('three clients');
    using _closing = closing([busy, streaming, idle]);
    const stream = streaming.get('/stream?until=SIGUSR2');
    await served.event('beat', ({ beat }) => beat.inFlight === 1);
    const slow = busy.get('/slow?until=SIGHUP');
    await served.event('beat', ({ beat }) => beat.inFlight === 2);
    await idle.get();
    served.shed(1);
    await served.event('beat', ({ beat }) => beat.shedding === 1);
    expect(await idle.get()).toMatchObject({ connection: 'close' });
    await served.event('beat', ({ beat }) => beat.shed === 1);
    served.shed(1);
    await served.beats(2);
    served.signal('SIGHUP');
    expect(await slow).toMatchObject({ status: 200, connection: 'close' });
    served.shed(1);
    await served.event('beat', ({ beat }) => beat.shedding === 1 && beat.shed === 2);
    served.signal('SIGUSR2');
    expect(await stream).toMatchObject({ status: 200, body: `begun pid ${served.pid}`, connection: 'keep-alive' });
    expect(await streaming.get()).toMatchObject({ status: 200, connection: 'close' });
    await served.event('beat', ({ beat }) => beat.shed === 3);
  });

  here('raw, upgraded and unused connections are never asked', async () => {
    await using raw = await SupervisedApp.serving({ app: 'net-echo.cjs', node });
    using echo = await opened(raw.port);
    echo.write('x');
    await once(echo, 'data');
    raw.shed(9);
    await raw.beats(2);
    expect(raw.beat).toMatchObject({ open: 1, shedding: 0, shed: 0 });

    await using http = await SupervisedApp.serving({ app: 'upgrade.cjs', node });
    using unused = await opened(http.port);
    using upgraded = await opened(http.port);
    upgraded.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(String((await once(upgraded, 'data'))[0])).toMatch(/^HTTP\/1.1 200 /);
    upgraded.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    expect(String((await once(upgraded, 'data'))[0])).toMatch(/^HTTP\/1.1 101 /);
    await http.event('beat', ({ beat }) => beat.open === 2);
    http.shed(9);
    await http.beats(2);
    expect(http.beat).toMatchObject({ open: 2, shedding: 0, shed: 0 });
    unused.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(String((await once(unused, 'data'))[0])).toMatch(/^HTTP\/1.1 200 [^]*Connection: keep-alive/);
  });

  here.for(['clear', 'tls'])(
    'HTTP/2 (%s): the session that has been idle for longest gets GOAWAY and ends; its streams are finished',
    async (kind) => {
      await using served = await SupervisedApp.serving({ app: 'http2.cjs', node, env: { HTTP2: kind } });
      const url = `${kind === 'tls' ? 'https' : 'http'}://127.0.0.1:${served.port}`;
      const [first, second, unused] = [0, 0, 0].map(() => new Session(url));
      if (first === undefined || second === undefined || unused === undefined) throw new Error('three sessions');
      using _closing = closing([first, second, unused]);
      await second.get('/');
      await first.get('/');
      await served.event('beat', ({ beat }) => beat.open === 3);
      served.shed(1);
      await second.ended();
      expect(second.goaways[0]).toBe(2 ** 31 - 1);
      await served.event('beat', ({ beat }) => beat.shed === 1 && beat.shedding === 0 && beat.open === 2);
      expect(await first.get('/')).toBe(`pid ${served.pid}`);
      const slow = first.get('/slow?until=SIGUSR2');
      await served.event('beat', ({ beat }) => beat.inFlight === 1);
      served.shed(9);
      await served.beats(2);
      served.signal('SIGUSR2');
      expect(await slow).toBe(`pid ${served.pid}`);
      await first.ended();
      await served.event('beat', ({ beat }) => beat.shed === 2 && beat.shedding === 0);
      expect(unused.goaways).toEqual([]);
      expect(await unused.get('/')).toBe(`pid ${served.pid}`);
    },
  );

  here('plain HTTP under load: shedding again and again fails no request', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    await using load = await startLoad({
      port: served.port,
      connections: 0,
      keepAlive: { clients: 32, thinkMs: 1 },
    });
    await shedAgainAndAgain(served, 200);
    const report = await load.stop();
    expectNoFailure(report);
    expect(report.keepAlive.connections).toBeGreaterThan(200);
    expect(report.keepAlive).toMatchObject({ idleReset: 0 });
  });

  here.for([
    ['https.cjs', 'https'],
    ['http2.cjs', 'http2'],
  ] as const)('%s under load: shedding again and again fails no request', async ([app, protocol]) => {
    await using served = await SupervisedApp.serving({ app, node });
    await using load = startSecureLoad({ port: served.port, protocol, clients: 8 });
    await shedAgainAndAgain(served, 40);
    await until(() => load.ok() > 80, { what: 'many answers', explain: () => load.ok() });
    expect((await load.stop()).failures).toEqual([]);
  });

  here('a drain after a shed is the usual drain', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    const clients = Array.from({ length: 4 }, () => new KeepAliveClient(served.port));
    using _closing = closing(clients);
    for (const client of clients) await client.get();
    served.shed(2);
    await served.event('beat', ({ beat }) => beat.shedding === 2);
    served.drain(10_000, 20_000);
    served.shed(1);
    await served.beats(2);
    expect(served.beat.shedding).toBe(2);
    const answers = await Promise.all(clients.map((client) => client.get()));
    expect(answers.map(({ connection }) => connection)).toEqual(leaving(4));
    await served.event('drained');
    expect(served.beat).toMatchObject({ open: 0, shed: 2, shedding: 0, closedIdle: 0, closedHard: 0 });
  });

  here('a blocked event loop shows in the beat after it, and in no later one', async () => {
    await using served = await SupervisedApp.serving({ app: 'blocks.cjs', node });
    using client = new KeepAliveClient(served.port);
    await served.beats(1);
    // Longer than a busy machine makes anybody wait.
    await client.get('/?ms=2000');
    const { beat } = await served.event('beat', (event) => event.beat.lagMs > 1_500);
    expect(beat.lagMs).toBeLessThan(10_000);
    expect(beat.elu).toBeGreaterThan(0.5);
    await served.beats(2);
    expect(served.beat.lagMs).toBeLessThan(1_500);
    expect(served.beat.elu).toBeLessThan(0.5);
  });
});

/** Until `wanted` connections have left. */
async function shedAgainAndAgain(served: SupervisedApp, wanted: number): Promise<void> {
  await until(
    () => {
      served.shed(3);
      return served.beat.shed >= wanted;
    },
    { what: `${wanted} connections to leave`, deadline: 60_000, interval: 25, explain: () => served.story() },
  );
}

class Session implements Disposable {
  readonly goaways: number[] = [];
  readonly #session: ClientHttp2Session;

  constructor(url: string) {
    this.#session = connectHttp2(url, { rejectUnauthorized: false });
    this.#session.on('goaway', (_code, lastStreamId) => this.goaways.push(lastStreamId));
  }

  async get(path: string): Promise<string> {
    const stream = this.#session.request({ ':path': path });
    let text = '';
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    await once(stream, 'end');
    return text;
  }

  async ended(): Promise<void> {
    await until(() => this.#session.destroyed, { what: 'the session to end' });
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

function leaving(count: number): string[] {
  return Array.from({ length: count }, () => 'close');
}

function closing(things: readonly Disposable[]): Disposable {
  return {
    [Symbol.dispose]: () => {
      for (const thing of things) thing[Symbol.dispose]();
    },
  };
}

async function opened(port: number): Promise<Socket & Disposable> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return Object.assign(socket, { [Symbol.dispose]: () => void socket.destroy() });
}
