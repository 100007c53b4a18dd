/**
 * Texts in which `%(slot)d` and its like stand for something, as in supervisord's options (Python's % operator). `%%` is a %; any other %
 * stands for itself. Pure.
 */
export interface PercentName {
  readonly name: string;
  /** The characters from % on. */
  readonly written: string;
}

/** `as` answers a text for a name; undefined leaves it as it is written. What `as` answers is put in as it is. */
export function replaceNames(text: string, as: (name: PercentName) => string | undefined): string {
  return text.replaceAll(form, (written: string, name?: string) =>
    name === undefined ? written : (as({ name, written }) ?? written),
  );
}

/** What a worker gets: program and slot put in, and `%%` for a % no more. */
export function forSlot(text: string, program: string, slot: number): string {
  return text.replaceAll(form, (written: string, name?: string, width = '') => {
    if (name === undefined) return '%';
    if (programNames.includes(name)) return program;
    return slotNames.includes(name) ? padded(slot, width) : written;
  });
}

/** So that it comes out of `forSlot` unchanged. */
export function escapePercent(text: string): string {
  return text.replaceAll('%', '%%');
}

export const programNames: readonly string[] = ['program_name', 'group_name', 'program'];
export const slotNames: readonly string[] = ['process_num', 'slot'];

const form = /%%|%\(([^()]*)\)(\d*)[sd]/g;

/** As Python's `%02d` and `%2d`. */
function padded(slot: number, width: string): string {
  return String(slot).padStart(Number(width), width.startsWith('0') ? '0' : ' ');
}
