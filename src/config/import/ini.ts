/**
 * supervisord's dialect of INI: Python's configparser as supervisord sets it up (options.py, UnhosedConfigParser), with the line of
 * each option. Knows no option. Not a library's work: those for INI cut values at any `;`, take quotes away, and know neither
 * continuation lines, nor `:` as a delimiter, nor lines (DECISIONS.md).
 */
export interface IniSection {
  readonly name: string;
  readonly at: IniPlace;
  /** By lower-case name. A later one, also of a later file, replaces an earlier one. */
  readonly options: ReadonlyMap<string, IniOption>;
}

export interface IniOption {
  /** Lines of it are joined by a line feed. Nothing is expanded. */
  readonly value: string;
  readonly at: IniPlace;
}

export interface IniPlace {
  /** As messages show it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface IniProblem {
  readonly at: IniPlace;
  readonly text: string;
}

/** In the order in which they were first written; `[DEFAULT]` is in every section. */
export interface Ini {
  readonly sections: readonly IniSection[];
  readonly problems: readonly IniProblem[];
}

/** One text after the other, as if they were one. */
export function parseIni(files: readonly { readonly file: string; readonly text: string }[]): Ini {
  const sections = new Map<string, { at: IniPlace; options: Map<string, IniOption> }>();
  const problems: IniProblem[] = [];
  for (const { file, text } of files) readFile(file, text, sections, problems);
  const inherited = sections.get('DEFAULT')?.options ?? new Map<string, IniOption>();
  sections.delete('DEFAULT');
  return {
    sections: [...sections].map(([name, { at, options }]) => ({
      name,
      at,
      options: new Map([...inherited, ...options]),
    })),
    problems,
  };
}

function readFile(
  file: string,
  text: string,
  sections: Map<string, { at: IniPlace; options: Map<string, IniOption> }>,
  problems: IniProblem[],
): void {
  let options: Map<string, IniOption> | undefined;
  let open: { name: string; lines: string[]; at: IniPlace } | undefined;
  let indent = 0;
  const finish = (): void => {
    if (open !== undefined) options?.set(open.name, { value: open.lines.join('\n').trimEnd(), at: open.at });
    open = undefined;
  };
  if (text.includes('\0')) {
    problems.push({
      at: { file, line: text.slice(0, text.indexOf('\0')).split('\n').length },
      text: 'this is no text: it holds a NUL',
    });
    return;
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (const [index, line] of lines.entries()) {
    const at = { file, line: index + 1 };
    const { content, comment } = withoutComment(line);
    if (content === '') {
      // An empty line may lie inside a value, a comment leaves no trace in it.
      if (!comment) open?.lines.push('');
      continue;
    }
    const column = line.search(/\S/);
    if (open !== undefined && column > indent) {
      open.lines.push(content);
      continue;
    }
    indent = column;
    finish();
    const header = /^\[(.+)\]/.exec(content)?.[1];
    if (header !== undefined) {
      const section = sections.get(header) ?? { at, options: new Map<string, IniOption>() };
      sections.set(header, section);
      options = section.options;
      continue;
    }
    const delimiter = content.search(/[=:]/);
    const name = content.slice(0, Math.max(0, delimiter)).trim();
    if (options === undefined) {
      problems.push({ at, text: `"${cut(content)}" stands before the first [section]` });
      return;
    }
    if (name === '') problems.push({ at, text: `"${cut(content)}" is no [section], no name = value and no ; comment` });
    else open = { name: name.toLowerCase(), lines: [content.slice(delimiter + 1).trim()], at };
  }
  finish();
}

/** A `;` or `#` begins a comment at the start of a line, and after a space. */
function withoutComment(line: string): { content: string; comment: boolean } {
  const start = line.search(/(?<=^|\s)[;#]/);
  return { content: (start < 0 ? line : line.slice(0, start)).trim(), comment: start >= 0 };
}

function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
