import { expect, test } from 'vitest';
import { availLines } from '../../../src/cli/commands/avail.ts';
import { planLines, rereadLines } from '../../../src/cli/render/change-text.ts';

const reply = {
  available: ['new'],
  changed: [
    { name: 'web', cost: 'roll', keys: ['environment', 'command'] },
    { name: 'api', cost: 'scale', keys: ['workers'] },
  ],
  disappeared: ['old'],
} as const;

const nothing = { available: [], changed: [], disappeared: [] };

test('reread’s lines are supervisorctl’s, sorted by name', () => {
  expect(rereadLines(reply, false)).toEqual(['api: changed', 'new: available', 'old: disappeared', 'web: changed']);
  expect(rereadLines(nothing, false)).toEqual(['No config updates to processes']);
});

test('reread -v adds the cost and the keys', () => {
  expect(rereadLines(reply, true)).toContain('web: changed (takes a roll: environment, command)');
});

test('a dry update is in the order of a real one', () => {
  expect(planLines(reply)).toEqual([
    'old: would be stopped and removed',
    'web: would be rolled (environment, command)',
    'api: would be scaled (workers)',
    'new: would be added',
  ]);
  expect(planLines(nothing)).toEqual(['No config updates to processes']);
});

test('avail’s columns are supervisorctl’s, a row for each slot', () => {
  expect(availLines({ name: 'web', inUse: true, autostart: true, priority: 999, workers: 2 })).toEqual([
    'web:0                            in use    auto      999:999',
    'web:1                            in use    auto      999:999',
  ]);
  expect(availLines({ name: 'job', inUse: false, autostart: false, priority: 5, workers: 1 })).toEqual([
    'job:0                            avail     manual    5:5',
  ]);
});
