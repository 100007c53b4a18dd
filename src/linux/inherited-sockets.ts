import { readdirSync, readlinkSync } from 'node:fs';
import type { ProcessRef } from '../supervisor/ports.ts';
import type { SavedSocket } from '../supervisor/ports-survival.ts';
import { inspectSocket, fits, type Given, type GivenSocket } from './given-sockets.ts';
import type { Libc } from './libc.ts';
import { isAlive } from './procfs.ts';

export interface Heritage {
  /** As they were saved, per port in the order of the kernel's group. */
  readonly sockets: readonly SavedSocket[];
  /** Descriptors of this process that may be some of them (from before an execve, or out of systemd's store). */
  readonly own: readonly number[];
  /** Processes that may hold the others. */
  readonly holders: readonly ProcessRef[];
}

export interface Inherited extends Given {
  /** Sockets that somebody holds whose descriptors we may not copy: pidfd_getfd(2) needs what ptrace(2) needs. */
  readonly outOfReach: readonly SavedSocket[];
}

/**
 * Descriptors of the sockets that a former supervisor opened, told by their inodes: out of our own, else copied from a worker
 * (pidfd_getfd(2)). A socket that nobody holds any more is closed, and the last one of its group has moved into its place
 * (net/core/sock_reuseport.c, __reuseport_detach_sock).
 */
export function inheritedSockets(libc: Libc, { sockets, own, holders }: Heritage): Inherited {
  const found = new Map<number, number>();
  const wanted = new Set(sockets.map(({ inode }) => inode));
  for (const fd of own) keep(inodeOf('self', fd), fd);
  const refused = new Set<number>();
  for (const holder of holders) {
    if (found.size === wanted.size) break;
    for (const [fd, inode] of socketsOf(holder.pid)) {
      if (!wanted.has(inode) || found.has(inode)) continue;
      const copied = copy(libc, holder, fd);
      if (copied === undefined && isAlive(holder)) refused.add(inode);
      keep(inode, copied);
    }
  }

  function keep(inode: number | undefined, fd: number | undefined): void {
    if (inode === undefined || fd === undefined || !wanted.has(inode) || found.has(inode)) return;
    libc.setCloseOnExec(fd, true);
    found.set(inode, fd);
  }

  return {
    take(program, listen) {
      const group = sockets.filter((socket) => socket.program === program && socket.name === listen.name);
      const order = orderNow(group, (socket) => found.has(socket.inode));
      return order.flatMap(({ inode, slot }): GivenSocket[] => {
        const fd = found.get(inode);
        if (fd === undefined) return [];
        const facts = inspectSocket(libc, fd);
        // Another socket by now would be a surprise; the pid and the inode have been checked.
        if (!facts.ok || facts.value.inode !== inode || !fits(libc, facts.value, listen)) return [];
        found.delete(inode);
        return [{ fd, inode, slot, kept: false }];
      });
    },
    inodes: () => new Set(found.keys()),
    outOfReach: sockets.filter(({ inode }) => refused.has(inode) && !found.has(inode)),
  };
}

/** The kernel's order, once those that nobody holds have closed; which of several went first is not known. */
export function orderNow<T>(before: readonly T[], isOpen: (one: T) => boolean): readonly T[] {
  const order = [...before];
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const one = order[at];
    const last = order.at(-1);
    if (one === undefined || last === undefined || isOpen(one)) continue;
    order[at] = last;
    order.pop();
  }
  return order;
}

function socketsOf(pid: number): readonly (readonly [number, number])[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = inodeOf(String(pid), Number(fd));
      return inode === undefined ? [] : [[Number(fd), inode] as const];
    });
  } catch {
    return []; // it ended
  }
}

function inodeOf(process: string, fd: number): number | undefined {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${process}/fd/${fd}`))?.[1];
    return inode === undefined ? undefined : Number(inode);
  } catch {
    return undefined; // closed meanwhile
  }
}

/** Undefined when it ended, or the kernel does not let us (another user, seccomp, Yama). */
function copy(libc: Libc, holder: ProcessRef, fd: number): number | undefined {
  const pidfd = libc.pidfdOpen(holder.pid);
  if (!pidfd.ok) return undefined;
  // Since the pidfd is open the pid can mean nobody else.
  const copied = isAlive(holder) ? libc.pidfdGetfd(pidfd.value, fd) : undefined;
  libc.close(pidfd.value);
  return copied?.ok === true ? copied.value : undefined;
}
