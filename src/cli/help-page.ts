import { aliasesOf, type CommandSpec, type OptionSpecs, optionsOf, type ToolSpec } from './command-line.ts';
import { wrap } from './render/wrap.ts';

/** The page of a tool: its commands, its options. `columns`: the terminal's width. */
export function toolHelp(tool: ToolSpec, columns: number): string {
  const width = pageWidth(columns);
  return page([
    [tool.summary],
    [`Usage: ${tool.name} [options] <command> [words]`],
    [
      'Commands:',
      ...table(
        tool.commands.map(({ name, words, summary }) => [`${name} ${words}`.trim(), summary]),
        width,
      ),
    ],
    options('Options:', tool.options, width),
    ['Examples:', ...table(tool.examples, width)],
    [`\`${tool.name} help COMMAND\` tells more about one.`],
  ]);
}

/** The page of a command: what it does, its own options, and below them those that every command has. */
export function commandHelp(tool: ToolSpec, spec: CommandSpec, columns: number): string {
  const width = pageWidth(columns);
  const { options: own = {}, details } = spec;
  const others = Object.entries(optionsOf(tool, spec)).filter(([name]) => !(name in own));
  return page([
    [`Usage: ${tool.name} ${spec.name} ${spec.words}`.trim()],
    wrap(`${spec.summary}.`, width),
    details === undefined ? [] : details.split('\n').flatMap((line) => wrap(line, width)),
    options('Options:', own, width),
    options(`Options of every command:`, Object.fromEntries(others), width),
    ['Examples:', ...table(spec.examples, width)],
  ]);
}

/** Longer lines are hard to read, however wide the terminal. */
function pageWidth(columns: number): number {
  return Math.max(40, Math.min(columns, 100));
}

function page(parts: readonly (readonly string[])[]): string {
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function options(title: string, specs: OptionSpecs, width: number): readonly string[] {
  const rows = Object.entries(specs).map(([name, spec]): Row => {
    const long = [name, ...aliasesOf(spec)].filter((one) => one.length > 1).map((one) => `--${one}`);
    const short = aliasesOf(spec).find((one) => one.length === 1);
    const names = [short === undefined ? '   ' : `-${short},`, long.join(', ')].join(' ');
    return [spec.value === undefined ? names : `${names} ${spec.value}`, spec.doc];
  });
  return rows.length === 0 ? [] : [title, ...table(rows, width)];
}

type Row = readonly [word: string, meaning: string];

/** Two columns. A word too long for the first has its meaning below it. */
function table(rows: readonly Row[], width: number): readonly string[] {
  const fitting = rows.map(([word]) => word.length).filter((length) => length <= width * wordShareMax);
  const words = Math.max(0, ...fitting);
  const indent = ' '.repeat(words + 4);
  return rows.flatMap(([word, meaning]) => {
    const [first = '', ...more] = wrap(meaning, width - indent.length).map((line) => `${indent}${line}`);
    if (word.length > words) return [`  ${word}`, first, ...more];
    return [`  ${word.padEnd(words)}${first.slice(words + 2)}`, ...more];
  });
}

const wordShareMax = 0.45;
