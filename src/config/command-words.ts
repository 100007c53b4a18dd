import { err, ok, type Result } from '../shared/result.ts';

/** What a shell would act on. No shell runs a command, so an unquoted one is a mistake that would otherwise show up much later. */
const shellOnly = /[|&;<>$`()]/;

/**
 * Splits a command line into words as a POSIX shell quotes them: 'literal', "with \" and \\", back\slash. %(name)s stays as it is.
 * The error is a text for the operator, without the place.
 */
export function commandWords(line: string): Result<string[], string> {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const letter = line.charAt(at);
    const next = line.charAt(at + 1);
    if (quote !== undefined) {
      if (letter === quote) quote = undefined;
      else if (quote === '"' && letter === '\\' && /["\\$`]/.test(next)) {
        word += next;
        at += 1;
      } else word += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (letter === '\\') {
      if (next === '') return err('the command ends with a backslash; double it, or quote it');
      word = (word ?? '') + next;
      at += 1;
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (letter === '%' && next === '(') {
      const [name = letter] = /^%\(\w+\)\d*[sd]/.exec(line.slice(at)) ?? [];
      word = (word ?? '') + name;
      at += name.length - 1;
    } else if (shellOnly.test(letter)) {
      return err(`no shell runs the command, so ${letter} would mean nothing; quote it, or write ["sh", "-c", "…"]`);
    } else word = (word ?? '') + letter;
  }
  if (quote !== undefined) return err(`the quote ${quote} is not closed; close it, or put a backslash before it`);
  if (word !== undefined) words.push(word);
  return ok(words);
}
