import { fstatSync } from 'node:fs';
import type { ListenConfig, ProgramConfig } from '../config/schema.ts';
import { assert } from '../shared/assert.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Listeners, SlotListener } from '../supervisor/ports.ts';
import { bindSocket } from './bound-socket.ts';
import type { Libc } from './libc.ts';
import { flushQueue, readQueue } from './accept-queue.ts';
import { checkPortFree } from './port-free.ts';
import { portFailure } from './port-holder.ts';
import { describeEndpoint } from './tcp-row.ts';
import type { TcpTable } from './tcp-table.ts';

/** What of a program matters here. */
export type ProgramPorts = Pick<ProgramConfig, 'name' | 'bind' | 'listen'>;

/** A slot's socket as a member of its port's SO_REUSEPORT group. */
export interface GroupMember extends SlotListener {
  readonly slot: number;
  /** As configured; the kernel may have cut it. */
  readonly backlog: number;
}

/**
 * The slots' sockets: one per slot and port, bound and listening from `open` to `close`, whoever accepts on them.
 * Steers nothing and starts nothing.
 *
 *   open   appends to the kernel's group in slot order: TCP sockets join at listen(2) (socket(7), SO_ATTACH_REUSEPORT_CBPF)
 *   close  gives up our reference; the last member of the group moves into the hole (net/core/sock_reuseport.c,
 *          __reuseport_detach_sock), so the highest slot goes first
 */
export interface SlotListeners extends Listeners {
  open(program: ProgramPorts, slots: readonly number[]): Result<undefined>;
  /** Per port, the members in the kernel's order; empty when nothing is open. */
  groups(program: string): readonly (readonly GroupMember[])[];
  /** Every open socket of every program. */
  all(): readonly GroupMember[];
}

export function createListeners(libc: () => Result<Libc>, table: TcpTable): SlotListeners {
  const programs = new Map<string, GroupMember[][]>();
  /** Asked for each slot ten times a second: a slot's number is its place, but for a moment while sockets are closed. */
  const members = (program: string, slot: number): readonly GroupMember[] =>
    (programs.get(program) ?? []).flatMap((group) => {
      const placed = group[slot];
      return placed?.slot === slot ? [placed] : group.filter((member) => member.slot === slot);
    });

  /** Only sockets opened through it are ever worked on. */
  function native(): Libc {
    const loaded = libc();
    assert(loaded.ok, 'a socket without libc');
    return loaded.value;
  }

  return {
    open(program, slots) {
      if (program.bind === 'worker' || slots.length === 0) return ok();
      const loaded = libc();
      if (!loaded.ok) return loaded;
      const groups = programs.get(program.name) ?? program.listen.map((): GroupMember[] => []);
      assert(groups.length === program.listen.length, `${program.name} has other ports open`);
      const opened = openAll(
        loaded.value,
        table,
        program.listen,
        groups,
        slots.toSorted((left, right) => left - right),
      );
      if (!opened.ok) return opened;
      for (const [at, group] of groups.entries()) group.push(...(opened.value[at] ?? []));
      programs.set(program.name, groups);
      return ok();
    },

    close(program, slots) {
      const groups = programs.get(program) ?? [];
      for (const slot of slots.toSorted((left, right) => right - left)) {
        for (const group of groups) leave(native(), group, slot);
      }
      if (groups.every((group) => group.length === 0)) programs.delete(program);
    },

    restoreBacklog(program, slot) {
      for (const { fd, backlog } of members(program, slot)) must(native().listen(fd, backlog), 'listen again');
    },

    of: members,
    queues: (program, slot) => members(program, slot).map(({ fd }) => readQueue(native(), fd)),
    halfOpen(program) {
      const ports = new Set((programs.get(program) ?? []).flat().map(({ port }) => port));
      return [...ports].flatMap((port) =>
        table.halfOpen(port).map(({ local, remote }) => `${describeEndpoint(remote)}>${describeEndpoint(local)}`),
      );
    },
    flush: (program, slot) =>
      members(program, slot).reduce((count, { fd, backlog }) => count + flushQueue(native(), fd, backlog), 0),

    groups: (program) => programs.get(program) ?? [],
    all: () => [...programs.values()].flat(2),
  };
}

/** All or nothing: per port the new members, or the first failure with everything closed again. */
function openAll(
  libc: Libc,
  table: TcpTable,
  listen: readonly ListenConfig[],
  present: readonly (readonly GroupMember[])[],
  slots: readonly number[],
): Result<readonly (readonly GroupMember[])[]> {
  const groups: GroupMember[][] = listen.map(() => []);
  for (const [at, config] of listen.entries()) {
    const free = present[at]?.length === 0 ? checkPortFree(libc, table, config.host, config.port) : ok();
    let failed = free.ok ? undefined : free;
    for (const slot of slots) {
      assert(!present[at]?.some((member) => member.slot === slot), `slot ${slot} is open already`);
      if (failed !== undefined) break;
      const opened = openOne(libc, table, config, slot);
      if (opened.ok) groups[at]?.push(opened.value);
      else failed = opened;
    }
    if (failed === undefined) continue;
    for (const { fd } of groups.flat()) libc.close(fd);
    return failed;
  }
  return ok(groups);
}

function openOne(libc: Libc, table: TcpTable, config: ListenConfig, slot: number): Result<GroupMember> {
  const { name, port, backlog } = config;
  const bound = bindSocket(libc, config.host, port, true);
  if (!bound.ok) return err(portFailure(table, config.host, port, bound.error));
  const { fd, host } = bound.value;
  const listening = libc.listen(fd, backlog);
  if (listening.ok) return ok({ name, host, port, backlog, fd, inode: fstatSync(fd).ino, slot });
  libc.close(fd);
  return err(portFailure(table, host, port, listening.error));
}

function leave(libc: Libc, group: GroupMember[], slot: number): void {
  const at = group.findIndex((member) => member.slot === slot);
  const leaving = group[at];
  const last = group.at(-1);
  if (leaving === undefined || last === undefined) return;
  must(libc.close(leaving.fd), 'close');
  group[at] = last;
  group.pop();
}

/** These fail only when the descriptor is not the one that we think it is. */
function must(call: Result<number, string>, what: string): void {
  assert(call.ok, call.ok ? '' : `${what}: ${call.error}`);
}
