import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { getText } from '../../harness/get-text.ts';
import { nodeBinary, nodeNames } from '../../harness/nodes.ts';
import { SupervisedApp } from '../../harness/supervised-app.ts';
import { until } from '../../harness/until.ts';

describe.for(nodeNames)('on Node %s', (node) => {
  const here = test.skipIf(nodeBinary(node) === undefined);

  here(
    'the supervisor dies and comes back: the app serves all the while, dials again, and tells everything again',
    async () => {
      await using served = await SupervisedApp.serving({
        app: 'message-ready.cjs',
        plan: { readiness: 'message' },
        node,
      });
      await served.event('ready');
      await getText(served.port);
      await served.channel?.close();
      served.events.length = 0;
      expect(await getText(served.port)).toBe(`pid ${served.pid}`);
      await served.supervise();
      expect(await served.event('attached')).toMatchObject({ pid: served.pid });
      await served.event('listening', (event) => event.adopted);
      await served.event('ready');
      await served.event('beat', ({ beat }) => beat.total === 2);
    },
  );

  here('a worker that finishes its drain while nobody listens says so to the next supervisor', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    using socket = await opened(served.port);
    await served.event('beat', ({ beat }) => beat.open === 1);
    served.drain(60_000, 60_000);
    await served.beats(2);
    await served.channel?.close();
    served.events.length = 0;
    socket.destroy();
    await served.supervise();
    await served.event('drained');
    expect(served.events.filter(({ is }) => is === 'listening')).toEqual([]);
  });

  here('the app serves when there was never a supervisor', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', supervised: false, node });
    expect(await getText(served.port)).toBe(`pid ${served.pid}`);
    await served.supervise();
    await served.event('listening', (event) => event.adopted);
  });

  here.for([
    ['not JSON', 'hello?\n'],
    ['an unknown frame', '{"t":"selfDestruct"}\n'],
    ['a malformed frame', '{"t":"drain","idleMs":-1,"totalMs":"soon"}\n'],
    ['an endless line', 'x'.repeat(100_000)],
    ['a refusal', '{"t":"refused","why":"no"}\n'],
  ])('%s from the supervisor: the worker hangs up, serves on, and dials again', async ([, text]) => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', supervised: false, node });
    await using fake = await FakeSupervisor.listen(served.channelPath);
    const first = await fake.next();
    expect(JSON.parse(String((await once(first, 'data'))[0]))).toMatchObject({ t: 'hello', v: 1, pid: served.pid });
    first.write(text ?? '');
    await until(() => first.closed, { what: 'the worker to hang up' });
    expect(await getText(served.port)).toBe(`pid ${served.pid}`);
    const second = await fake.next();
    expect(String((await once(second, 'data'))[0])).toContain('"t":"hello"');
    expect(served.output).not.toContain('Warning');
  });

  here('a supervisor that accepts and reads nothing does not hold the process open', async () => {
    await using served = await SupervisedApp.start({ app: 'ends-by-itself.cjs', supervised: false, node });
    await using fake = await FakeSupervisor.listen(served.channelPath);
    const first = await fake.next();
    first.pause();
    expect(await served.ends()).toEqual({ code: 0, signal: null });
  });
});

/** Listens where the supervisor would, and does nothing by itself. */
class FakeSupervisor implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #taken = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      this.#sockets.push(socket);
    });
  }

  static async listen(path: string): Promise<FakeSupervisor> {
    const fake = new FakeSupervisor(createServer());
    fake.#server.listen(path);
    await once(fake.#server, 'listening');
    return fake;
  }

  /** The next connection. */
  async next(): Promise<Socket> {
    const socket = await until(() => this.#sockets[this.#taken], { what: 'the worker to dial' });
    this.#taken += 1;
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function opened(port: number): Promise<Socket & Disposable> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return Object.assign(socket, { [Symbol.dispose]: () => void socket.destroy() });
}
