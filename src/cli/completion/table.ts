import { signalNumbers } from '../../shared/signal-name.ts';
import {
  aliasesOf,
  type CommandSpec,
  type OptionSpecs,
  optionsOf,
  type ToolSpec,
  type WordKind,
} from '../command-line.ts';
import { isNamedKind, type NamedKind } from '../known-names.ts';

/** What can be typed to a tool, as the scripts for the shells and portherdctl's own shell need it. Made from the specs. */
export interface CompletionTable {
  readonly tool: string;
  readonly options: readonly OptionRow[];
  readonly commands: readonly CommandRow[];
}

export interface CommandRow {
  /** Its name, then its aliases. */
  readonly names: readonly string[];
  readonly summary: string;
  /** All that may follow it, the tool's too. */
  readonly options: readonly OptionRow[];
  readonly own: readonly OptionRow[];
  /** Of each word; the last one of all that follow. */
  readonly words: readonly Words[];
}

export interface OptionRow {
  /** `-s`, `--socket` … */
  readonly flags: readonly string[];
  readonly doc: string;
  /** What follows it; nothing where that is optional. */
  readonly takes: 'nothing' | 'file' | 'text';
}

export type Words =
  | { readonly is: 'fixed'; readonly words: readonly string[] }
  | { readonly is: 'named'; readonly kind: NamedKind }
  | { readonly is: 'file' };

export const shells = ['bash', 'zsh', 'fish'] as const;

export function completionTable(tool: ToolSpec): CompletionTable {
  const row = (spec: CommandSpec): CommandRow => ({
    names: [spec.name, ...(spec.aliases ?? [])],
    summary: spec.summary,
    options: optionRows(optionsOf(tool, spec)),
    own: optionRows(spec.options ?? {}),
    words: (spec.completes ?? []).map((kind) => wordsOf(kind, tool)),
  });
  return { tool: tool.name, options: optionRows(tool.options), commands: tool.commands.map(row) };
}

function optionRows(options: OptionSpecs): readonly OptionRow[] {
  return Object.entries(options).map(([name, option]) => ({
    flags: [...aliasesOf(option), name].map((one) => (one.length === 1 ? `-${one}` : `--${one}`)),
    doc: option.doc,
    takes: takes(option.value),
  }));
}

function takes(value: string | undefined): OptionRow['takes'] {
  if (value === undefined || value.startsWith('[')) return 'nothing';
  return ['FILE', 'PATH', 'DIR', 'OUT', 'URL'].includes(value) ? 'file' : 'text';
}

function wordsOf(kind: WordKind, tool: ToolSpec): Words {
  if (isNamedKind(kind)) return { is: 'named', kind };
  switch (kind) {
    case 'file':
      return { is: 'file' };
    case 'command':
      return { is: 'fixed', words: tool.commands.map(({ name }) => name) };
    case 'signal':
      return { is: 'fixed', words: Object.keys(signalNumbers).map((name) => name.slice('SIG'.length)) };
    case 'stream':
      return { is: 'fixed', words: ['stdout', 'stderr'] };
    case 'hookVerb':
      return { is: 'fixed', words: ['test'] };
    case 'shell':
      return { is: 'fixed', words: shells };
  }
}
