import { close, constants, open, write } from 'node:fs';
import { eventLogBacklogMax, eventLogEveryMs } from '../shared/limits.ts';
import type { Log } from '../supervisor/ports.ts';

/**
 * The log of what an event listener says to the supervisor: the one log that a worker cannot write by itself. Written in a thread, one
 * piece after the other; a disk that is slow or full costs lines of it, never the supervisor's time. Rotation works as on other logs,
 * because it appends.
 */
export class TalkLog {
  readonly #path: string;
  readonly #log: Pick<Log, 'warn'>;
  #fd: number | undefined;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #busy = false;
  #ended = false;
  #lost = 0;
  #toldAt = -Infinity;

  /** `path`: a file, `none` or `inherit`. */
  constructor(path: string, log: Pick<Log, 'warn'>) {
    this.#path = path;
    this.#log = log;
    if (path === 'inherit') this.#fd = 1;
  }

  write(bytes: Uint8Array): void {
    if (this.#path === 'none') return;
    if (this.#bytes + bytes.length > eventLogBacklogMax) return this.#lose(bytes.length, 'the disk is too slow');
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#next();
  }

  /** When all is written. */
  end(): void {
    this.#ended = true;
    this.#next();
  }

  #next(): void {
    if (this.#busy) return;
    const [first] = this.#waiting;
    if (first === undefined) return this.#close();
    this.#busy = true;
    if (this.#fd !== undefined) return this.#write(this.#fd, first);
    open(this.#path, appending, 0o640, (error, fd) => {
      this.#busy = false;
      if (error === null) this.#fd = fd;
      else this.#drop(error.message);
      this.#next();
    });
  }

  #write(fd: number, first: Uint8Array): void {
    write(fd, first, (error, written) => {
      this.#busy = false;
      if (error !== null) this.#drop(error.message);
      else {
        this.#bytes -= written;
        const rest = first.subarray(written);
        this.#waiting = rest.length === 0 ? this.#waiting.slice(1) : [rest, ...this.#waiting.slice(1)];
      }
      this.#next();
    });
  }

  #drop(why: string): void {
    const lost = this.#bytes;
    this.#waiting = [];
    this.#bytes = 0;
    this.#lose(lost, why);
  }

  #lose(bytes: number, why: string): void {
    this.#lost += bytes;
    const now = performance.now();
    if (now - this.#toldAt < eventLogEveryMs) return;
    this.#toldAt = now;
    const fields = { event: 'listenerLogLost', path: this.#path, bytes: this.#lost, why };
    this.#log.warn(fields, 'what a listener said is not in its log; it was heard all the same');
    this.#lost = 0;
  }

  #close(): void {
    const fd = this.#fd;
    if (!this.#ended || fd === undefined || this.#path === 'inherit') return;
    this.#fd = undefined;
    // Its error would be that of a write that was told as done (close(2)); nothing can be done about it.
    close(fd, (error) => error !== null && error !== undefined && this.#lose(0, error.message));
  }
}

/** As log-files.ts opens it for others: a FIFO without a reader is an error, not a thread that hangs. */
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
