import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ChannelServer, openChannelServer } from '../../../src/linux/channel-server.ts';
import type { ChannelEvent, Log } from '../../../src/supervisor/ports.ts';
import { until } from '../../harness/until.ts';

const hello = { t: 'hello', v: 1, token: 'secret', pid: 77, node: 'v24.21.0' };
const counts = { open: 1, total: 2, requests: 3, inFlight: 0, closedIdle: 0, closedHard: 0, shedding: 0, shed: 0 };
const beat = { t: 'beat', ...counts, lagMs: 2, elu: 0.5 };

test('who knows the token is attached; what it says comes as events; when it leaves it is detached', async () => {
  await using bench = await Bench.open();
  bench.channel.expect(5, 'secret');
  const dialled = await bench.dial(hello);
  expect(await dialled.answer()).toEqual({ t: 'welcome' });
  dialled.say(
    { t: 'listening', port: 80, host: '::', adopted: true },
    { t: 'ready' },
    beat,
    { t: 'strayed', port: 80, why: 'spent' },
    { t: 'drained' },
  );
  await bench.event('drained');
  dialled.socket.destroy();
  await bench.event('detached');
  expect(bench.events).toEqual([
    { is: 'attached', worker: 5, pid: 77 },
    { is: 'listening', worker: 5, host: '::', port: 80, adopted: true },
    { is: 'ready', worker: 5 },
    { is: 'beat', worker: 5, beat },
    { is: 'strayed', worker: 5, why: 'port 80: spent' },
    { is: 'drained', worker: 5 },
    { is: 'detached', worker: 5 },
  ]);
});

test('only the owner can reach the socket', async () => {
  await using bench = await Bench.open();
  expect(statSync(bench.path).mode & 0o777).toBe(0o600);
});

test('drain reaches the worker, and is false when there is none', async () => {
  await using bench = await Bench.open();
  bench.channel.expect(5, 'secret');
  expect(bench.channel.drain(5, 1, 2)).toBe(false);
  const dialled = await bench.dial(hello);
  await dialled.answer();
  expect(bench.channel.drain(5, 1_000, 2_000)).toBe(true);
  expect(await dialled.answer()).toEqual({ t: 'drain', idleMs: 1_000, totalMs: 2_000 });
});

test('shed reaches the worker, and is false when there is none', async () => {
  await using bench = await Bench.open();
  bench.channel.expect(5, 'secret');
  expect(bench.channel.shed(5, 7)).toBe(false);
  const dialled = await bench.dial(hello);
  await dialled.answer();
  expect(bench.channel.shed(5, 7)).toBe(true);
  expect(await dialled.answer()).toEqual({ t: 'shed', count: 7 });
});

test('a second process with the same token is refused while the first is there, and taken afterwards', async () => {
  await using bench = await Bench.open();
  bench.channel.expect(5, 'secret');
  const first = await bench.dial(hello);
  await first.answer();
  const second = await bench.dial({ ...hello, pid: 78 });
  expect(await second.answer()).toEqual({ t: 'refused', why: 'process 77 serves this slot' });
  first.socket.destroy();
  await bench.event('detached');
  const third = await bench.dial({ ...hello, pid: 78 });
  expect(await third.answer()).toEqual({ t: 'welcome' });
});

test('the same process that dials again takes over its own connection, and never detached', async () => {
  await using bench = await Bench.open();
  bench.channel.expect(5, 'secret');
  const first = await bench.dial(hello);
  await first.answer();
  const again = await bench.dial(hello);
  expect(await again.answer()).toEqual({ t: 'welcome' });
  await first.closed();
  again.say({ t: 'ready' });
  await bench.event('ready');
  expect(bench.events).toEqual([
    { is: 'attached', worker: 5, pid: 77 },
    { is: 'ready', worker: 5 },
  ]);
});

test('a forgotten worker is cut off, is not heard any more, and its token is worth nothing', async () => {
  await using bench = await Bench.open();
  bench.channel.expect(5, 'secret');
  const dialled = await bench.dial(hello);
  await dialled.answer();
  bench.channel.forget(5);
  await dialled.closed();
  const again = await bench.dial(hello);
  expect(await again.answer()).toEqual({ t: 'refused', why: 'unknown token' });
  expect(bench.events).toEqual([{ is: 'attached', worker: 5, pid: 77 }]);
});

test.for([
  ['no JSON', 'GET / HTTP/1.1\r\n\r\n'],
  ['no hello', `${JSON.stringify(beat)}\n`],
  ['an array', '[]\n'],
  ['too much', `{"t":"${'x'.repeat(20_000)}`],
])('%s from a stranger closes its connection, and nothing else happens', async ([, text]) => {
  await using bench = await Bench.open();
  bench.channel.expect(5, 'secret');
  const worker = await bench.dial(hello);
  await worker.answer();
  const stranger = await bench.dial();
  stranger.socket.write(text ?? '');
  await stranger.closed();
  worker.say({ t: 'ready' });
  await bench.event('ready');
  expect(bench.warned).toHaveLength(1);
});

test.for([
  ['a malformed frame', '{"t":"beat","open":-1}\n{"t":"ready"}\n'],
  ['a second hello', `${JSON.stringify(hello)}\n{"t":"ready"}\n`],
  ['a line that is no JSON', '\u0000\n'],
])('%s from a worker detaches that worker only; what follows is not heard', async ([, text]) => {
  await using bench = await Bench.open();
  bench.channel.expect(5, 'secret');
  bench.channel.expect(6, 'other');
  const bad = await bench.dial(hello);
  const good = await bench.dial({ ...hello, token: 'other', pid: 99 });
  await Promise.all([bad.answer(), good.answer()]);
  bad.socket.write(text ?? '');
  await bad.closed();
  expect(await bench.event('detached')).toEqual({ is: 'detached', worker: 5 });
  good.say({ t: 'ready' });
  expect(await bench.event('ready')).toEqual({ is: 'ready', worker: 6 });
  expect(bench.warned).toHaveLength(1);
});

test('who says nothing is cut off after five seconds', async () => {
  await using bench = await Bench.open();
  const began = performance.now();
  const stranger = await bench.dial();
  await stranger.closed();
  expect(performance.now() - began).toBeGreaterThan(4_900);
  expect(bench.warned).toHaveLength(1);
});

test('another version of the protocol is refused with the one that is spoken', async () => {
  await using bench = await Bench.open();
  bench.channel.expect(5, 'secret');
  const dialled = await bench.dial({ ...hello, v: 2 });
  expect(await dialled.answer()).toEqual({ t: 'refused', why: 'the supervisor speaks version 1' });
});

test('a file in the way is left alone and named', async () => {
  await using bench = await Bench.open();
  const path = join(bench.directory, 'taken');
  writeFileSync(path, 'mine');
  const opened = await openChannelServer({ path, log: bench.log, onEvent: () => {} });
  expect(opened).toMatchObject({
    ok: false,
    error: { code: 'RUN_DIR_UNSAFE', message: expect.stringContaining(path) },
  });
});

type Frame = Readonly<Record<string, unknown>>;

class Dialled {
  readonly socket: Socket;
  #text = '';
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8').on('data', (part: string) => {
      this.#text += part;
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#ended = true;
    });
  }

  say(...frames: Frame[]): void {
    this.socket.write(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(''));
  }

  async answer(): Promise<unknown> {
    const end = await until(() => this.#text.indexOf('\n') + 1 || undefined, { what: 'an answer', interval: 2 });
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return JSON.parse(line);
  }

  async closed(): Promise<void> {
    await until(() => this.#ended, { what: 'the connection to be closed' });
  }
}

class Bench implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'portherd-channel-'));
  readonly path = join(this.directory, 'channel.sock');
  readonly events: ChannelEvent[] = [];
  readonly warned: string[] = [];
  readonly log: Log = {
    debug: () => {},
    info: () => {},
    warn: (_fields, message) => void this.warned.push(message),
    error: () => {},
  };
  readonly #dialled: Dialled[] = [];
  #channel: ChannelServer | undefined;

  static async open(): Promise<Bench> {
    const bench = new Bench();
    const opened = await openChannelServer({
      path: bench.path,
      log: bench.log,
      onEvent: (event) => bench.events.push(event),
    });
    if (!opened.ok) throw new Error(opened.error.message);
    bench.#channel = opened.value;
    return bench;
  }

  get channel(): ChannelServer {
    if (this.#channel === undefined) throw new Error('not open');
    return this.#channel;
  }

  async dial(first?: Frame): Promise<Dialled> {
    const socket = connect(this.path);
    const dialled = new Dialled(socket);
    this.#dialled.push(dialled);
    await once(socket, 'connect');
    if (first !== undefined) dialled.say(first);
    return dialled;
  }

  event(is: ChannelEvent['is']): Promise<ChannelEvent> {
    return until(() => this.events.find((event) => event.is === is), {
      what: `the event ${is}`,
      interval: 2,
      explain: () => this.events,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#dialled) socket.destroy();
    await this.#channel?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
