import type { Outcome } from './outcome.ts';
import type { PortsTaken } from './ports.ts';

/** What a rule for an option of a PM2 app may look at besides that option. */
export interface AppView {
  /** The program's, here. */
  readonly name: string;
  /** By PM2's own name for it, whatever alias was written. Undefined: not written. */
  readonly get: (option: string) => unknown;
  /** env, with the one that was asked for on top, all as text. */
  readonly environment: Readonly<Record<string, string>>;
  /** `auto` is all cores. */
  readonly workers: number | 'auto';
  /** Each process differs, so each became a program of its own. */
  readonly apart: boolean;
  readonly ports: PortsTaken;
  /** --env */
  readonly chosen: string | undefined;
  readonly home: string | undefined;
  /** Absolute; undefined when the YAML will lie beside the file, so that relative paths stay right. */
  readonly base: string | undefined;
}

export interface AppRule {
  /** Other names for it, besides the one in camelCase. */
  readonly aliases?: readonly string[];
  /** What PM2 does without it, where portherd's default is another. It is applied without a note. */
  readonly absent?: unknown;
  readonly read: (value: unknown, view: AppView) => Outcome;
}

/** Every name of an option, to the table's. */
export function canonicalNames(rules: Readonly<Record<string, AppRule>>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [name, { aliases = [] }] of Object.entries(rules)) {
    for (const one of [name, camelCase(name), ...aliases]) names.set(one, name);
  }
  return names;
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
}
