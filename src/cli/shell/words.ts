/**
 * A typed line as words, quoted as in other shells: 'literal', "with \" and \\", back\slash. Nothing is expanded, and what means something
 * to other shells (; | & >) is a letter like any other. Undefined while a quote is open.
 */
export function lineWords(line: string): readonly string[] | undefined {
  const words = line.match(word) ?? [];
  const rest = line.replaceAll(word, '');
  return rest.trim() === '' ? words.map(unquoted) : undefined;
}

const word = /(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/g;

function unquoted(written: string): string {
  return written.replaceAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, (_all, literal, quoted, letter) => {
    return literal ?? quoted?.replaceAll(/\\(["\\])/g, '$1') ?? letter;
  });
}
