import { readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { descriptorsScannedMax, tcpRowsMax } from '../shared/limits.ts';
import type { Result } from '../shared/result.ts';
import type { Census, CensusCount, CensusOrder, ProcessRef, SlotCount } from '../supervisor/ports.ts';
import { heldSockets } from './held-sockets.ts';
import type { Libc } from './libc.ts';
import { allPids, statOf } from './procfs.ts';
import { type TcpSocket, tcpState } from './tcp-row.ts';
import { Turns } from './turns.ts';

/**
 * The kernel's own count of connections, whatever language the workers are written in: its sockets of the programs' ports
 * (sock_diag) joined to the descriptors of the workers' process groups (/proc/PID/fd). A socket counts for the slot whose
 * process has a descriptor of it, once, in whatever state: from accept(2) to close(2), as a worker counts what it has open. One
 * without an inode is in an accept queue, and nobody's.
 *
 * Costs the daemon 4 ms of its time at 100 connections, 20 ms at 2,000 and 100 ms at 16,000 (4 workers, 40,000 more in
 * TIME_WAIT, 2 cores beside other work; reading the links is nine tenths of it), cut into turns of 4 ms, and ends at
 * `tcpRowsMax` sockets and `descriptorsScannedMax` descriptors. Without sock_diag /proc/net/tcp is read, at 7 µs a row.
 */
export function createCensus(libc: () => Result<Libc>): Census {
  return {
    async count(orders) {
      const turns = new Turns();
      const count = new Count();
      const native = libc();
      if (await listSockets(native, orders, count, turns)) {
        const groups = await processGroups(native, turns);
        for (const { program, slots } of orders) {
          for (const { slot, processes } of slots) {
            await scanSlot(placeOf(program, slot), processes, { groups, count, turns });
          }
        }
      }
      return count.result();
    },
  };
}

/** Sockets that nobody has been found to hold yet, and what has been found. */
class Count {
  readonly #unclaimed = new Map<number, TcpSocket>();
  readonly #slots = new Map<string, SlotCount>();
  #descriptors = 0;
  #incomplete: string | undefined;

  /** False when that is more than can be looked through. */
  list(sockets: readonly TcpSocket[]): boolean {
    for (const socket of sockets) if (socket.inode !== 0) this.#unclaimed.set(socket.inode, socket);
    if (this.#unclaimed.size <= tcpRowsMax) return true;
    this.#incomplete = `there are more than ${tcpRowsMax} connections`;
    return false;
  }

  begin(place: string): void {
    this.#slots.set(place, { kernel: 0, unaccepted: 0 });
  }

  hold(place: string, inode: number): void {
    const socket = this.#unclaimed.get(inode);
    const so = this.#slots.get(place);
    if (socket === undefined || so === undefined) return;
    this.#unclaimed.delete(inode); // other processes may share it
    const listens = socket.state === tcpState.listen;
    this.#slots.set(place, {
      kernel: so.kernel + (listens ? 0 : 1),
      unaccepted: so.unaccepted + (listens ? socket.receiveQueue : 0),
    });
  }

  /** False when that was too many. */
  scanned(descriptors: number): boolean {
    this.#descriptors += descriptors;
    return this.#descriptors <= descriptorsScannedMax;
  }

  /** A count that is known to be too small is none. */
  giveUp(place: string, why: string): void {
    this.#slots.delete(place);
    this.#incomplete ??= why;
  }

  result(): CensusCount {
    const slots = this.#slots;
    return {
      of: (program, slot) => slots.get(placeOf(program, slot)),
      descriptors: this.#descriptors,
      ...(this.#incomplete === undefined ? {} : { incomplete: this.#incomplete }),
    };
  }
}

function placeOf(program: string, slot: number): string {
  return `${program}:${slot}`;
}

/** False when there are too many. */
async function listSockets(
  libc: Result<Libc>,
  orders: readonly CensusOrder[],
  count: Count,
  turns: Turns,
): Promise<boolean> {
  const places = orders.flatMap((order) => order.places);
  for (const sockets of heldSockets(libc, places)) {
    if (!count.list(sockets)) return false;
    if (turns.due()) await turns.rest();
  }
  return true;
}

/** By their group, from one pass over /proc. */
async function processGroups(libc: Result<Libc>, turns: Turns): Promise<ReadonlyMap<number, readonly number[]>> {
  const groups = new Map<number, number[]>();
  for (const pid of allPids()) {
    const group = groupOf(libc, pid);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [pid]);
    else members.push(pid);
    if (turns.due()) await turns.rest();
  }
  return groups;
}

/** 0 of a process that has ended: nobody's group. */
function groupOf(libc: Result<Libc>, pid: number): number {
  if (!libc.ok) return statOf(pid)?.pgrp ?? 0;
  const group = libc.value.processGroup(pid);
  return group.ok ? group.value : 0;
}

interface Scan {
  readonly groups: ReadonlyMap<number, readonly number[]>;
  readonly count: Count;
  readonly turns: Turns;
}

async function scanSlot(place: string, processes: readonly ProcessRef[], scan: Scan): Promise<void> {
  const { groups, count, turns } = scan;
  count.begin(place);
  for (const { pid: leader, startTicks } of processes) {
    if (statOf(leader)?.startTicks !== startTicks) continue; // gone, and its pid may be another's
    for (const pid of groups.get(leader) ?? []) {
      const names = await descriptorsOf(pid, turns);
      if (names === undefined) return count.giveUp(place, `the descriptors of process ${pid} may not be seen`);
      if (!count.scanned(names.length)) return count.giveUp(place, `more than ${descriptorsScannedMax} descriptors`);
      for (const name of names) {
        const inode = socketInode(`/proc/${pid}/fd/${name}`);
        if (inode !== undefined) count.hold(place, inode);
        if (turns.due()) await turns.rest();
      }
    }
  }
}

/** None of a process that has ended; undefined when they are hidden from us. */
async function descriptorsOf(pid: number, turns: Turns): Promise<readonly string[] | undefined> {
  try {
    return await turns.idle(readdir(`/proc/${pid}/fd`)); // 18 ms for 16,000, in another thread
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EACCES' ? undefined : [];
  }
}

const socketPrefix = 'socket:[';

function socketInode(path: string): number | undefined {
  try {
    const link = readlinkSync(path);
    return link.startsWith(socketPrefix) ? Number(link.slice(socketPrefix.length, -1)) : undefined;
  } catch {
    return undefined; // closed meanwhile
  }
}
