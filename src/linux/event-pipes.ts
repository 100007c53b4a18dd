import type { ChildProcess } from 'node:child_process';
import { assert } from '../shared/assert.ts';
import { eventLastWordsMs, eventTalkBytesMax } from '../shared/limits.ts';
import type { Log } from '../supervisor/ports.ts';
import type { EventPipes, PipeEvent } from '../supervisor/ports-events.ts';
import { TalkLog } from './talk-log.ts';

/** The supervisor's ends of its event listeners' pipes. `connect` is for whoever starts them; `onEvent` may be set later. */
export interface EventPipeEnds extends EventPipes {
  connect(listener: Listener, child: ChildProcess): void;
  onEvent: (event: PipeEvent) => void;
}

export interface Listener {
  /** Its handle. */
  readonly worker: number;
  readonly program: string;
  /** Where its standard output goes, too. */
  readonly stdoutLog: string;
}

/** For child_process: libuv makes a pair of connected Unix sockets of each, which read(2) and write(2) take for pipes. */
export const eventStdio = ['pipe', 'pipe'] as const;

export function createEventPipes(log: Pick<Log, 'warn'>): EventPipeEnds {
  const open = new Map<number, NonNullable<ChildProcess['stdin']>>();

  return {
    onEvent: () => undefined,

    connect({ worker, program, stdoutLog }, child) {
      const { stdin, stdout } = child;
      assert(stdin !== null && stdout !== null, 'an event listener without pipes');
      const tell = (event: PipeEvent): void => this.onEvent(event);
      const talk = new TalkLog(stdoutLog, log);
      const pace = new Pace(stdout);
      let left = false;

      function leave(): void {
        if (left) return;
        left = true;
        open.delete(worker);
        pace.end();
        stdin?.destroy();
        stdout?.destroy();
        talk.end();
        tell({ is: 'left', worker });
      }
      function hasEnded(): boolean {
        return child.exitCode !== null || child.signalCode !== null;
      }
      // Most of the time that is the first sign of its end.
      function close(what: string): void {
        open.delete(worker);
        setTimeout(() => {
          if (!left && !hasEnded()) tell({ is: 'deafened', worker, why: `it has closed its standard ${what}` });
        }, eventLastWordsMs).unref();
      }

      open.set(worker, stdin);
      tell({ is: 'joined', worker, program });
      stdin.on('error', () => close('input')); // EPIPE: it does not read any more
      stdout.on('error', () => stdout.destroy()); // as an end
      stdout.on('data', (chunk: Buffer) => {
        talk.write(chunk);
        pace.count(chunk.length);
        if (!left) tell({ is: 'said', worker, bytes: chunk.toString('latin1') });
      });
      stdout.once('close', () => {
        close('output');
        if (hasEnded()) leave();
      });
      child.once('exit', () => {
        open.delete(worker);
        // What it said before is read first, but its children may hold the pipe.
        if (stdout.destroyed) leave();
        else setTimeout(leave, eventLastWordsMs).unref();
      });
    },

    send(worker, text) {
      const stdin = open.get(worker);
      if (stdin === undefined || !stdin.writable) return false;
      stdin.write(text);
      return true;
    },
  };
}

/** Who says more than it may in a second waits in write(2), and so costs the supervisor a bounded part of its time. */
class Pace {
  readonly #stream: NonNullable<ChildProcess['stdout']>;
  #bytes = 0;
  #since = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NonNullable<ChildProcess['stdout']>) {
    this.#stream = stream;
  }

  count(bytes: number): void {
    const now = performance.now();
    if (now - this.#since > 1_000) [this.#since, this.#bytes] = [now, 0];
    this.#bytes += bytes;
    if (this.#bytes < eventTalkBytesMax || this.#timer !== undefined) return;
    this.#stream.pause();
    this.#timer = setTimeout(() => this.end(), 1_000 - (now - this.#since)).unref();
  }

  /** What waits is read now. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stream.resume();
  }
}
