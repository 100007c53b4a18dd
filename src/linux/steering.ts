import type { Sighting } from '../core/group-order.ts';
import type { Mechanism, SteeringInForce } from '../core/mechanism.ts';
import type { EbpfSteering } from '../core/sk-reuseport-program.ts';
import type { SteeringCompiler } from '../core/steering-program.ts';
import { failure } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Steering } from '../supervisor/ports-steering.ts';
import { createClassicSteering, detach } from './classic-steering.ts';
import { createEbpfSteering } from './ebpf-steering.ts';
import { lookAtGroup } from './group-look.ts';
import type { Libc } from './libc.ts';
import type { SlotListeners } from './listeners.ts';
import type { GroupMember } from './port-group.ts';
import type { Diversion, SteeringMechanism, SteeringOrder } from './steering-mechanism.ts';

/**
 * Tells the kernel which slot gets the next connection, for each port by the first mechanism that it takes, and remembers what is in
 * force. A BPF program belongs to the kernel's group: it stays when we die, and goes with the last socket.
 *
 * Nothing is done when nothing changed. What was refused is tried again at the next change; eBPF, which costs more to try,
 * after a pause. A program whose sockets are closed is forgotten: `apply` comes after `open`.
 * Errors: STEERING_REFUSED, FFI_UNAVAILABLE; the kernel's hash chooses then.
 */
export interface SlotSteering extends Steering {
  /** In force until disposed of. */
  divert(program: string, diversion: Diversion): Result<Disposable>;
  /** The program's sockets are closed, or some of them. */
  tidy(program: string): void;
}

/** The programs, which are core's. */
export interface SteeringPrograms {
  readonly classic: SteeringCompiler;
  readonly ebpf: EbpfSteering;
}

interface Wish extends SteeringOrder {
  readonly mechanisms: readonly Mechanism[];
  readonly diversions: Set<Diversion>;
}

interface Group {
  /** All that was put in force last, as text. Sockets are named by inode, so a group that was opened again is another one. */
  wanted?: string;
  inForce: SteeringInForce;
  /** When eBPF may be tried again, and how often it was refused in a row. */
  ebpf?: { readonly errno: string; readonly at: number; readonly times: number };
}

export function createSteering(
  libc: () => Result<Libc>,
  listeners: SlotListeners,
  programs: SteeringPrograms,
): SlotSteering {
  const wishes = new Map<string, Wish>();
  const groups = new Map<string, Group>();
  const looking = new Map<string, Promise<void>>();
  let mechanisms: Readonly<Record<Mechanism, SteeringMechanism>> | undefined;

  function native(loaded: Libc): Readonly<Record<Mechanism, SteeringMechanism>> {
    mechanisms ??= {
      cbpf: createClassicSteering(loaded, programs.classic),
      ebpf: createEbpfSteering(loaded, programs.ebpf),
    };
    return mechanisms;
  }

  function refresh(program: string): Result<undefined> {
    let answer: Result<undefined> = ok();
    for (const [at, group] of listeners.groups(program).entries()) {
      const done = steer(program, `${program}:${at}`, group);
      if (!done.ok) answer = done;
    }
    return answer;
  }

  function steer(program: string, key: string, members: readonly GroupMember[]): Result<undefined> {
    const [first] = members;
    const wish = wishes.get(program) ?? noWish();
    if (first === undefined) return ok();
    const group = groups.get(key) ?? { inForce: { by: 'hash', refusals: [] } };
    groups.set(key, group);
    const wanted = JSON.stringify([
      members.map(({ inode, slot, parked }) => [inode, slot, parked]),
      wish.weights,
      wish.by,
      wish.mechanisms,
      [...wish.diversions],
    ]);
    if (group.wanted === wanted && !isDue(group)) return ok();
    const loaded = libc();
    if (!loaded.ok) return loaded;
    group.inForce = put(loaded.value, program, key, group, members, wish);
    if (group.inForce.by !== 'hash' || wish.mechanisms.length === 0) {
      group.wanted = wanted;
      return ok();
    }
    delete group.wanted;
    const why = group.inForce.refusals.map(({ errno }) => errno).join(', ');
    return err(failure('STEERING_REFUSED', `the kernel refused steering for port ${first.port}: ${why}`));
  }

  function put(
    loaded: Libc,
    program: string,
    key: string,
    group: Group,
    members: readonly GroupMember[],
    wish: Wish,
  ): SteeringInForce {
    const refusals: { readonly mechanism: Mechanism; readonly errno: string }[] = [];
    const all = native(loaded);
    for (const mechanism of wish.mechanisms) {
      const paused = mechanism === 'ebpf' && group.ebpf !== undefined && group.ebpf.at > performance.now();
      const done: Result<undefined, string> = paused
        ? err(group.ebpf?.errno ?? '')
        : all[mechanism].steer(key, members, wish);
      if (done.ok) {
        if (mechanism === 'ebpf') delete group.ebpf;
        else all.ebpf.forget(key);
        return { by: mechanism, refusals };
      }
      refusals.push({ mechanism, errno: done.error });
      if (mechanism === 'ebpf' && !paused) pause(program, group, done.error);
    }
    all.ebpf.forget(key);
    const [first] = members;
    if (first !== undefined) detach(loaded, first.fd);
    return { by: 'hash', refusals };
  }

  /** The array of a program that was just replaced is free a moment later; anything else that is refused stays so for a while. */
  function pause(program: string, group: Group, errno: string): void {
    const times = (group.ebpf?.times ?? 0) + 1;
    const ms = errno === 'EBUSY' ? Math.min(busyMs.first * 2 ** (times - 1), busyMs.max) : refusedMs;
    group.ebpf = { errno, at: performance.now() + ms, times };
    if (errno === 'EBUSY') setTimeout(() => refresh(program), ms + 1).unref();
  }

  async function lookAtAll(program: string): Promise<readonly Sighting[]> {
    const loaded = libc();
    const sightings: Sighting[] = [];
    if (!loaded.ok) return sightings;
    for (const at of listeners.groups(program).keys()) sightings.push(...(await lookAt(loaded.value, program, at)));
    return sightings;
  }

  async function lookAt(loaded: Libc, program: string, at: number): Promise<readonly Sighting[]> {
    const key = `${program}:${at}`;
    const group = [...(listeners.groups(program)[at] ?? [])];
    const inodes = group.map(({ inode }) => inode).join();
    native(loaded).ebpf.repair(key, group);
    return lookAtGroup(loaded, {
      group,
      filter: (sourcePort) => programs.classic([], [{ sourcePort, index: 0 }]),
      divert: (diversion) =>
        groups.get(key)?.inForce.by === 'hash' ? divertOnly(loaded, key, group, diversion) : divert(program, diversion),
      isCurrent: () => (listeners.groups(program)[at] ?? []).map(({ inode }) => inode).join() === inodes,
      dropped: ({ inode }, count) => listeners.ignoreDrops(inode, count),
    });
  }

  /** While the hash chooses, for whatever reason: everything but the one connection is left to it. */
  function divertOnly(
    loaded: Libc,
    key: string,
    group: readonly GroupMember[],
    diversion: Diversion,
  ): Result<Disposable, string> {
    const only = { weights: [], by: 'weight', diversions: new Set([diversion]) } as const;
    const done = native(loaded).cbpf.steer(key, group, only);
    const undo = (): void => {
      if (groups.get(key)?.inForce.by === 'hash')
        native(loaded).cbpf.steer(key, group, { ...only, diversions: new Set() });
    };
    return done.ok ? ok({ [Symbol.dispose]: undo }) : done;
  }

  function divert(program: string, diversion: Diversion): Result<Disposable> {
    const wish = wishes.get(program) ?? noWish();
    wishes.set(program, wish);
    const { diversions } = wish;
    diversions.add(diversion);
    const undo = (): void => {
      diversions.delete(diversion);
      refresh(program); // refused: the rule stays, which harms nobody, and the next call tries again
    };
    const done = wish.mechanisms.length > 0 ? refresh(program) : err(failure('STEERING_REFUSED', 'steering is off'));
    if (done.ok) return ok({ [Symbol.dispose]: undo });
    diversions.delete(diversion);
    return done;
  }

  function inForceOf(program: string): SteeringInForce | undefined {
    const all = listeners.groups(program).flatMap((_, at) => groups.get(`${program}:${at}`)?.inForce ?? []);
    return all.toSorted((one, other) => rank[one.by] - rank[other.by])[0];
  }

  return {
    apply(program, weights, by = 'weight', mechanisms = noWish().mechanisms) {
      wishes.set(program, { ...(wishes.get(program) ?? noWish()), weights, by, mechanisms });
      return refresh(program);
    },
    inForce: inForceOf,
    dealt(program) {
      const counts = listeners.groups(program).map((_, at) => {
        const key = `${program}:${at}`;
        return groups.get(key)?.inForce.by === 'ebpf' ? mechanisms?.ebpf.dealt?.(key) : undefined;
      });
      if (counts.length === 0 || counts.includes(undefined)) return undefined;
      return (slot) => counts.reduce((sum, count) => sum + (count?.(slot) ?? 0), 0);
    },
    // Two looks at once would take each other's filter for somebody else's.
    async look(program) {
      const before = looking.get(program);
      const { promise, resolve } = Promise.withResolvers<void>();
      looking.set(program, promise);
      await before;
      try {
        return await lookAtAll(program);
      } finally {
        if (looking.get(program) === promise) looking.delete(program);
        resolve();
      }
    },
    divert,
    tidy(program) {
      const open = listeners.groups(program).length;
      if (open === 0) wishes.delete(program);
      for (const key of groups.keys()) {
        const at = Number(key.slice(key.lastIndexOf(':') + 1));
        if (key !== `${program}:${at}` || at < open) continue;
        groups.delete(key);
        mechanisms?.ebpf.forget(key);
      }
    },
  };
}

function isDue({ ebpf, inForce }: Group): boolean {
  return ebpf !== undefined && inForce.by !== 'ebpf' && ebpf.at <= performance.now();
}

function noWish(): Wish {
  return { weights: [], by: 'weight', mechanisms: ['cbpf'], diversions: new Set() };
}

const busyMs = { first: 25, max: 5_000 };
const refusedMs = 60_000;
const rank = { hash: 0, cbpf: 1, ebpf: 2 };
