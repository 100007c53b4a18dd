import type { Socket } from 'node:net';
import {
  channelVersion,
  encodeFrame,
  FrameReader,
  type SupervisorFrame,
  type WorkerFrame,
} from '../protocol/channel.ts';
import { parseSupervisorFrame } from '../protocol/channel-parse.ts';
import { channelFrameBytesMax, channelHelloMsMax, channelRedialMs, channelStalledMsMax } from '../shared/limits.ts';
import { guarded } from './guarded.ts';

export interface ChannelOptions {
  readonly socket: string;
  readonly token: string;
  /** Each time the supervisor has taken this worker: tell it how things are. */
  onWelcome(): void;
  onDrain(idleMs: number, totalMs: number): void;
  onShed(count: number): void;
  /** The supervisor wants to know how things are. */
  onReport(): void;
}

/**
 * The worker's end of the channel. It dials, says hello, and dials again whenever the supervisor is gone, silent or talks
 * nonsense, until the process ends. Nothing here keeps the process alive or can fail the app.
 *
 *   WAITING ──due──▶ DIALLING ──welcome──▶ OPEN ──closed──▶ WAITING        DIALLING ──closed, late, refused──▶ WAITING
 */
export class WorkerChannel {
  #socket: Socket | undefined;
  #open = false;
  #pauseMs: number = channelRedialMs.first;
  #stalledSince: number | undefined;
  readonly #options: ChannelOptions;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /**
   * In the next turn: an app that loads for longer than the supervisor waits for a hello dials when it has loaded. The
   * immediate holds the process for that one turn; unref'd it would wait for something else to wake the event loop.
   */
  start(): void {
    setImmediate(guarded(() => this.#dial()));
  }

  /** False when it was not sent; whoever has state to tell tells it again in `onWelcome`. */
  send(frame: WorkerFrame): boolean {
    const socket = this.#socket;
    if (socket === undefined || !this.#open) return false;
    if (this.#isStalled(socket)) {
      socket.destroy();
      return false;
    }
    // The next beat says the same, only later.
    if (frame.t === 'beat' && socket.writableLength > 0) return false;
    socket.write(encodeFrame(frame));
    return true;
  }

  /** A pending write would hold the process open, so it may not pend for long. */
  #isStalled(socket: Socket): boolean {
    if (socket.writableLength === 0) {
      this.#stalledSince = undefined;
      return false;
    }
    this.#stalledSince ??= performance.now();
    return performance.now() - this.#stalledSince > channelStalledMsMax || socket.writableLength > channelFrameBytesMax;
  }

  #dial(): void {
    // Not imported: an inert process should not load it.
    const socket = process.getBuiltinModule('node:net').connect({ path: this.#options.socket });
    const reader = new FrameReader();
    const late = setTimeout(() => socket.destroy(), channelHelloMsMax).unref();
    this.#socket = socket;
    this.#stalledSince = undefined;
    socket.unref();
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.write(encodeFrame(this.#hello())));
    socket.on(
      'data',
      guarded((chunk: string) => {
        if (!this.#read(reader, chunk)) socket.destroy();
        if (this.#open) clearTimeout(late);
      }),
    );
    // No supervisor is a normal condition, and 'close' follows.
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(late);
      this.#open = false;
      this.#wait();
    });
  }

  #hello(): WorkerFrame {
    return { t: 'hello', v: channelVersion, token: this.#options.token, pid: process.pid, node: process.version };
  }

  /** False when this is not a supervisor's talk. */
  #read(reader: FrameReader, chunk: string): boolean {
    return reader.push(chunk)?.every((frame) => this.#take(parseSupervisorFrame(frame))) ?? false;
  }

  #take(frame: SupervisorFrame | undefined): boolean {
    switch (frame?.t) {
      case undefined:
        return false;
      case 'welcome':
        this.#open = true;
        this.#pauseMs = channelRedialMs.first;
        this.#options.onWelcome();
        return true;
      case 'drain':
        this.#options.onDrain(frame.idleMs, frame.totalMs);
        return true;
      case 'shed':
        this.#options.onShed(frame.count);
        return true;
      case 'report':
        this.#options.onReport();
        return true;
      case 'refused':
        // Another process serves this slot, or the supervisor is a new one that has not adopted us yet.
        this.#pauseMs = channelRedialMs.max;
        return false;
    }
  }

  /** Jitter: the workers of a supervisor that came back do not dial as one. */
  #wait(): void {
    const pauseMs = this.#pauseMs * (0.5 + Math.random() / 2);
    this.#pauseMs = Math.min(this.#pauseMs * 2, channelRedialMs.max);
    setTimeout(
      guarded(() => this.#dial()),
      pauseMs,
    ).unref();
  }
}
