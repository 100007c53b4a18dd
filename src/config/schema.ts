import { mapOf, type Parsed, section } from './option.ts';
import { programSchema } from './program-schema.ts';
import { supervisorSchema } from './supervisor-schema.ts';

/**
 * The whole file, and the types that the rest of portherd works with: resolved (see resolve.ts), durations in milliseconds, paths
 * absolute, or auto, none and inherit for logs.
 */
export const configSchema = section('portherd’s configuration.', {
  supervisor: supervisorSchema,
  programs: mapOf(programSchema, 'The servers to run, by name.', 'a map of names to programs'),
});

/** As parsed, before a file's directory and the machine's cores are known. */
export type WrittenConfig = Parsed<typeof configSchema>;
export type WrittenProgram = Parsed<typeof programSchema>;

export type ProgramConfig = Frozen<Omit<WrittenProgram, 'workers' | 'listen'>> & {
  readonly name: string;
  /** 1 to 512. */
  readonly workers: number;
  readonly listen: readonly ListenConfig[];
};

export type ListenConfig = Frozen<Omit<WrittenProgram['listen'][number], 'name'>> & { readonly name: string };

export type SupervisorConfig = Frozen<Parsed<typeof supervisorSchema>>;

export interface Config {
  /** As the loader was told; undefined under `portherd serve`. */
  readonly file: string | undefined;
  readonly supervisor: SupervisorConfig;
  readonly programs: readonly ProgramConfig[];
}

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;
