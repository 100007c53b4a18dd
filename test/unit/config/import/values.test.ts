import { expect, test } from 'vitest';
import { expand, literalText } from '../../../../src/config/import/expand.ts';
import { withoutJsonComments } from '../../../../src/config/import/json-comments.ts';
import { ProgramNames } from '../../../../src/config/import/names.ts';
import { PortsTaken, portOf } from '../../../../src/config/import/ports.ts';
import {
  booleanOf,
  environmentOf,
  integerOf,
  logOf,
  octalOf,
  pathOf,
  sizeOf,
} from '../../../../src/config/import/supervisord-values.ts';
import { commandSetting, splitWords } from '../../../../src/config/import/words.ts';
import { flowText, keyText, scalarText } from '../../../../src/config/import/yaml-text.ts';
import { forSlot } from '../../../../src/shared/percent-text.ts';
import { parseYaml } from '../../../../src/config/yaml-source.ts';
import { Dice } from '../../../sim/dice.ts';

const names = { here: '/etc', process_num: 7, numprocs: null };

test.for([
  ['%(here)s/x', '/etc/x'],
  ['100%%', '100%'],
  ['%%(here)s', '%(here)s'],
  ['%(process_num)d', '7'],
  ['%(process_num)02d|%(process_num)3d|%(process_num)-3d|', '07|  7|7  |'],
  ['%(process_num)s', '7'],
  ['%(numprocs)02d %(numprocs)s', '%(numprocs)02d %(numprocs)s'],
  ['%(ENV_A)s-%(ENV_B)s', 'a-%(ENV_B)s'],
])('%s is expanded to %s', ([value, text]) => {
  const read = expand(value ?? '', names, (name) => (name === 'A' ? 'a' : undefined));
  expect(read).toMatchObject({ ok: true, value: { text } });
});

test.for([
  ['%(here)s/x', '/etc/x'],
  ['100%% %(process_num)02d', '100%% 07'],
  ['%(ENV_A)s %(host_node_name)s', '%(ENV_A)s %(host_node_name)s'],
  ['%(numprocs)02d', '%(numprocs)02d'],
  ['%(odd)s', '5%%(x)'],
])('for an option that portherd expands, %s becomes %s', ([value, text]) => {
  const all = { ...names, host_node_name: 'box', odd: '5%(x)' };
  expect(expand(value ?? '', all, () => 'a', true)).toMatchObject({ ok: true, value: { text } });
});

test.for(['50%', '%%', '%(x)s', '%%%(x)d', '%%%', 'a%%b', '%', ''])('portherd takes %j as it is', (text) => {
  expect(forSlot(literalText(text), 'web', 3)).toBe(text);
});

test.for([
  ['50%', 'a single %'],
  ['%(here', 'a single %'],
  ['%(nope)s', '%(nope)s is unknown here; known are here, process_num, numprocs and ENV_…'],
  ['%(process_num)x', 'no text (s) and no number (d)'],
])('%s cannot be expanded: %s', ([value, why]) => {
  expect(expand(value ?? '', names, () => undefined)).toEqual({ ok: false, error: expect.stringContaining(why ?? '') });
});

test.for([
  ['A=1', { A: '1' }],
  ['A="x, y",B=\'z\'', { A: 'x, y', B: 'z' }],
  [' A = "1" ,\n B="2",', { A: '1', B: '2' }],
  ['A=,B=""', { A: '', B: '' }],
  ['', {}],
  ['PATH=/a:/b-c.(d)+e', { PATH: '/a:/b-c.(d)+e' }],
  ['A="say \'hi\'"', { A: "say 'hi'" }],
] as const)('environment %j is %j', ([text, pairs]) => {
  expect(environmentOf(text)).toEqual({ ok: true, value: pairs });
});

test.for(['A', 'A="x', '=1', 'A="x"y'])('environment %j is refused', (text) => {
  expect(environmentOf(text).ok).toBe(false);
});

test('the other kinds of value are supervisord’s', () => {
  expect(['TRUE', 'yes', 'On', '1'].map(booleanOf)).toEqual(
    Array.from({ length: 4 }, () => ({ ok: true, value: true })),
  );
  expect(['False', 'no', 'OFF', '0'].map(booleanOf)).toEqual(
    Array.from({ length: 4 }, () => ({ ok: true, value: false })),
  );
  expect(['y', '', '2'].every((text) => !booleanOf(text).ok)).toBe(true);
  expect(['10', '1kb', '2MB', '1 gb'].map((text) => sizeOf(text))).toMatchObject([
    { value: 10 },
    { value: 1024 },
    { value: 2_097_152 },
    { value: 1_073_741_824 },
  ]);
  expect(['1.5MB', '10TB', '-1', ''].every((text) => !sizeOf(text).ok)).toBe(true);
  expect([integerOf(' -3 '), integerOf('3.5').ok, octalOf('022'), octalOf('8').ok]).toEqual([
    { ok: true, value: -3 },
    false,
    { ok: true, value: 18 },
    false,
  ]);
  expect(['AUTO', 'None', 'off', '/dev/fd/2', 'syslog', '/x'].map(logOf)).toEqual([
    'auto',
    'none',
    'none',
    'inherit',
    'syslog',
    { path: '/x' },
  ]);
  expect([pathOf('~/a', '/h'), pathOf('~b/a', '/h'), pathOf('/a/../b', '/h'), pathOf(' ', '/h')]).toEqual([
    '/h/a',
    undefined,
    '/b',
    undefined,
  ]);
});

test.for([
  [`a 'b c' "d\\"e" f\\ g`, ['a', 'b c', 'd"e', 'f g']],
  ['a > $HOME | b', ['a', '>', '$HOME', '|', 'b']],
  [`"it's" 'x"y' ""`, ["it's", 'x"y', '']],
  [`'open`, undefined],
  ['end\\', undefined],
] as const)('%j is the words %j', ([line, words]) => {
  expect(splitWords(line)).toEqual(words);
});

test('a command is a line where that reads the same, else a list', () => {
  expect(commandSetting(['node', 'my app.js'])).toMatchObject({ fate: 'mapped', set: { command: "node 'my app.js'" } });
  expect(commandSetting(['echo', "it's", '>'])).toMatchObject({ set: { command: ['echo', "it's", '>'] } });
  expect(commandSetting(['A=1', 'node'])).toMatchObject({ fate: 'approximated', set: { command: 'env A=1 node' } });
  expect(commandSetting(['', 'x']).fate).toBe('wrong');
  expect(commandSetting(Array.from({ length: 2_000 }, () => 'x')).fate).toBe('wrong');
});

test('names of programs are made valid, and different', () => {
  const all = new ProgramNames();
  expect(['web', 'web', '@us/my app', 'all', '--', '_x', 'é', 'web'].map((name) => all.take(name))).toEqual([
    'web',
    'web-2',
    'us-my-app',
    'app-all',
    'app',
    'x',
    'app-2',
    'web-3',
  ]);
  expect(all.take('y'.repeat(80))).toHaveLength(64);
  expect(all.take('y'.repeat(80)).length).toBeLessThanOrEqual(64);
});

test('a port belongs to one program, unless their addresses differ', () => {
  const ports = new PortsTaken();
  expect([
    ports.take(80, 'a', '10.0.0.1'),
    ports.take(80, 'b', '10.0.0.2'),
    ports.take(80, 'c'),
    ports.take(81, 'c'),
  ]).toEqual([undefined, undefined, 'a', undefined]);
  expect(['80', 0, 65_536, '1e3', null, ' 443 '].map(portOf)).toEqual([
    80,
    undefined,
    undefined,
    undefined,
    undefined,
    443,
  ]);
});

test('comments leave JSON, and every column stays', () => {
  const text = '{ // "a"\n "b": "//x", /* c\n */ "d": 1 }';
  expect(withoutJsonComments(text)).toBe('{       \n "b": "//x",     \n    "d": 1 }');
});

test('whatever the value and the key are, YAML gives them back', () => {
  const dice = new Dice(20_261_120);
  const bits = [
    'a',
    'no',
    '1',
    '.5',
    '0x1',
    '1e3',
    ' ',
    ':',
    ': ',
    ' #',
    '#',
    '-',
    '- ',
    '%',
    '@',
    '`',
    '"',
    "'",
    '\\',
    '\n',
    '\t',
    '{',
    '[',
    ',',
    '&',
    '*',
    '!',
    '|',
    '>',
    '?',
    '~',
    '\u0085',
    '\u2028',
    '\uFEFF',
    '\uD800',
    '\u0007',
    'é',
    '😀',
    'null',
    'true',
    '=',
    '<<',
  ];
  for (let round = 0; round < 5_000; round++) {
    const text = Array.from({ length: dice.below(6) }, () => dice.pick(bits)).join('');
    for (const [yaml, expected] of [
      [`k: ${scalarText(text)}`, { k: text }],
      [`k: ${flowText([text, { [text]: text }])}`, { k: [text, { [text]: text }] }],
      [`${keyText(text)}: 1`, { [text]: 1 }],
    ] as const) {
      const read = parseYaml(yaml, 'x');
      if (!read.ok) throw new Error(`${JSON.stringify(text)}: ${yaml}: ${read.error.problems[0]?.text}`);
      expect(read.value.value, yaml).toEqual(expected);
    }
  }
});
