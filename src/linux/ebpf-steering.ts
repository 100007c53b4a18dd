import type { EbpfSteering, MapDescriptors } from '../core/sk-reuseport-program.ts';
import { diversionsMax, slotsMax } from '../shared/limits.ts';
import { ok, type Result } from '../shared/result.ts';
import { type Bpf, createBpf } from './bpf.ts';
import type { Libc } from './libc.ts';
import type { GroupMember } from './port-group.ts';
import type { SteeringMechanism, SteeringOrder } from './steering-mechanism.ts';

const SOL_SOCKET = 1;
const SO_ATTACH_REUSEPORT_EBPF = 52;
const SO_COOKIE = 57;

/**
 * By a sk_reuseport program, loaded once per port; what changes is in its maps. It answers with a socket, so the kernel's order does not
 * matter, and what a listener leaves behind when it closes goes to another one. Needs CAP_BPF, or root, and Linux 5.14.
 *
 * A socket can be in one array only (EBUSY, kernel/bpf/reuseport_array.c): after a supervisor died, its program must have been replaced
 * (by a classic one) before ours can be filled; the kernel frees the old array 10 to 25 ms after that (measured).
 */
export function createEbpfSteering(
  libc: Libc,
  { program, table, tableBytes, dealtBytes }: EbpfSteering,
): SteeringMechanism {
  const bpf = createBpf(libc);
  const loaded = new Map<string, Loaded>();

  function load(): Result<Loaded, string> {
    const fds: number[] = [];
    const close = (): void => fds.forEach((fd) => libc.close(fd));
    const steps = [
      () => bpf.createMap('reuseportSocketArray', 4, 8, slotsMax),
      () => bpf.createMap('hash', 4, 4, diversionsMax),
      () => bpf.createMap('array', 4, tableBytes, 1),
      () => bpf.createMap('array', 4, 4, 1),
      () => bpf.createMap('array', 4, dealtBytes, 1),
      () => bpf.loadReuseport(program(mapsOf(fds))),
    ];
    for (const step of steps) {
      const done = step();
      if (!done.ok) {
        close();
        return done;
      }
      fds.push(done.value);
    }
    return ok({ ...mapsOf(fds), program: fds.at(-1) ?? -1, close, inodes: new Map(), diverted: new Map() });
  }

  function forget(key: string): void {
    loaded.get(key)?.close();
    loaded.delete(key);
  }

  return {
    steer(key, group, order) {
      const known = loaded.get(key);
      const ours = known === undefined ? load() : ok(known);
      if (!ours.ok) return ours;
      loaded.set(key, ours.value);
      const done = put(libc, bpf, ours.value, group, order, table(order.weights, order.by));
      if (!done.ok) forget(key);
      return done;
    },

    repair(key, group) {
      const ours = loaded.get(key);
      if (ours === undefined) return;
      for (const member of group) if (!isThere(libc, bpf, ours, member)) ours.inodes.delete(member.slot);
      fill(bpf, ours, group);
    },

    dealt(key) {
      const ours = loaded.get(key);
      const counts = Buffer.alloc(dealtBytes);
      if (ours === undefined || !bpf.lookup(ours.dealt, 0, counts).ok) return undefined;
      return (slot) => Number(counts.readBigUInt64LE(slot * 8));
    },

    forget,
  };
}

/** In the order in which they are created. */
function mapsOf([sockets = -1, probes = -1, table = -1, turns = -1, dealt = -1]: readonly number[]): MapDescriptors {
  return { sockets, probes, table, turns, dealt };
}

/** The maps of one port's program, and what is in them. */
interface Loaded extends MapDescriptors {
  readonly program: number;
  close(): void;
  /** Slot → inode. */
  readonly inodes: Map<number, number>;
  /** Source port → slot. */
  readonly diverted: Map<number, number>;
}

/** In an order in which each step is right by itself: nobody is chosen before his socket is there. */
function put(
  libc: Libc,
  bpf: Bpf,
  ours: Loaded,
  group: readonly GroupMember[],
  { diversions }: SteeringOrder,
  table: Uint8Array,
): Result<undefined, string> {
  const [first] = group;
  if (first === undefined) return ok();
  const filled = fill(bpf, ours, group);
  if (!filled.ok) return filled;
  const written = bpf.update(ours.table, 0, table);
  if (!written.ok) return written;
  const diverted = divert(bpf, ours, new Map([...diversions].toReversed().map((one) => [one.sourcePort, one.slot])));
  if (!diverted.ok || !filled.value) return diverted;
  // A group that was empty meanwhile has lost its program.
  const attached = libc.setsockopt(first.fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, int(ours.program));
  return attached.ok ? ok() : attached;
}

/** Answers whether anything changed. A socket that was closed has left the array by itself. */
function fill(bpf: Bpf, { sockets, inodes }: Loaded, group: readonly GroupMember[]): Result<boolean, string> {
  const members = new Map(group.filter(isSteerable).map((member) => [member.slot, member]));
  let changed = false;
  for (const slot of inodes.keys()) {
    if (members.has(slot)) continue;
    const removed = bpf.remove(sockets, slot);
    if (!removed.ok && removed.error !== 'ENOENT') return removed;
    inodes.delete(slot);
    changed = true;
  }
  for (const { slot, fd, inode } of members.values()) {
    if (inodes.get(slot) === inode) continue;
    const added = bpf.update(sockets, slot, long(fd));
    // Somebody has shut it down: nothing can be sent there, and the others need not suffer.
    if (!added.ok && added.error === 'EINVAL') continue;
    if (!added.ok) return added;
    inodes.set(slot, inode);
    changed = true;
  }
  return ok(changed);
}

function divert(
  bpf: Bpf,
  { probes, diverted }: Loaded,
  wanted: ReadonlyMap<number, number>,
): Result<undefined, string> {
  for (const port of diverted.keys()) {
    if (wanted.has(port)) continue;
    const removed = bpf.remove(probes, port);
    if (!removed.ok) return removed;
    diverted.delete(port);
  }
  for (const [port, slot] of wanted) {
    if (diverted.get(port) === slot) continue;
    const added = bpf.update(probes, port, int(slot));
    if (!added.ok) return added;
    diverted.set(port, slot);
  }
  return ok();
}

/** A parked socket is nobody's: see port-group.ts. */
function isSteerable({ slot, parked }: GroupMember): boolean {
  return !parked && slot < slotsMax;
}

/** An array answers with the cookie of the socket that it has. */
function isThere(libc: Libc, bpf: Bpf, { sockets }: Loaded, { slot, fd }: GroupMember): boolean {
  const found = Buffer.alloc(8);
  const cookie = Buffer.alloc(8);
  if (slot >= slotsMax || !bpf.lookup(sockets, slot, found).ok) return false;
  return libc.getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie).ok && found.equals(cookie);
}

function int(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function long(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value);
  return bytes;
}
