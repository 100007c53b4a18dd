import { commandWords } from '../command-words.ts';
import { differs, mapped, type Outcome, wrong } from './outcome.ts';

/**
 * A command line in words and back. Unlike commandWords() nothing is refused: supervisord and PM2 pass `>` or `$HOME` on as they are
 * (no shell runs their commands either), and so must we.
 */
export function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  const pattern = /\s+|((?:[^\s'"\\]|'[^']*'|"(?:[^"\\]|\\[^])*"|\\[^])+)/gy;
  let end = 0;
  for (const [all, word] of line.matchAll(pattern)) {
    end += all.length;
    if (word !== undefined) words.push(unquoted(word));
  }
  return end === line.length ? words : undefined;
}

/** What shall be run, for `command:`. `how` it differs. */
export function commandSetting(words: readonly string[], how?: string): Outcome {
  const [first = ''] = words;
  if (first === '') return wrong('its first word is empty');
  if (words.length > wordsMax) return wrong(`it has ${words.length} words; at most ${wordsMax} are taken`);
  const assignment = /^[A-Za-z_]\w*=/.test(first);
  const set = { command: commandOf(assignment ? ['env', ...words] : words) };
  const texts = [
    ...(how === undefined ? [] : [how]),
    ...(assignment ? ['no shell runs it, there or here; env(1) sets the variable'] : []),
  ];
  return texts.length === 0 ? mapped(set) : differs(set, texts.join('; '));
}

/** As many as `command` takes, with room for what is put in front. */
const wordsMax = 990;

/** A line where that reads the same, else a list. */
function commandOf(words: readonly string[]): string | readonly string[] {
  const safe = /^(?:[\w./:=@%+,~^-]|%\(\w+\)\d*[sd])+$/;
  const line = words.map((word) => (safe.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
  const read = commandWords(line);
  const same = read.ok && JSON.stringify(read.value) === JSON.stringify(words);
  // A line of many quotes is harder to read than a list.
  return same && words.filter((word) => !safe.test(word)).length <= 2 && !line.includes(`'\\''`) ? line : words;
}

function unquoted(word: string): string {
  return word.replaceAll(
    /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])/g,
    (_all, single?: string, double?: string, one?: string) =>
      double === undefined ? (single ?? one ?? '') : double.replaceAll(/\\(["\\])/g, '$1'),
  );
}
