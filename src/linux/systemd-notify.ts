import type { Result } from '../shared/result.ts';
import { notifyBacklogMax } from '../shared/limits.ts';
import type { Log } from '../supervisor/ports.ts';
import type { Libc } from './libc.ts';
import type { Environment } from './worker-env.ts';

/**
 * sd_notify(3): datagrams of KEY=value lines to the service manager, sent by this process itself, so that NotifyAccess=main
 * is enough. Says nothing by itself; what there is to say is core/notices.ts.
 *
 * Never waits and never fails: what the manager has no room for now is sent in order as soon as it has. Without a manager
 * nothing happens; one that cannot be reached is told of once, until it can be again.
 */
export interface Notifier {
  /** False without $NOTIFY_SOCKET, or with one that cannot be meant. */
  readonly present: boolean;
  /** One datagram; copies of these descriptors go with it. */
  send(lines: readonly string[], descriptors?: readonly number[]): void;
  /** What waited and can go now goes; the rest is given up. */
  close(): void;
}

export function createNotifier(env: Environment, libc: () => Result<Libc>, log: Log): Notifier {
  const path = env['NOTIFY_SOCKET'] ?? '';
  if (path === '') return nobody;
  const address = notifyAddress(path);
  if (address === undefined) {
    log.warn(
      { event: 'notifyUseless', socket: path },
      'NOTIFY_SOCKET is no address that we know; systemd is told nothing',
    );
    return nobody;
  }
  const loaded = libc();
  if (!loaded.ok) {
    const { message } = loaded.error;
    log.warn({ event: 'notifyUseless', socket: path, why: message }, 'systemd cannot be told anything without libc');
    return nobody;
  }
  return new Outbox(loaded.value, address, (why) =>
    log.warn({ event: 'notifyFailed', socket: path, why }, 'the service manager does not hear what portherd tells it'),
  );
}

/** `struct sockaddr_un` of a path or an abstract `@name` (unix(7)); undefined for anything else, such as `vsock:`. */
export function notifyAddress(socket: string): Uint8Array | undefined {
  const name = Buffer.from(socket);
  if (name.length > pathBytesMax || name.length < 2) return undefined;
  if (socket.startsWith('@')) return Buffer.concat([family, Buffer.from([0]), name.subarray(1)]);
  return socket.startsWith('/') ? Buffer.concat([family, name, Buffer.from([0])]) : undefined;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const family = Buffer.from([AF_UNIX, 0]); // sa_family_t in host order: see sockaddr.ts
/** sun_path has 108 bytes, the last one is 0. */
const pathBytesMax = 107;
/** The manager reads its socket between two other things; it is never this slow for long. */
const retryMs = 20;
/** The receiver's queue is full, or too many descriptors are on their way (unix(7)). */
const passing: readonly string[] = ['EAGAIN', 'ENOBUFS', 'ENOMEM', 'ETOOMANYREFS'];

const nobody: Notifier = { present: false, send: () => undefined, close: () => undefined };

interface Letter {
  readonly bytes: Uint8Array;
  /** Copies of our own: the original may be closed while the letter waits. */
  readonly descriptors: readonly number[];
}

class Outbox implements Notifier {
  readonly present = true;
  readonly #libc: Libc;
  readonly #address: Uint8Array;
  readonly #complain: (why: string) => void;
  #waiting: Letter[] = [];
  #socket: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #silent = false;

  constructor(libc: Libc, address: Uint8Array, complain: (why: string) => void) {
    this.#libc = libc;
    this.#address = address;
    this.#complain = complain;
  }

  send(lines: readonly string[], descriptors: readonly number[] = []): void {
    if (this.#waiting.length >= notifyBacklogMax) return this.#failed(`${notifyBacklogMax} messages wait`);
    const copies = descriptors.flatMap((fd) => {
      const copy = this.#libc.duplicate(fd);
      return copy.ok ? [copy.value] : [];
    });
    if (copies.length < descriptors.length) this.#failed('no descriptor is left for a copy');
    else this.#waiting.push({ bytes: Buffer.from(lines.join('\n')), descriptors: copies });
    this.#flush();
  }

  close(): void {
    this.#flush();
    clearTimeout(this.#timer);
    for (const letter of this.#waiting) this.#forget(letter);
    this.#waiting = [];
    if (this.#socket !== undefined) this.#libc.close(this.#socket);
    this.#socket = undefined;
  }

  #flush(): void {
    for (let [letter] = this.#waiting; letter !== undefined; [letter] = this.#waiting) {
      const error = this.#post(letter);
      if (error !== undefined && passing.includes(error)) return this.#later();
      this.#waiting.shift();
      this.#forget(letter);
      if (error === undefined) this.#silent = false;
      else this.#failed(error);
    }
  }

  /** Answers the errno's name. */
  #post({ bytes, descriptors }: Letter): string | undefined {
    if (this.#socket === undefined) {
      const opened = this.#libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (!opened.ok) return opened.error;
      this.#socket = opened.value;
    }
    const sent = this.#libc.sendTo(this.#socket, this.#address, bytes, descriptors);
    return sent.ok ? undefined : sent.error;
  }

  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, retryMs).unref();
  }

  #forget({ descriptors }: Letter): void {
    for (const fd of descriptors) this.#libc.close(fd);
  }

  #failed(why: string): void {
    if (!this.#silent) this.#complain(why);
    this.#silent = true;
  }
}
