import type { ListenConfig, ProgramConfig } from '../config/schema.ts';
import { assert } from '../shared/assert.ts';
import { ok, type Result } from '../shared/result.ts';
import type { Listeners } from '../supervisor/ports.ts';
import { flushQueue, isListening, readQueue } from './accept-queue.ts';
import { type Given, nothingGiven } from './given-sockets.ts';
import type { Libc } from './libc.ts';
import { type GroupMember, joinGroup, leaveAgain, leaveGroup, must, type PortGroup, seatGiven } from './port-group.ts';
import { describeEndpoint } from './tcp-row.ts';
import type { TcpTable } from './tcp-table.ts';

/** What of a program matters here. */
export type ProgramPorts = Pick<ProgramConfig, 'name' | 'bind' | 'listen'>;

/** Hears of every slot socket that lives through us alone: opened or adopted, then closed. */
export interface SocketWatch {
  opened(program: string, socket: GroupMember): void;
  closed(program: string, socket: GroupMember): void;
}

/**
 * The slots' sockets: one per slot and port, bound and listening from `open` to `close`, whoever accepts on them.
 * Steers nothing and starts nothing.
 *
 *   open   takes what was given for a port that has none open, then appends to the kernel's group in slot order
 *   close  gives up our reference, the highest slot first, so that nobody changes places
 *
 * Sockets of a socket unit never leave the kernel's group: without a slot they are parked in it, and when the program has
 * no open slot any more they are set aside for whoever opens that port next.
 */
export interface SlotListeners extends Listeners {
  open(program: ProgramPorts, slots: readonly number[]): Result<undefined>;
  /** Per port, the members in the kernel's order; empty when nothing is open. */
  groups(program: string): readonly (readonly GroupMember[])[];
  /** Every open socket of every program, parked ones included. */
  all(): readonly GroupMember[];
  /** So many more of this socket's drops were our own doing: `queues` does not count them. */
  ignoreDrops(inode: number, count: number): void;
  /** Inodes of those that are given or set aside: they hold ports for us without a slot. */
  unused(): ReadonlySet<number>;
}

export function createListeners(
  libc: () => Result<Libc>,
  table: TcpTable,
  given: Given = nothingGiven,
  watch?: SocketWatch,
): SlotListeners {
  const programs = new Map<string, PortGroup[]>();
  const setAside = new Map<string, PortGroup>();
  const ignored = new Map<number, number>();
  /** Asked for each slot ten times a second: a slot's number is its place, but for a moment while sockets are closed. */
  const members = (program: string, slot: number): readonly GroupMember[] =>
    (programs.get(program) ?? []).flatMap((group) => {
      const placed = group[slot];
      if (placed?.slot === slot && !placed.parked) return [placed];
      return group.filter((member) => member.slot === slot && !member.parked);
    });

  /** Only sockets opened through it are ever worked on. */
  function native(): Libc {
    const loaded = libc();
    assert(loaded.ok, 'a socket without libc');
    return loaded.value;
  }

  /** A port's group while none of its sockets is open: what is there without our doing. */
  function before(program: string, listen: ListenConfig): PortGroup {
    const place = placeOf(listen);
    const aside = setAside.get(place) ?? [];
    setAside.delete(place);
    return [...aside, ...seatGiven(given.take(program, listen), listen)];
  }

  /** A program without open sockets is forgotten; what somebody else keeps open is not. What was given for it stays its own. */
  function settle(program: string, groups: readonly PortGroup[]): void {
    if (groups.some((group) => group.some(({ kept, parked }) => !kept || !parked))) return;
    for (const group of groups) if (group[0] !== undefined) setAside.set(placeOf(group[0]), group);
    programs.delete(program);
  }

  return {
    open(program, slots) {
      if (program.bind === 'worker' || slots.length === 0) return ok();
      const loaded = libc();
      if (!loaded.ok) return loaded;
      const groups = programs.get(program.name) ?? program.listen.map((listen) => before(program.name, listen));
      assert(groups.length === program.listen.length, `${program.name} has other ports open`);
      programs.set(program.name, groups);
      const ascending = slots.toSorted((left, right) => left - right);
      const opened = openAll({ libc: loaded.value, table }, groups, program.listen, ascending);
      if (!opened.ok) {
        settle(program.name, groups);
        return opened;
      }
      for (const socket of opened.value) if (!socket.kept) watch?.opened(program.name, socket);
      return ok();
    },

    close(program, slots) {
      const groups = programs.get(program) ?? [];
      const close = (group: PortGroup, slot: number): void => {
        const closed = leaveGroup(native(), group, slot);
        if (closed === undefined) return;
        ignored.delete(closed.inode);
        watch?.closed(program, closed);
      };
      for (const slot of slots.toSorted((left, right) => right - left)) {
        for (const group of groups) close(group, slot);
      }
      if (groups.some((group) => group.some(({ parked }) => !parked))) return;
      for (const group of groups) for (const { slot, kept } of group.toReversed()) if (!kept) close(group, slot);
      settle(program, groups);
    },

    restoreBacklog(program, slot) {
      const sockets = members(program, slot);
      const stopped = sockets.some(({ fd }) => !isListening(native(), fd));
      for (const { fd, backlog } of sockets) must(native().listen(fd, backlog), 'listen again');
      return stopped;
    },

    of: members,
    queues: (program, slot) =>
      members(program, slot).map(({ fd, inode }) => {
        const { drops, ...queue } = readQueue(native(), fd);
        return { ...queue, drops: drops - (ignored.get(inode) ?? 0) };
      }),
    halfOpen(program) {
      const ports = new Set((programs.get(program) ?? []).flat().map(({ port }) => port));
      return [...ports].flatMap((port) =>
        table.halfOpen(port).map(({ local, remote }) => `${describeEndpoint(remote)}>${describeEndpoint(local)}`),
      );
    },
    flush: (program, slot) =>
      members(program, slot).reduce((count, { fd, backlog }) => count + flushQueue(native(), fd, backlog), 0),

    own: (program) => (programs.get(program) ?? []).flat().filter(({ kept }) => !kept),
    groups: (program) => programs.get(program) ?? [],
    ignoreDrops: (inode, count) => void ignored.set(inode, (ignored.get(inode) ?? 0) + count),
    all: () => [...programs.values()].flat(2),
    unused: () => new Set([...given.inodes(), ...[...setAside.values()].flat().map(({ inode }) => inode)]),
  };
}

function placeOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host} ${port}`;
}

/** All or nothing, over all ports. */
function openAll(
  opener: Parameters<typeof joinGroup>[0],
  groups: readonly PortGroup[],
  listen: readonly ListenConfig[],
  slots: readonly number[],
): Result<readonly GroupMember[]> {
  const before = groups.map((group) => [...group]);
  const opened: GroupMember[] = [];
  for (const [at, config] of listen.entries()) {
    const group = groups[at];
    assert(group !== undefined, `no group for ${config.name}`);
    const joined = joinGroup(opener, group, config, slots);
    if (joined.ok) opened.push(...joined.value);
    else {
      for (const [earlier, undone] of groups.entries()) leaveAgain(opener.libc, undone, before[earlier] ?? []);
      return joined;
    }
  }
  return ok(opened);
}
