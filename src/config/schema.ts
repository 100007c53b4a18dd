import type { HookConfig } from './hook-config.ts';
import { hookSchema } from './hook-schema.ts';
import { listOf, path } from './kinds.ts';
import { mapOf, option, type Parsed, section, spareMapOf } from './option.ts';
import type { ResourceLimit } from './process-kinds.ts';
import { programSchema } from './program-schema.ts';
import { supervisorSchema } from './supervisor-schema.ts';

/**
 * The whole file, and the types that the rest of portherd works with: resolved (see resolve.ts), durations in milliseconds, paths
 * absolute, or auto, none and inherit for logs.
 */
export const includeSchema = option(listOf(path('a path or a pattern such as programs/*.yaml'), 0, 100), {
  doc: 'Files with more programs; paths in each are relative to it. They include nothing themselves.',
  change: 'live',
  default: [],
});

export const configSchema = section('portherd’s configuration.', {
  include: includeSchema,
  supervisor: supervisorSchema,
  hooks: spareMapOf(hookSchema, {
    doc: 'Whom to tell of events, by name.',
    expects: 'a map of names to hooks',
    sample: 'page',
  }),
  programs: mapOf(programSchema, {
    doc: 'The servers to run, by name.',
    expects: 'a map of names to programs',
    sample: 'web',
  }),
});

/** As parsed, before a file's directory and the machine's cores are known. */
export type WrittenConfig = Parsed<typeof configSchema>;
export type WrittenProgram = Parsed<typeof programSchema>;

/** What may be left out, and then is not there. */
type Spare = 'envFile' | 'user' | 'group' | 'umask' | 'nice';

export type ProgramConfig = Frozen<Omit<WrittenProgram, 'workers' | 'listen' | 'rlimits' | 'priority' | Spare>> & {
  readonly [K in Spare]?: WrittenProgram[K];
} & {
  readonly name: string;
  readonly rlimits: { readonly [K in keyof WrittenProgram['rlimits']]?: ResourceLimit | undefined };
  /** 1 to 512. */
  readonly workers: number;
  readonly priority: number;
  readonly listen: readonly ListenConfig[];
};

export type ListenConfig = Frozen<Omit<WrittenProgram['listen'][number], 'name'>> & { readonly name: string };

export type SupervisorConfig = Frozen<Parsed<typeof supervisorSchema>>;

export interface Config {
  /** As the loader was told; undefined under `portherd serve`. */
  readonly file: string | undefined;
  readonly supervisor: SupervisorConfig;
  /** In the order of the file. */
  readonly hooks: readonly HookConfig[];
  readonly programs: readonly ProgramConfig[];
}

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;
