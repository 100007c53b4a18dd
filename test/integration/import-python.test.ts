import { expect, test } from 'vitest';
import { parseIni } from '../../src/config/import/ini.ts';
import { splitWords } from '../../src/config/import/words.ts';
import { runCommand } from '../harness/running-command.ts';
import { Dice } from '../sim/dice.ts';

/** The readers of supervisord's files against Python's own, which supervisord uses (options.py, UnhosedConfigParser; shlex). */
const python = `
import sys, json, configparser, shlex
def ini(text):
    parser = configparser.RawConfigParser(inline_comment_prefixes=(';', '#'), strict=False)
    try: parser.read_string(text)
    except configparser.Error: return None
    return {name: dict(parser.items(name)) for name in parser.sections()}
def words(text):
    try: return shlex.split(text)
    except ValueError: return None
print(json.dumps([[ini(text) for text in json.loads(sys.argv[1])], [words(text) for text in json.loads(sys.argv[2])]]))
`;

const iniBits = [
  '[a]\n',
  '[program:b]\n',
  '[DEFAULT]\n',
  'key',
  'Key2',
  '=',
  ':',
  ' ',
  '  ',
  '\n',
  '\n',
  '\t',
  ';c',
  ' ; c',
  '#x',
  'v;w',
  'v',
  '[',
  ']',
  '"q"',
  '%',
  '\r\n',
  'a = b\n',
  '  cont\n',
  '\n\n',
];
const wordBits = ['a', ' ', '"', "'", '\\', 'b c', '$x', '\n', 'é', '=', '#', '*'];

test('a thousand random texts are read as Python reads them', async ({ skip }) => {
  const version = await runCommand('python3', ['-c', 'import sys; print(sys.version_info >= (3, 8))']).catch(
    () => undefined,
  );
  if (version?.stdout.trim() !== 'True') skip('no python3');
  const dice = new Dice(1_120);
  const random = (bits: readonly string[]): string =>
    Array.from({ length: 1 + dice.below(12) }, () => dice.pick(bits)).join('');
  const texts = Array.from({ length: 1_000 }, () => random(iniBits));
  const lines = Array.from({ length: 1_000 }, () => random(wordBits));
  const theirs = await runCommand('python3', ['-c', python, JSON.stringify(texts), JSON.stringify(lines)]);
  const [inis, words]: [unknown[], unknown[]] = JSON.parse(theirs.stdout);
  for (const [at, text] of texts.entries()) expect(ours(text), JSON.stringify(text)).toEqual(inis[at]);
  for (const [at, line] of lines.entries()) expect(splitWords(line) ?? null, JSON.stringify(line)).toEqual(words[at]);
});

function ours(text: string): unknown {
  const { sections, problems } = parseIni([{ file: 'x', text }]);
  if (problems.length > 0) return null;
  const values = (options: (typeof sections)[number]['options']) =>
    [...options].map(([key, { value }]) => [key, value]);
  return Object.fromEntries(sections.map(({ name, options }) => [name, Object.fromEntries(values(options))]));
}
