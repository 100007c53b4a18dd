import type { NamedKind } from '../known-names.ts';
import type { CompletionTable } from './table.ts';

/**
 * What the last of `words` may become, in portherdctl's own shell; the scripts for the other shells do the same in their languages.
 * `named` asks the daemon.
 */
export async function candidates(
  { commands }: CompletionTable,
  words: readonly string[],
  named: (kind: NamedKind) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const [name = '', ...rest] = words;
  const typed = words.at(-1) ?? '';
  const fitting = (all: readonly string[]): readonly string[] => all.filter((one) => one.startsWith(typed));
  if (words.length < 2) return fitting(commands.flatMap((command) => command.names));
  const command = commands.find(({ names }) => names.includes(name));
  if (command === undefined) return [];
  if (typed.startsWith('-'))
    return fitting(command.options.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith('--'))));
  const before: string[] = [];
  for (let at = 0; at < rest.length - 1; at += 1) {
    const word = rest[at] ?? '';
    if (!word.startsWith('-')) before.push(word);
    else if (command.options.some(({ flags, takes }) => takes !== 'nothing' && flags.includes(word))) at += 1;
    // The word itself is an option's value.
    if (at === rest.length - 1) return [];
  }
  const kind = command.words[Math.min(before.length, command.words.length - 1)];
  if (kind === undefined || kind.is === 'file') return [];
  const all = kind.is === 'fixed' ? kind.words : await named(kind.kind);
  return fitting(all).filter((one) => !before.includes(one));
}
