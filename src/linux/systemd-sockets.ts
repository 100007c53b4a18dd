import { fstatSync } from 'node:fs';
import type { ProgramConfig } from '../config/schema.ts';
import type { Log } from '../supervisor/ports.ts';
import { fits, type Given, inspectSocket, type SocketFacts } from './given-sockets.ts';
import type { Libc } from './libc.ts';
import type { InheritedDescriptor } from './systemd-letters.ts';

/**
 * The sockets that systemd hands over at start, sd_listen_fds(3): those of socket units, and what an earlier supervisor gave
 * into its store (in no particular order: only names count). What is no slot's socket is named, closed and not used; systemd
 * has its own copy of a socket unit's, which stays open.
 */
export interface ReceivedSocket {
  /** Ours from now on, close-on-exec. */
  readonly fd: number;
  /** FileDescriptorName= of the socket unit, or what `storeName` made. */
  readonly name: string;
  readonly facts: SocketFacts;
}

export interface Received {
  readonly stored: readonly ReceivedSocket[];
  /** In the order of the unit's Listen lines, in which systemd made them listen. */
  readonly ofUnits: readonly ReceivedSocket[];
}

/** In systemd's store a slot's socket has this name: printable, without `:`, at most 152 characters (255 are allowed). */
export function storeName(program: string, slot: number, listen: string): string {
  return `${storePrefix}${program}.${slot}.${listen}`;
}

export type ListeningProgram = Pick<ProgramConfig, 'bind' | 'listen'>;

export function receiveSockets(letters: readonly InheritedDescriptor[], libc: Libc, log: Log): Received {
  const sockets = letters.flatMap(({ fd, name }) => {
    const facts = inspectSocket(libc, fd);
    if (facts.ok) {
      libc.setCloseOnExec(fd, true);
      return [{ fd, name, facts: facts.value }];
    }
    warn(log, { fd, name }, `it is ${facts.error}`);
    // A number that was never handed over is Node's own by now: an epoll or io_uring descriptor.
    if (isSocket(fd)) libc.close(fd);
    return [];
  });
  return { stored: sockets.filter(ofStore), ofUnits: sockets.filter((socket) => !ofStore(socket)) };
}

/** Those on which a program listens; others are named and closed. */
export function wantedBy(
  programs: readonly ListeningProgram[],
  ofUnits: readonly ReceivedSocket[],
  libc: Libc,
  log: Log,
): readonly ReceivedSocket[] {
  const wanted = programs.filter(({ bind }) => bind === 'slot').flatMap(({ listen }) => listen);
  return ofUnits.filter((socket) => {
    if (wanted.some((listen) => fits(libc, socket.facts, listen))) return true;
    const { host, port } = socket.facts;
    warn(log, socket, `no program with bind: slot listens on ${host} port ${port}`);
    libc.close(socket.fd);
    return false;
  });
}

export function givenByUnits(sockets: readonly ReceivedSocket[], libc: Libc): Given {
  let left = sockets;
  return {
    take(_program, listen) {
      const taken = left.filter(({ facts }) => fits(libc, facts, listen));
      left = left.filter((socket) => !taken.includes(socket));
      return taken.map(({ fd, facts }) => ({ fd, inode: facts.inode, slot: undefined, kept: true }));
    },
    inodes: () => new Set(left.map(({ facts }) => facts.inode)),
  };
}

const storePrefix = 'slot.';

function ofStore({ name }: ReceivedSocket): boolean {
  return name.startsWith(storePrefix);
}

function warn(log: Log, { fd, name }: Pick<ReceivedSocket, 'fd' | 'name'>, why: string): void {
  log.warn({ event: 'socketRefused', descriptor: fd, name, why }, 'a descriptor from systemd is not used');
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false; // EBADF
  }
}
