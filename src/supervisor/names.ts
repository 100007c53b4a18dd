import type { Program } from './supervisor.ts';

/** One name as an operator wrote it, and the slots it means. */
export type Named =
  | { readonly is: 'one'; readonly program: Program; readonly slot: number }
  | {
      readonly is: 'many';
      readonly targets: readonly { readonly program: Program; readonly slots: readonly number[] }[];
    }
  | { readonly is: 'unknown'; readonly name: string };

/** `web:0` is one slot; `web`, `web:`, `web:*` are all of web's; `all` is every slot of every program. */
export function resolveName(name: string, programs: ReadonlyMap<string, Program>): Named {
  if (name === 'all')
    return { is: 'many', targets: [...programs.values()].map((program) => ({ program, slots: slotsOf(program) })) };
  const whole = programs.get(programName(name));
  if (whole !== undefined) return { is: 'many', targets: [{ program: whole, slots: slotsOf(whole) }] };
  const [, group = '', digits = ''] = /^(.+):(0|[1-9]\d{0,3})$/.exec(name) ?? [];
  const program = programs.get(group);
  const slot = Number(digits);
  if (program === undefined || program.fleet.slots[slot] === undefined) return { is: 'unknown', name };
  return { is: 'one', program, slot };
}

/** `web:*` and `web:` are supervisorctl's words for the whole of `web`. */
export function programName(name: string): string {
  return name.replace(/:\*?$/, '');
}

export function slotName(program: string, slot: number): string {
  return `${program}:${slot}`;
}

function slotsOf({ fleet }: Program): readonly number[] {
  return fleet.slots.map(({ index }) => index);
}
