import { differs, none, type Outcome } from './outcome.ts';

/** What other supervisors have and portherd does not have yet: the one place to look at when it gets an option. */
export const notYet = {
  user: (user: string): Outcome =>
    none('programs run as the daemon’s user yet', `run a portherd of its own as ${user} (User= of a unit)`),
  group: (group: string): Outcome =>
    none('programs run with the daemon’s group yet', `run a portherd of its own with it (Group=${group} of a unit)`),
  umask: (mode: string): Outcome => none('programs have the daemon’s umask yet', `UMask=${mode} in the daemon’s unit`),
  stopAsGroup: none(
    'the stop signal goes to the worker alone yet; SIGKILL does go to its group',
    'start it with exec, so that no shell stays in between',
  ),
  killOnlyWorker: differs({}, 'SIGKILL always goes to the whole process group'),
  stderrInAutoFile: differs({}, 'standard error has a file of its own beside that of standard output'),
  eventListener: none(
    'portherd has no event listeners yet',
    'portherd’s own log: a line of JSON for each state change',
  ),
  memoryLimit: none('portherd limits no memory yet', '--max-old-space-size in the command, or MemoryHigh= in a unit'),
} as const;

/** How %(ENV_X)s and the like end up in the YAML. */
export const nothingExpanded = {
  known: (names: readonly string[]): string =>
    `$${names.join(', $')} as it was at the import: portherd expands nothing`,
  unknown: (names: readonly string[]): string => `write what $${names.join(', $')} is: it was not set at the import`,
} as const;
