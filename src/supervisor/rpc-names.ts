import { resolveName, slotName } from './names.ts';
import type { Program, Supervisor } from './supervisor.ts';

/**
 * Names as supervisord's clients use them. A program is a group, as one with numprocs is; its slots are the group's processes, named
 * by their numbers: `web:0`. `web:*` and `web:` are the group. A bare `web` is the process where there is one slot, so that scripts
 * written for a program without numprocs go on; else it is the group as well.
 */
export type RpcTarget =
  | { readonly is: 'process'; readonly program: Program; readonly slot: number }
  | { readonly is: 'group'; readonly program: Program; readonly bare: boolean };

export function rpcTarget(supervisor: Supervisor, name: string): RpcTarget | undefined {
  const named = resolveName(name, supervisor.programs);
  if (name === 'all' || named.is === 'unknown') return undefined;
  if (named.is === 'one') return { is: 'process', program: named.program, slot: named.slot };
  const [target] = named.targets;
  if (target === undefined) return undefined;
  const { program, slots } = target;
  const [only, ...others] = slots;
  const bare = !name.includes(':');
  if (bare && only !== undefined && others.length === 0) return { is: 'process', program, slot: only };
  return { is: 'group', program, bare };
}

/** A group by its own name, as the methods for groups take it: `web`, and nothing else. */
export function rpcGroup(supervisor: Supervisor, name: string): Program | undefined {
  return supervisor.programs.get(name);
}

/** In the order in which they start. */
export function byPriority(supervisor: Supervisor): readonly Program[] {
  return [...supervisor.programs.values()].toSorted((one, other) => one.config.priority - other.config.priority);
}

export function namesIn({ config, fleet }: Program): readonly string[] {
  return fleet.slots.map(({ index }) => slotName(config.name, index));
}
