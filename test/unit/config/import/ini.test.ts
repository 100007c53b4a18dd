import { expect, test } from 'vitest';
import { parseIni } from '../../../../src/config/import/ini.ts';

/** supervisord's dialect. A random comparison with Python's own parser is in integration/import-python.test.ts. */
function options(text: string): Record<string, string> {
  const { sections, problems } = parseIni([{ file: 'a.conf', text: `[s]\n${text}` }]);
  expect(problems).toEqual([]);
  return Object.fromEntries([...(sections[0]?.options ?? [])].map(([name, { value }]) => [name, value]));
}

test.for([
  ['a=b', { a: 'b' }],
  ['a = b ', { a: 'b' }],
  ['a: b=c', { a: 'b=c' }],
  ['a=b:c', { a: 'b:c' }],
  ['A.B=c', { 'a.b': 'c' }],
  ['a=b;c', { a: 'b;c' }],
  ['a=b ;c', { a: 'b' }],
  ['a=b\t# c', { a: 'b' }],
  ['a=b#c', { a: 'b#c' }],
  ['a="b ;c"', { a: '"b' }],
  ['a=', { a: '' }],
  ['a=b\n c\n\td', { a: 'b\nc\nd' }],
  ['a=\n  b\n  ; no part of it\n  c ; nor this', { a: '\nb\nc' }],
  ['a=b\n\n  c', { a: 'b\n\nc' }],
  ['a=b\n\n\nc=d', { a: 'b', c: 'd' }],
  ['  a=b\n  c=d', { a: 'b', c: 'd' }],
  ['a=b\n [x]', { a: 'b\n[x]' }],
  ['a=1\na=2', { a: '2' }],
  ['a=b\r\nc=d\r\n', { a: 'b', c: 'd' }],
] as const)('%j is read as %j', ([text, expected]) => {
  expect(options(text)).toEqual(expected);
});

test('sections of the same name are one, DEFAULT is in all, and each option knows its line', () => {
  const files = [
    { file: 'a.conf', text: '\uFEFF[DEFAULT]\nd=0\n[x]\na=1\n\n[y]\nb=2' },
    { file: 'b.conf', text: '; more\n[x]\na=3\nd=4' },
  ];
  const { sections } = parseIni(files);
  expect(sections.map(({ name, at, options }) => [name, at.line, Object.fromEntries(options)])).toEqual([
    [
      'x',
      3,
      { d: { value: '4', at: { file: 'b.conf', line: 4 } }, a: { value: '3', at: { file: 'b.conf', line: 3 } } },
    ],
    [
      'y',
      6,
      { d: { value: '0', at: { file: 'a.conf', line: 2 } }, b: { value: '2', at: { file: 'a.conf', line: 7 } } },
    ],
  ]);
});

test.for([
  ['a=b', 1, 'before the first [section]'],
  ['\n\n[s]\nwords alone', 4, 'is no [section]'],
  ['[s]\n=b', 2, 'is no [section]'],
  ['[s]\n[]', 2, 'is no [section]'],
  ['[s]\na=\u0000', 2, 'NUL'],
] as const)('%j is refused in line %i', ([text, line, why]) => {
  const { problems } = parseIni([{ file: 'a.conf', text }]);
  expect(problems).toMatchObject([{ at: { file: 'a.conf', line }, text: expect.stringContaining(why) }]);
});
