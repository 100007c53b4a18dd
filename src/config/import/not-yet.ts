import { none } from './outcome.ts';

/** What other supervisors have and portherd does not have yet: the one place to look at when it gets an option. */
export const notYet = {
  memoryLimit: none('portherd limits no memory yet', '--max-old-space-size in the command, or MemoryHigh= in a unit'),
} as const;

/** %(ENV_X)s where portherd expands nothing. */
export const nothingExpanded = {
  known: (names: readonly string[]): string =>
    `$${names.join(', $')} as it was at the import: nothing is expanded here`,
  unknown: (names: readonly string[]): string => `write what $${names.join(', $')} is: it was not set at the import`,
} as const;
