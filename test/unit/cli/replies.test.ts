import { expect, test } from 'vitest';
import { fits } from '../../../src/cli/fits.ts';
import { rollLine, slotResultsReply, statusReply as reply } from '../../../src/cli/replies.ts';
import { updateLine } from '../../../src/cli/update-replies.ts';
import { programStatus, slotStatus, statusReply } from '../../harness/status-fixture.ts';

const good = JSON.stringify(statusReply([programStatus('web', [slotStatus('web', 0)])]));

/** What comes from the socket when one thing in it is written otherwise. */
function wire(written: string, otherwise: string): unknown {
  expect(good).toContain(written);
  return JSON.parse(good.replace(written, otherwise));
}

test('a whole reply fits, and so does one with fields of a newer daemon', () => {
  expect(fits(reply, JSON.parse(good))).toBe(true);
  expect(fits(reply, wire('"slot":0', '"slot":0,"colour":"blue"'))).toBe(true);
});

test.each([
  ['no object', '"daemon":{', '"daemon":7,"was":{', 'daemon is not an object'],
  ['a list for an object', '"daemon":{', '"daemon":[],"was":{', 'daemon is not an object'],
  ['a missing field', '"pid":77', '"was":77', 'daemon.pid is not a number'],
  ['a wrong type', '"ready":true', '"ready":1', 'programs[0].slots[0].ready is not true or false'],
  ['an unknown state', '"RUNNING"', '"UP"', 'programs[0].slots[0].state is not one of STOPPED, STARTING'],
  ['an object for a list', '"leaving":[]', '"leaving":{}', 'programs[0].slots[0].leaving is not a list'],
  ['null for an optional field', '"pid":4000', '"pid":null', 'programs[0].slots[0].pid is not a number'],
  ['a number for a text', '"name":"web"', '"name":7', 'programs[0].name is not a string'],
])('%s does not fit, and the place is told', (_case, written, otherwise, wrong) => {
  const value = wire(written, otherwise);
  expect(reply(value, '')).toContain(wrong);
  expect(fits(reply, value)).toBe(false);
});

test('a line of a kind that only a newer daemon knows passes', () => {
  expect(rollLine({ t: 'paused', program: 'web' }, '')).toBeUndefined();
  expect(rollLine({ t: 'replaced', program: 'web' }, '')).toBe('slot is not a number');
  expect(updateLine({ t: 'done' }, '')).toBeUndefined();
  expect(updateLine({ program: 'web' }, '')).toBe('t is not a string');
});

test('an error inside a result is looked at too', () => {
  const error = { code: 'NOT_RUNNING', message: 'm', advice: '', exit: 7 };
  expect(slotResultsReply([{ name: 'web:0', error }], '')).toBeUndefined();
  expect(slotResultsReply([{ name: 'web:0', error: { ...error, exit: '7' } }], '')).toBe(
    '[0].error.exit is not a number',
  );
});
