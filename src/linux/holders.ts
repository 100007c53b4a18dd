import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { commandLineCharsMax, descriptorsScannedMax } from '../shared/limits.ts';
import { allPids } from './procfs.ts';

/**
 * Which processes own these sockets, lowest pid first, from one pass over the links in /proc/PID/fd (proc_pid_fd(5)). Other users'
 * processes show theirs only to CAP_SYS_PTRACE; beyond `descriptorsScannedMax` it stops looking.
 */
export function ownersOf(inodes: ReadonlySet<number>): ReadonlyMap<number, readonly number[]> {
  const owners = new Map<number, readonly number[]>();
  let scanned = 0;
  for (const pid of allPids().toSorted((left, right) => left - right)) {
    const links = linksOf(pid);
    scanned += links.length;
    if (scanned > descriptorsScannedMax) break;
    for (const inode of new Set(links.map(inodeOf))) {
      if (inodes.has(inode)) owners.set(inode, [...(owners.get(inode) ?? []), pid]);
    }
  }
  return owners;
}

/** False also when the process is gone or its descriptors may not be seen. */
export function holdsSocket(pid: number, inode: number): boolean {
  return linksOf(pid).some((link) => inodeOf(link) === inode);
}

/** `node server.js`; `[name]` of a kernel thread or a zombie; empty when it is gone. */
export function commandLineOf(pid: number): string {
  const words = headOf(`/proc/${pid}/cmdline`).replace(/\0+$/, '').replaceAll('\0', ' ');
  if (words !== '') return words;
  const name = headOf(`/proc/${pid}/comm`).trimEnd();
  return name === '' ? '' : `[${name}]`;
}

/** -1 for what is no socket. */
function inodeOf(link: string): number {
  return Number(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? -1);
}

function linksOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  } catch {
    return []; // the process ended, or is another user's
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

/** A command line may be megabytes long; nobody reads them. */
function headOf(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(commandLineCharsMax);
      return head.toString('utf8', 0, readSync(fd, head));
    } finally {
      closeSync(fd);
    }
  } catch {
    return ''; // the process ended
  }
}
