import { type ChangeCost, dearest } from '../shared/change-cost.ts';
import { type OptionTree, treeOf } from './option.ts';
import { pathText } from './problems.ts';
import { programSchema } from './program-schema.ts';
import type { Config } from './schema.ts';
import { supervisorSchema } from './supervisor-schema.ts';

/** What a new config changes, and what it costs to apply. Decides nothing. */
export interface ConfigDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ProgramChange[];
  /** Keys under `supervisor:` that differ (`controlSocket.path`); they wait for a restart of the daemon. */
  readonly supervisor: readonly string[];
  readonly hooks: HookChanges;
}

/** Names. They cost nothing: hooks change as the daemon runs. */
export interface HookChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export interface ProgramChange {
  readonly name: string;
  /** The dearest of its keys'; it does not say that the cheaper ones are not needed too. */
  readonly cost: ChangeCost;
  /** `workers`, `stop.drainTimeout`, `listen` … in the schema's order. */
  readonly keys: readonly string[];
}

/** The order of programs in the file means nothing. */
export function diffConfig(old: Config, next: Config): ConfigDiff {
  const before = new Map(old.programs.map((program) => [program.name, program]));
  const names = new Set(next.programs.map((program) => program.name));
  return {
    added: [...names].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !names.has(name)),
    changed: next.programs.flatMap((program): ProgramChange[] => {
      const was = before.get(program.name);
      const changes = was === undefined ? [] : changesIn(treeOf(programSchema), was, program, []);
      if (changes.length === 0) return [];
      return [
        { name: program.name, cost: dearest(changes.map(({ cost }) => cost)), keys: changes.map(({ key }) => key) },
      ];
    }),
    supervisor: changesIn(treeOf(supervisorSchema), old.supervisor, next.supervisor, []).map(({ key }) => key),
    hooks: diffHooks(old.hooks, next.hooks),
  };
}

function diffHooks(old: Config['hooks'], next: Config['hooks']): HookChanges {
  const before = new Map(old.map((hook) => [hook.name, hook]));
  const names = next.map(({ name }) => name);
  return {
    added: names.filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !names.includes(name)),
    changed: next.filter((hook) => before.has(hook.name) && !same(before.get(hook.name), hook)).map(({ name }) => name),
  };
}

interface Change {
  readonly key: string;
  readonly cost: ChangeCost;
}

function changesIn(tree: OptionTree, old: unknown, next: unknown, path: readonly string[]): Change[] {
  if (tree.is === 'section') {
    return Object.entries(tree.keys).flatMap(([key, inner]) =>
      changesIn(inner, at(old, key), at(next, key), [...path, key]),
    );
  }
  if (same(old, next) || tree.is === 'map') return [];
  return [{ key: pathText(path), cost: tree.change }];
}

function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(at(a, key), at(b, key)))
  );
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
