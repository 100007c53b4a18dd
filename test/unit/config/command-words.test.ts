import { expect, test } from 'vitest';
import { commandWords } from '../../../src/config/command-words.ts';

test.each([
  ['node server.js', ['node', 'server.js']],
  ['  node\t server.js \n', ['node', 'server.js']],
  [`node 'my app.js'`, ['node', 'my app.js']],
  [`node "my app.js"`, ['node', 'my app.js']],
  [`node my\\ app.js`, ['node', 'my app.js']],
  [`a --x='1 2'3"4 5"`, ['a', '--x=1 234 5']],
  [`a '' ""`, ['a', '', '']],
  [`a "say \\"hi\\" \\\\ \\n"`, ['a', 'say "hi" \\ \\n']],
  [`a '\\n $HOME \`id\` | &'`, ['a', '\\n $HOME `id` | &']],
  [`a "\\$HOME" "x;y"`, ['a', '$HOME', 'x;y']],
  [`a \\| \\'`, ['a', '|', "'"]],
  ['a * ? ~ # é', ['a', '*', '?', '~', '#', 'é']],
  ['', []],
])('%j has the words %j', (line, words) => {
  expect(commandWords(line)).toEqual({ ok: true, value: words });
});

test.each(['|', '&', ';', '<', '>', '$', '`', '(', ')'])('an unquoted %s would need a shell', (letter) => {
  const error = `no shell runs the command, so ${letter} would mean nothing; quote it, or write ["sh", "-c", "…"]`;
  expect(commandWords(`a ${letter} b`)).toEqual({ ok: false, error });
});

test.each([
  [`a 'b`, "the quote ' is not closed; close it, or put a backslash before it"],
  [`a "b\\"`, 'the quote " is not closed; close it, or put a backslash before it'],
  ['a b\\', 'the command ends with a backslash; double it, or quote it'],
])('%j is refused', (line, error) => {
  expect(commandWords(line)).toEqual({ ok: false, error });
});
