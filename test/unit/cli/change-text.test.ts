import { expect, test } from 'vitest';
import { availLines } from '../../../src/cli/commands/avail.ts';
import { hookLines, planLine, rereadLines, waitsLine } from '../../../src/cli/render/change-text.ts';

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

test('hooks have lines of their own', () => {
  const hooks = { added: ['new'], changed: ['page'], removed: ['old'] };
  expect(rereadLines({ ...nothing, hooks }, false)).toEqual([
    'hook new: available',
    'hook old: disappeared',
    'hook page: changed',
  ]);
  expect(hookLines(hooks, false)).toEqual(['hook old: removed', 'hook page: changed', 'hook new: added']);
  expect(hookLines({ ...hooks, added: [], removed: [] }, true)).toEqual(['hook page: would be changed']);
});

const plan = { t: 'planned', program: 'web', does: 'change', keys: ['workers'], from: 4, to: 4, running: 4 } as const;

test.each([
  ['would be added, with 1 worker', { does: 'add', keys: [], from: 0, to: 1, running: 0 }],
  ['would be stopped and removed, with 4 workers', { does: 'remove', keys: [], to: 0 }],
  ['would be removed; it is stopped', { does: 'remove', keys: [], to: 0, running: 0 }],
  ['would be changed as it runs; no worker is touched (autorestart)', { cost: 'live', keys: ['autorestart'] }],
  ['would be scaled from 4 to 5 workers; no other worker is touched (workers)', { cost: 'scale', to: 5 }],
  ['would be left as it is (workers)', { cost: 'scale' }],
  [
    'would be rolled: 4 workers replaced one by one, no connection is lost (environment)',
    { cost: 'roll', keys: ['environment'] },
  ],
  [
    'would be rolled: 4 workers replaced one by one, no connection is lost, and scaled from 4 to 1 worker (command, workers)',
    { cost: 'roll', keys: ['command', 'workers'], to: 1 },
  ],
  ['would be rolled: 1 worker replaced, no connection is lost (user)', { cost: 'roll', keys: ['user'], running: 1 }],
  ['would be changed for its next start (command)', { cost: 'roll', keys: ['command'], running: 0 }],
  [
    'would be stopped and started: 4 workers, and clients are refused meanwhile (listen)',
    { cost: 'restart', keys: ['listen'] },
  ],
  ['would be removed and added anew (listen)', { cost: 'restart', keys: ['listen'], running: 0 }],
] as const)('a dry update says: %s', (text, differs) => {
  expect(planLine({ ...plan, ...differs })).toBe(`web: ${text}`);
});

test('an update says what waits for the daemon', () => {
  expect(waitsLine(['logLevel', 'http.port'])).toBe('supervisor: logLevel, http.port wait for `portherdctl reload`');
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
