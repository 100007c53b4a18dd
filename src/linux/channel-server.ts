import { createHash, timingSafeEqual } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import {
  channelVersion,
  encodeFrame,
  FrameReader,
  type SupervisorFrame,
  type WorkerFrame,
} from '../protocol/channel.ts';
import { parseWorkerFrame } from '../protocol/channel-parse.ts';
import { failure, messageOf } from '../shared/errors.ts';
import { channelFrameBytesMax, channelHelloMsMax, channelStrangersMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Channel, ChannelEvent, Log } from '../supervisor/ports.ts';
import { descriptorOf } from './listening-descriptor.ts';
import { clearSocket } from './stale-socket.ts';

export interface ChannelServerOptions {
  /** In a directory that is 0700: whoever can reach it may try tokens. */
  readonly path: string;
  readonly log: Log;
  /** Tokens of workers that are taken over, by handle: known before the first of them can dial. */
  readonly expected?: ReadonlyMap<number, string>;
  /** A socket that listens on the path already, from before this process replaced itself. */
  readonly inherited?: number | undefined;
  onEvent(event: ChannelEvent): void;
}

/**
 * Listens for the workers. Errors: those of `clearSocket`, and LISTEN_FAILED.
 */
export async function openChannelServer(options: ChannelServerOptions): Promise<Result<ChannelServer>> {
  const cleared = options.inherited === undefined ? await clearSocket(options.path) : ok();
  if (!cleared.ok) return cleared;
  const channel = new ChannelServer(options);
  const opened = await channel.open();
  return opened.ok ? ok(channel) : opened;
}

/** A connection that said who it is. */
interface Claim {
  readonly socket: Socket;
  readonly pid: number;
}

/**
 * The supervisor's end of the workers' channel. It has no opinion: it proves who dials, names what was said, and passes it on.
 *
 *   STRANGER ──hello, token of a worker──▶ CLAIM ──closed──▶ gone       STRANGER ──late, wrong, malformed──▶ gone
 */
export class ChannelServer implements Channel {
  readonly #options: ChannelServerOptions;
  readonly #server: Server;
  readonly #tokens = new Map<number, Buffer>();
  readonly #claims = new Map<number, Claim>();
  readonly #strangers = new Set<Socket>();

  constructor(options: ChannelServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#connected(socket));
    for (const [worker, token] of options.expected ?? []) this.expect(worker, token);
  }

  /** Of the listening socket. */
  get descriptor(): number {
    return descriptorOf(this.#server);
  }

  async open(): Promise<Result<undefined>> {
    const { path, log, inherited } = this.#options;
    const { promise, resolve } = Promise.withResolvers<Result<undefined>>();
    this.#server.once('error', (error) => {
      resolve(err(failure('LISTEN_FAILED', `cannot listen on ${path}: ${error.message}`)));
    });
    this.#server.listen(inherited === undefined ? { path } : { fd: inherited }, () => resolve(ok()));
    const opened = await promise;
    if (!opened.ok) return opened;
    // EMFILE and the like: those who dial try again.
    this.#server.on('error', (error) =>
      log.error({ event: 'channelFailed', error: error.message }, 'worker channel failed'),
    );
    try {
      chmodSync(path, 0o600);
      return ok();
    } catch (thrown) {
      await this.close();
      return err(failure('LISTEN_FAILED', `cannot restrict ${path}: ${messageOf(thrown)}`));
    }
  }

  expect(worker: number, token: string): void {
    this.#tokens.set(worker, digest(token));
  }

  /** Nothing more is heard of this worker, not even that it detached. */
  forget(worker: number): void {
    this.#tokens.delete(worker);
    const claim = this.#claims.get(worker);
    this.#claims.delete(worker);
    claim?.socket.destroy();
  }

  report(worker: number): boolean {
    return this.#tell(worker, { t: 'report' });
  }

  drain(worker: number, idleMs: number, totalMs: number): boolean {
    return this.#tell(worker, { t: 'drain', idleMs, totalMs });
  }

  shed(worker: number, count: number): boolean {
    return this.#tell(worker, { t: 'shed', count });
  }

  #tell(worker: number, frame: SupervisorFrame): boolean {
    const claim = this.#claims.get(worker);
    if (claim === undefined || claim.socket.destroyed) return false;
    // A frame is some 50 bytes: a worker that far behind reads nothing any more.
    if (claim.socket.writableLength > channelFrameBytesMax) return false;
    send(claim.socket, frame);
    return true;
  }

  /** The workers serve on, and dial whoever listens here next. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#server.close(() => resolve(undefined));
    for (const worker of this.#claims.keys()) this.forget(worker);
    for (const stranger of this.#strangers) stranger.destroy();
    await promise;
  }

  #connected(socket: Socket): void {
    if (this.#strangers.size >= channelStrangersMax) {
      this.#reject(socket, 'too many connections without a hello');
      return;
    }
    const reader = new FrameReader();
    let worker: number | undefined;
    const late = setTimeout(() => this.#reject(socket, 'no hello in time'), channelHelloMsMax);
    this.#strangers.add(socket);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const frames = reader.push(chunk);
      if (frames === undefined) this.#reject(socket, 'a frame is too long or not JSON', worker);
      for (const value of frames ?? []) {
        // Rejected, refused or forgotten by one of the frames before.
        if (socket.destroyed || !socket.writable) return;
        const frame = parseWorkerFrame(value);
        if (frame === undefined) this.#reject(socket, 'a frame is malformed', worker);
        else if (worker !== undefined) this.#heard(socket, worker, frame);
        else {
          clearTimeout(late);
          worker = this.#greet(socket, frame);
        }
      }
    });
    socket.on('error', (error) =>
      this.#options.log.debug({ event: 'channelError', worker, reason: error.message }, 'worker channel broke'),
    );
    socket.once('close', () => {
      clearTimeout(late);
      this.#strangers.delete(socket);
      if (worker !== undefined) this.#left(socket, worker);
    });
  }

  /** The number of the worker, once it has proved to be one. */
  #greet(socket: Socket, frame: WorkerFrame): number | undefined {
    if (frame.t !== 'hello') return this.#reject(socket, 'the first frame is no hello');
    if (frame.v !== channelVersion) return this.#refuse(socket, `the supervisor speaks version ${channelVersion}`);
    const worker = this.#whose(frame.token);
    if (worker === undefined) return this.#refuse(socket, 'unknown token');
    const before = this.#claims.get(worker);
    if (before !== undefined && before.pid !== frame.pid)
      return this.#refuse(socket, `process ${before.pid} serves this slot`);
    this.#strangers.delete(socket);
    this.#claims.set(worker, { socket, pid: frame.pid });
    // The same process dialled again before its old connection was seen to end.
    before?.socket.destroy();
    send(socket, { t: 'welcome' });
    if (before === undefined) this.#options.onEvent({ is: 'attached', worker, pid: frame.pid });
    return worker;
  }

  /** Compares with every token, each in constant time, so that how long it takes says nothing. */
  #whose(token: string): number | undefined {
    const given = digest(token);
    let found: number | undefined;
    for (const [worker, expected] of this.#tokens) if (timingSafeEqual(given, expected)) found = worker;
    return found;
  }

  #heard(socket: Socket, worker: number, frame: WorkerFrame): void {
    if (this.#claims.get(worker)?.socket !== socket) return;
    switch (frame.t) {
      case 'hello':
        this.#reject(socket, 'a second hello', worker);
        return;
      case 'listening':
        this.#options.onEvent({ is: 'listening', worker, host: frame.host, port: frame.port, adopted: frame.adopted });
        return;
      case 'strayed':
        this.#options.onEvent({ is: 'strayed', worker, why: `port ${frame.port}: ${frame.why}` });
        return;
      case 'beat':
        this.#options.onEvent({ is: 'beat', worker, beat: frame });
        return;
      case 'ready':
      case 'drained':
        this.#options.onEvent({ is: frame.t, worker });
        return;
    }
  }

  #left(socket: Socket, worker: number): void {
    if (this.#claims.get(worker)?.socket !== socket) return;
    this.#claims.delete(worker);
    this.#options.onEvent({ is: 'detached', worker });
  }

  /** Cuts off who does not keep to the protocol; nothing else changes. */
  #reject(socket: Socket, reason: string, worker?: number): undefined {
    this.#options.log.warn({ event: 'channelRejected', worker, reason }, 'worker channel connection closed');
    socket.destroy();
  }

  /** Tells a process that keeps to the protocol why it is not taken. */
  #refuse(socket: Socket, why: string): undefined {
    this.#options.log.debug({ event: 'channelRefused', reason: why }, 'worker channel connection refused');
    socket.end(encodeFrame({ t: 'refused', why }));
    socket.setTimeout(channelHelloMsMax, () => socket.destroy());
  }
}

function send(socket: Socket, frame: SupervisorFrame): void {
  socket.write(encodeFrame(frame));
}

/** Equal lengths, which `timingSafeEqual` needs. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
