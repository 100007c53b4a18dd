import { constants } from 'node:os';
import { resolve } from 'node:path/posix';
import { expect, test } from 'vitest';
import { dearest } from '../../../src/shared/change-cost.ts';
import { didYouMean } from '../../../src/shared/did-you-mean.ts';
import { resolvePath } from '../../../src/shared/resolve-path.ts';
import { parseSignal, signalNumbers } from '../../../src/shared/signal-name.ts';

test.each([['TERM'], ['SIGTERM'], ['sigterm'], ['15'], [15], [' term ']])('%j is SIGTERM', (written) => {
  expect(parseSignal(written)).toBe('SIGTERM');
});

test.each([['FOO'], ['SIG'], ['SEGV'], [0], [99], [''], ['1.5']])('%j is no signal', (written) => {
  expect(parseSignal(written)).toBeUndefined();
});

test('every signal has the number that this system gives it', () => {
  for (const [name, number] of Object.entries(signalNumbers)) {
    expect([name, Reflect.get(constants.signals, name)]).toEqual([name, number]);
  }
});

test.each([
  ['/srv', 'a'],
  ['/srv', '.'],
  ['/srv', './a//b/'],
  ['/srv/x', '../y'],
  ['/srv', '../../..'],
  ['/', 'a'],
  ['/srv', '/etc/../var'],
  ['/srv/', ''],
])('resolvePath(%j, %j) is what node:path says', (base, path) => {
  expect(resolvePath(base, path)).toBe(resolve(base, path));
});

test('a relative base is a bug of ours', () => {
  expect(() => resolvePath('srv', 'a')).toThrow('portherd bug: srv is not absolute');
});

test.each([
  ['workrs', 'workers'],
  ['wrokers', 'workers'],
  ['Listen', 'listen'],
  ['lsiten', 'listen'],
  ['exitcodes', 'exitCodes'],
  ['enviroment', 'environment'],
])('%s means %s', (written, meant) => {
  expect(didYouMean(written, ['workers', 'listen', 'exitCodes', 'environment', 'stop'])).toBe(meant);
});

test.each([['user'], ['zzz'], [''], ['x'.repeat(65)]])('%j is near to nothing', (written) => {
  expect(didYouMean(written, ['workers', 'listen', 'x'.repeat(64)])).toBeUndefined();
});

test('the dearest cost wins, and nothing is live', () => {
  expect(dearest([])).toBe('live');
  expect(dearest(['live', 'scale'])).toBe('scale');
  expect(dearest(['restart', 'roll', 'live'])).toBe('restart');
  expect(dearest(['scale', 'roll'])).toBe('roll');
});
