import { fstatSync } from 'node:fs';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Sighting } from '../core/group-order.ts';
import type { Instruction } from '../core/steering-program.ts';
import type { Result } from '../shared/result.ts';
import { readQueue } from './accept-queue.ts';
import { encodeClassic } from './classic-steering.ts';
import type { Libc } from './libc.ts';
import type { GroupMember } from './port-group.ts';
import { reachableAddress } from './probe-connection.ts';
import { decodeSockaddr, encodeSockaddr, parseIp } from './sockaddr.ts';
import type { Diversion } from './steering-mechanism.ts';

/**
 * Who gets a SYN that is meant for a slot, without anybody's application noticing. Each listener has a filter for the time of the look,
 * which drops connections of this machine to itself from one source port (SO_ATTACH_FILTER; needs no privilege), and what a filter
 * drops is counted in that listener's sk_drops (tcp_v4_rcv(), net/ipv4/tcp_ipv4.c; SO_MEMINFO). So the one whose count has risen is
 * the one that the kernel chose. The SYN is handled before connect(2) returns, unless the machine is busy.
 *
 * Answers nothing when a listener has a filter already, which is somebody's business, and when the group changes meanwhile. 4 slots take
 * 1 ms, and in between others get their turn.
 */
export interface Look {
  readonly group: readonly GroupMember[];
  /** Drops what comes from this port; keeps anything else. */
  readonly filter: (sourcePort: number) => readonly Instruction[] | undefined;
  readonly divert: (diversion: Diversion) => Result<Disposable, unknown>;
  /** No descriptor of the group has been closed since the look began: its number may be another file by now. */
  readonly isCurrent: () => boolean;
  /** So many drops of this socket were ours. */
  readonly dropped: (member: GroupMember, count: number) => void;
}

export async function lookAtGroup(libc: Libc, look: Look): Promise<readonly Sighting[]> {
  const [first] = look.group;
  const reserved = first === undefined ? undefined : reservePort(libc, first);
  if (reserved === undefined) return [];
  try {
    return await lookFrom(libc, look, reserved.port);
  } finally {
    libc.close(reserved.fd);
  }
}

async function lookFrom(libc: Libc, look: Look, sourcePort: number): Promise<readonly Sighting[]> {
  const { group, isCurrent } = look;
  const instructions = look.filter(sourcePort);
  if (instructions === undefined) return [];
  const filter = encodeClassic(instructions);
  if (group.some(({ fd }) => !isUnfiltered(libc, fd, instructions.length))) return [];
  const filtered = group.filter(({ fd }) => libc.attachFilter(fd, SO_ATTACH_FILTER, filter).ok);
  const sightings: Sighting[] = [];
  try {
    if (filtered.length < group.length) return [];
    for (const member of group) {
      if (member.parked) continue;
      const got = await send(libc, look, sourcePort, member);
      await setImmediate();
      if (!isCurrent()) return [];
      sightings.push({ port: member.port, slot: member.slot, got: got.map(({ slot }) => slot) });
      for (const one of got) look.dropped(one, 1);
      // It may yet arrive, and would then be taken for the next one.
      if (got.length === 0) break;
    }
    return sightings;
  } finally {
    // Also when others have left the group meanwhile: who keeps a filter turns a client away for ever.
    for (const member of filtered) if (isOpen(member)) detachFilter(libc, member.fd);
  }
}

/** The descriptor is still that socket's. */
function isOpen({ fd, inode }: GroupMember): boolean {
  try {
    return fstatSync(fd).ino === inode;
  } catch {
    return false; // EBADF
  }
}

function detachFilter(libc: Libc, fd: number): void {
  libc.setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, Buffer.alloc(4));
}

/** Nearly always the slot gets what is sent to it, at once; only if not, the others are watched too. */
async function send(libc: Libc, look: Look, sourcePort: number, to: GroupMember): Promise<readonly GroupMember[]> {
  using rule = divertTo(look, sourcePort, to);
  if (rule === undefined) return [];
  const got = await connectAndSee(libc, look, sourcePort, to, [to], 1);
  if (got.length > 0 || !look.isCurrent()) return got;
  return connectAndSee(libc, look, sourcePort, to, look.group, looksMax);
}

async function connectAndSee(
  libc: Libc,
  look: Look,
  sourcePort: number,
  to: GroupMember,
  watched: readonly GroupMember[],
  looks: number,
): Promise<readonly GroupMember[]> {
  const dropsOf = ({ fd }: GroupMember): number => readQueue(libc, fd).drops;
  const before = watched.map(dropsOf);
  const client = startConnect(libc, to, sourcePort);
  if (client === undefined) return [];
  try {
    for (let left = looks; ; left -= 1) {
      const got = watched.filter((member, at) => dropsOf(member) > (before[at] ?? 0));
      if (got.length > 0 || left <= 1) return got;
      await sleep(1);
      if (!look.isCurrent()) return [];
    }
  } finally {
    libc.close(client);
  }
}

function divertTo({ divert }: Look, sourcePort: number, { slot }: GroupMember): Disposable | undefined {
  const diverted = divert({ sourcePort, slot });
  return diverted.ok ? diverted.value : undefined;
}

/** A port that is free, and ours as long as the descriptor is open. */
function reservePort(libc: Libc, to: GroupMember): { readonly fd: number; readonly port: number } | undefined {
  const fd = bindClient(libc, to, 0);
  if (fd === undefined) return undefined;
  const address = Buffer.alloc(28);
  const named = libc.getsockname(fd, address);
  const port = named.ok ? decodeSockaddr(address)?.port : undefined;
  if (port !== undefined) return { fd, port };
  libc.close(fd);
  return undefined;
}

/** A descriptor to close. */
function startConnect(libc: Libc, to: GroupMember, sourcePort: number): number | undefined {
  const fd = bindClient(libc, to, sourcePort);
  const ip = parseIp(reachableAddress(to.host));
  if (fd === undefined || ip === undefined) return undefined;
  const begun = libc.connect(fd, encodeSockaddr(ip, to.port));
  if (begun.ok || begun.error === 'EINPROGRESS') return fd;
  libc.close(fd);
  return undefined;
}

function bindClient(libc: Libc, { host }: GroupMember, port: number): number | undefined {
  const ip = parseIp(reachableAddress(host));
  const opened = ip === undefined ? undefined : libc.socket(ip.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (ip === undefined || opened?.ok !== true) return undefined;
  const fd = opened.value;
  const one = Buffer.from([1, 0, 0, 0]);
  // The reserved port is bound by two: allowed as long as neither listens (inet_csk_bind_conflict()).
  if (libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one).ok && libc.bind(fd, encodeSockaddr(ip, port)).ok) return fd;
  libc.close(fd);
  return undefined;
}

/**
 * With no room for an answer the kernel tells how long a filter is (sk_get_filter(), net/core/filter.c); an eBPF filter is refused. One
 * of our length is ours, of a supervisor that was killed in its look, and goes.
 */
function isUnfiltered(libc: Libc, fd: number, ourLength: number): boolean {
  const length = libc.getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, Buffer.alloc(0));
  if (length.ok && length.value === ourLength) detachFilter(libc, fd);
  return length.ok && (length.value === 0 || length.value === ourLength);
}

const looksMax = 20;

/** Numbers of asm-generic (include/uapi/asm-generic/socket.h, linux/net.h). */
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ATTACH_FILTER = 26;
const SO_GET_FILTER = 26;
const SO_DETACH_FILTER = 27;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
