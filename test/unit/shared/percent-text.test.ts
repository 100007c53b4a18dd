import { expect, test } from 'vitest';
import { escapePercent, forSlot, replaceNames } from '../../../src/shared/percent-text.ts';

test.each([
  ['plain', 'plain'],
  ['%(program_name)s-%(process_num)d', 'web-7'],
  ['%(program)s %(group_name)s %(slot)s', 'web web 7'],
  ['%(slot)02d|%(process_num)3d', '07|  7'],
  ['100%', '100%'],
  ['date +%H:%M', 'date +%H:%M'],
  ['%%', '%'],
  ['%%(slot)d', '%(slot)d'],
  ['%%%(slot)d', '%7'],
  ['%(slot)', '%(slot)'],
  ['%(slot)x', '%(slot)x'],
  ['%(unknown)s', '%(unknown)s'],
])('%j is %j for a worker', (text, expected) => {
  expect(forSlot(text, 'web', 7)).toBe(expected);
});

test('what is put in is not read again, and what is escaped comes out as it was', () => {
  const value = '50%% of %(slot)d';
  const text = replaceNames('a=%(ENV_A)s %%', ({ name }) => (name === 'ENV_A' ? escapePercent(value) : undefined));
  expect(forSlot(text, 'web', 1)).toBe(`a=${value} %`);
});

test('a program’s name with % in a name that nobody gave stays', () => {
  expect(replaceNames('%(a)s%(b)d', ({ name, written }) => (name === 'a' ? `<${written}>` : undefined))).toBe(
    '<%(a)s>%(b)d',
  );
});
