import type { ProgramStatus, SlotStatus } from '../protocol/control.ts';

/** The slots that `name` means: `all`, `web`, `web:`, `web:*` or `web:0`; undefined when there is no such thing. */
export function slotsNamed(programs: readonly ProgramStatus[], name: string): readonly SlotStatus[] | undefined {
  if (name === 'all') return programs.flatMap(({ slots }) => slots);
  const whole = programs.find((program) => program.name === programNamed(name));
  if (whole !== undefined) return whole.slots;
  const slot = programs.flatMap(({ slots }) => slots).find((its) => its.name === name);
  return slot && [slot];
}

/** `web:*` and `web:` are supervisorctl's words for the whole of `web`. */
export function programNamed(name: string): string {
  return name.replace(/:\*?$/, '');
}

/** Programs named on a command line; none when all are meant. */
export function programsNamed(words: readonly string[]): readonly string[] {
  return words.includes('all') ? [] : words.map(programNamed);
}

/** As supervisorctl says it: a name that ends with `:` or `:*` is a group. */
export function noSuchName(name: string): string {
  return isGroupName(name) ? `${programNamed(name)}: ERROR (no such group)` : `${name}: ERROR (no such process)`;
}

export function isGroupName(name: string): boolean {
  return /:\*?$/.test(name);
}
