import { type Imported, type Note } from '../../config/import/outcome.ts';
import { type Paint, printable } from '../screen.ts';
import { wrap } from './wrap.ts';

/** What became of each option: the counts, then those that differ and those that have no counterpart, each with its reason. */
export function importText(imported: Imported, columns: number, paint: Paint): string[] {
  const { file, kind, daemon, programs } = imported;
  const notes = [daemon, ...programs].flatMap((draft) => draft.notes);
  const count = (fate: Note['fate']): number => notes.filter((note) => note.fate === fate).length;
  const sum = `${count('mapped')} options mapped, ${count('approximated')} approximated, ${count('none')} without a counterpart`;
  const lines = [`${printable(file)} (${kind}): ${programs.length} program${programs.length === 1 ? '' : 's'}; ${sum}`];
  const differing = rowsOf(notes, 'approximated');
  const missing = rowsOf(notes, 'none');
  const widths = [0, 1].map((at) =>
    Math.min(widthMax, Math.max(0, ...[...differing, ...missing].map((row) => row[at]?.length ?? 0))),
  );
  if (differing.length > 0) lines.push('', paint('yellow', 'approximated'), ...table(differing, widths, columns));
  if (missing.length > 0) lines.push('', paint('red', 'no counterpart'), ...table(missing, widths, columns));
  return lines;
}

type Row = readonly [subject: string, option: string, text: string];

/** The same said of several programs is one row. */
function rowsOf(notes: readonly Note[], fate: Note['fate']): readonly Row[] {
  const rows = new Map<string, { subjects: string[]; option: string; text: string }>();
  for (const { subject, option, text } of notes.filter((note) => note.fate === fate)) {
    const row = rows.get(`${option}\0${text}`) ?? { subjects: [], option, text };
    if (!row.subjects.includes(subject)) row.subjects.push(subject);
    rows.set(`${option}\0${text}`, row);
  }
  return [...rows.values()].map(({ subjects, option, text }) => [
    printable(subjects.join(', ')),
    printable(option),
    printable(text),
  ]);
}

/** A longer cell pushes its line to the right. */
const widthMax = 30;

function table(rows: readonly Row[], [first = 0, second = 0]: readonly number[], columns: number): string[] {
  const indent = first + second + 6;
  return rows.flatMap(([subject, option, text]) => {
    const [line = '', ...rest] = wrap(text, Math.max(30, columns - indent));
    return [
      `  ${subject.padEnd(first)}  ${option.padEnd(second)}  ${line}`,
      ...rest.map((one) => `${' '.repeat(indent)}${one}`),
    ];
  });
}
