import { fstatSync } from 'node:fs';
import type { ListenConfig } from '../config/schema.ts';
import { assert } from '../shared/assert.ts';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { SlotListener } from '../supervisor/ports.ts';
import { bindSocket } from './bound-socket.ts';
import type { GivenSocket } from './given-sockets.ts';
import type { Libc } from './libc.ts';
import { checkPortFree } from './port-free.ts';
import { portFailure } from './port-holder.ts';
import { describeEndpoint } from './tcp-row.ts';
import type { TcpTable } from './tcp-table.ts';

/**
 * The sockets of one port, in the order of the kernel's SO_REUSEPORT group; steering counts on it. Steers nothing.
 *
 *   join   TCP sockets join the group at listen(2), behind the others (socket(7), SO_ATTACH_REUSEPORT_CBPF); given ones are
 *          in it, and listen(2) again sets their backlog only (inet_listen())
 *   leave  the last member moves into the hole (net/core/sock_reuseport.c, __reuseport_detach_sock)
 */
export interface GroupMember extends SlotListener {
  readonly slot: number;
  /** As configured; the kernel may have cut it. */
  readonly backlog: number;
  /** Somebody else holds it too, so it stays in the group although we close it: see given-sockets.ts. */
  readonly kept: boolean;
  /** In the group without being the socket of an open slot; its weight is 0. */
  readonly parked: boolean;
}

export type PortGroup = GroupMember[];

/** What is needed to open sockets. */
export interface Opener {
  readonly libc: Libc;
  readonly table: TcpTable;
}

/** Those given for a port that has none open yet. Slots without a number get the lowest that are free. */
export function seatGiven(given: readonly GivenSocket[], { name, host, port, backlog }: ListenConfig): PortGroup {
  const taken = new Set(given.map(({ slot }) => slot));
  let next = 0;
  const free = (): number => {
    while (taken.has(next)) next += 1;
    return next++;
  };
  return given.map(({ fd, inode, slot, kept }) => {
    return { name, host, port, backlog, fd, inode, slot: slot ?? free(), kept, parked: true };
  });
}

/** Opens these slots' sockets, ascending, and answers them. After an error the caller undoes it with `leaveAgain`. */
export function joinGroup(
  { libc, table }: Opener,
  group: PortGroup,
  config: ListenConfig,
  slots: readonly number[],
): Result<readonly GroupMember[]> {
  const own = new Set(group.map(({ inode }) => inode));
  const checked = group.every(({ parked }) => parked)
    ? checkPortFree(libc, table, config.host, config.port, own)
    : ok();
  if (!checked.ok) return checked;
  const opened: GroupMember[] = [];
  for (const slot of slots) {
    const one = openSlot({ libc, table }, group, config, slot);
    if (!one.ok) return one;
    opened.push(one.value);
  }
  return ok(opened);
}

/** Parks what is kept; closes our reference to anything else, and answers that it did. */
export function leaveGroup(libc: Libc, group: PortGroup, slot: number): GroupMember | undefined {
  const at = group.findIndex((member) => member.slot === slot);
  const leaving = group[at];
  const last = group.at(-1);
  if (leaving === undefined || last === undefined) return undefined;
  if (leaving.kept) {
    group[at] = { ...leaving, parked: true };
    return undefined;
  }
  must(libc.close(leaving.fd), 'close');
  group[at] = last;
  group.pop();
  return leaving;
}

/** The new ones are the last of the group; those that were there are as they were. */
export function leaveAgain(libc: Libc, group: PortGroup, before: readonly GroupMember[]): void {
  for (const { fd } of group.slice(before.length).toReversed()) must(libc.close(fd), 'close');
  group.splice(0, group.length, ...before);
}

/** These fail only when the descriptor is not the one that we think it is. */
export function must(call: Result<number, string>, what: string): void {
  assert(call.ok, call.ok ? '' : `${what}: ${call.error}`);
}

function openSlot(opener: Opener, group: PortGroup, config: ListenConfig, slot: number): Result<GroupMember> {
  const { libc, table } = opener;
  const at = group.findIndex((member) => member.slot === slot);
  const present = group[at];
  assert(present?.parked !== false, `slot ${slot} is open already`);
  if (present === undefined) {
    const fresh = openSocket(opener, group, config, slot);
    if (fresh.ok) group.push(fresh.value);
    return fresh;
  }
  const listening = libc.listen(present.fd, config.backlog);
  if (!listening.ok) return err(portFailure(table, config.host, config.port, listening.error));
  const woken = { ...present, name: config.name, backlog: config.backlog, parked: false };
  group[at] = woken;
  return ok(woken);
}

function openSocket(
  { libc, table }: Opener,
  group: PortGroup,
  config: ListenConfig,
  slot: number,
): Result<GroupMember> {
  const { name, port, backlog } = config;
  const bound = bindSocket(libc, config.host, port, true);
  if (!bound.ok) {
    const beside = bound.error === 'EADDRINUSE' && group.some(({ kept }) => kept);
    return err(beside ? notBeside(config, group) : portFailure(table, config.host, port, bound.error));
  }
  const { fd, host } = bound.value;
  const listening = libc.listen(fd, backlog);
  if (listening.ok)
    return ok({ name, host, port, backlog, fd, inode: fstatSync(fd).ino, slot, kept: false, parked: false });
  libc.close(fd);
  return err(portFailure(table, host, port, listening.error));
}

/** The kernel lets sockets of one uid only into a group (inet_csk_get_port(), sk_reuseport_match()). */
function notBeside({ host, port }: ListenConfig, group: PortGroup): ReturnType<typeof failure> {
  const given = group.filter(({ kept }) => kept).length;
  return failure(
    'PORT_IN_USE',
    `${describeEndpoint({ address: host, port })}: the socket unit gave ${given}, and none of this user may join them`,
    'Give the socket unit a ListenStream= line for each worker, or let portherd open them all.',
  );
}
