import { expect, test } from 'vitest';
import { diffConfig } from '../../../src/config/diff.ts';
import { type OptionTree, treeOf } from '../../../src/config/option.ts';
import { programSchema } from '../../../src/config/program-schema.ts';
import type { ChangeCost } from '../../../src/shared/change-cost.ts';
import { load } from './load-text.ts';

const before = load(program('listen: [{ port: 80 }]'));
const same = { added: [], removed: [], changed: [] };
const nothing = { ...same, supervisor: [], hooks: same };

/** Each option once: a value that differs from its default, and what that costs a running program. */
const table: readonly (readonly [cost: ChangeCost, key: string, written: string])[] = [
  ['roll', 'command', 'command: node b.js'],
  ['roll', 'directory', 'directory: /srv'],
  ['roll', 'environment', 'environment: { A: b }'],
  ['roll', 'envFile', 'envFile: .env'],
  ['roll', 'user', 'user: www-data'],
  ['roll', 'group', 'group: www-data'],
  ['roll', 'umask', "umask: '027'"],
  ['roll', 'nice', 'nice: 5'],
  ...['nofile', 'nproc', 'core', 'as', 'data', 'stack', 'memlock', 'fsize', 'cpu'].map(
    (limit) => ['roll', `rlimits.${limit}`, `rlimits: { ${limit}: '1:2' }`] as const,
  ),
  ['roll', 'stdin', 'stdin: none'],
  ['scale', 'workers', 'workers: 3'],
  ['restart', 'listen', 'listen: [{ port: 81 }]'],
  ['restart', 'bind', 'bind: worker'],
  ['live', 'autostart', 'autostart: false'],
  ['live', 'autorestart', 'autorestart: true'],
  ['live', 'exitCodes', 'exitCodes: [0, 1]'],
  ['live', 'startRetries', 'startRetries: 6'],
  ['live', 'backoff.initial', 'backoff: { initial: 1s }'],
  ['live', 'backoff.max', 'backoff: { max: 1s }'],
  ['live', 'backoff.factor', 'backoff: { factor: 3 }'],
  ['live', 'backoff.jitter', 'backoff: { jitter: 0 }'],
  ['live', 'backoff.resetAfter', 'backoff: { resetAfter: 1s }'],
  ['live', 'readiness.type', 'readiness: { type: http }'],
  ['live', 'readiness.path', 'readiness: { path: /x }'],
  ['live', 'readiness.timeout', 'readiness: { timeout: 1s }'],
  ['live', 'stop.signal', 'stop: { signal: INT }'],
  ['live', 'stop.drainTimeout', 'stop: { drainTimeout: 1m }'],
  ['live', 'stop.idleTimeout', 'stop: { idleTimeout: 1s }'],
  ['live', 'stop.killTimeout', 'stop: { killTimeout: 1s }'],
  ['live', 'stop.group', 'stop: { group: true }'],
  ['live', 'stop.killGroup', 'stop: { killGroup: false }'],
  ['live', 'roll.maxSurge', 'roll: { maxSurge: 2 }'],
  ['live', 'roll.maxUnavailable', 'roll: { maxUnavailable: 1 }'],
  ['live', 'roll.minReady', 'roll: { minReady: 1s }'],
  ['live', 'roll.pause', 'roll: { pause: 1s }'],
  ['live', 'roll.onFailure', 'roll: { onFailure: rollback }'],
  ['live', 'steering', 'steering: cbpf'],
  ['live', 'balance.policy', 'balance: { policy: load }'],
  ['live', 'balance.interval', 'balance: { interval: 50ms }'],
  ['live', 'balance.shed.automatic', 'balance: { shed: { automatic: true } }'],
  ['live', 'balance.shed.above', 'balance: { shed: { above: 2 } }'],
  ['live', 'balance.shed.perSecond', 'balance: { shed: { perSecond: 5% } }'],
  ['live', 'health.hungAfter', 'health: { hungAfter: never }'],
  ['roll', 'logs.stdout', 'logs: { stdout: none }'],
  ['roll', 'logs.stderr', 'logs: { stderr: none }'],
  ['live', 'logs.maxSize', 'logs: { maxSize: 1MB }'],
  ['live', 'logs.keep', 'logs: { keep: 3 }'],
  ['live', 'logs.compress', 'logs: { compress: false }'],
  ['live', 'logs.events', 'logs: { events: [stdout] }'],
  ['live', 'logs.capture', 'logs: { capture: 1KB }'],
  ['live', 'logs.maxAge', 'logs: { maxAge: 720h }'],
  ['restart', 'events.subscribe', 'events: { subscribe: [TICK_5] }, priority: 999'],
  ['live', 'events.buffer', 'events: { buffer: 20 }'],
  ['live', 'priority', 'priority: 1'],
];

test('the table has every option of a program', () => {
  expect(table.map(([, key]) => key)).toEqual(keys(treeOf(programSchema), ''));
});

test.each(table)('%s: %s', (cost, key, written) => {
  // Event listeners have no ports.
  const others = { listen: '', 'events.subscribe': 'listen: [], ' }[key] ?? 'listen: [{ port: 80 }], ';
  const then = key === 'events.subscribe' ? load(program('listen: []')) : before;
  expect(diffConfig(then, load(program(`${others}${written}`)))).toEqual({
    ...nothing,
    changed: [{ name: 'web', cost, keys: [key] }],
  });
});

test('the same config in other words changes nothing', () => {
  const words =
    'programs: { web: { listen: [{ backlog: 1024, port: 80 }], command: [node, a.js], stop: { killTimeout: 10000ms } } }';
  expect(diffConfig(before, load(words))).toEqual(nothing);
});

test('the order of variables and of programs means nothing', () => {
  const one = load('programs: { a: { command: x, environment: { A: 1s, B: x } }, b: { command: y } }');
  const other = load('programs: { b: { command: y }, a: { command: x, environment: { B: x, A: 1s } } }');
  expect(diffConfig(one, other)).toEqual(nothing);
});

test('any change of a port’s entry is a change of listen', () => {
  for (const entry of [
    'port: 80, host: 127.0.0.1',
    'port: 80, backlog: 5',
    'port: 80, name: http',
    'port: 80 }, { port: 81',
  ]) {
    const next = load(program(`listen: [{ ${entry} }]`));
    expect(diffConfig(before, next).changed).toEqual([{ name: 'web', cost: 'restart', keys: ['listen'] }]);
  }
});

test('the dearest key decides, and all are named', () => {
  const next = load(program('listen: [{ port: 80 }], workers: 1, priority: 2, environment: { A: b }'));
  expect(diffConfig(before, next).changed).toEqual([
    { name: 'web', cost: 'roll', keys: ['environment', 'workers', 'priority'] },
  ]);
});

test('programs come and go', () => {
  const next = load('programs: { api: { command: x }, jobs: { command: y } }');
  expect(diffConfig(before, next)).toEqual({ ...nothing, added: ['api', 'jobs'], removed: ['web'] });
});

test('changes of the daemon’s own options are named', () => {
  const text = program('listen: [{ port: 80 }]');
  const next = load(`supervisor: { logLevel: debug, controlSocket: { mode: '0660' }, runDir: /run/x }\n${text}`);
  expect(diffConfig(before, next)).toEqual({ ...nothing, supervisor: ['controlSocket.mode', 'runDir', 'logLevel'] });
});

test('hooks come, go and change, and touch no program', () => {
  const old = withHooks('a: { events: [fatal], url: "http://a" }, b: { events: [all], command: b }');
  const next = withHooks('c: { events: [all], command: b }, a: { events: [fatal, fatal], url: "http://a/x" }');
  expect(diffConfig(old, next)).toEqual({ ...nothing, hooks: { added: ['c'], removed: ['b'], changed: ['a'] } });
  expect(diffConfig(old, structuredClone(old))).toEqual(nothing);
  expect(diffConfig(old, JSON.parse(JSON.stringify(old)))).toEqual(nothing);
});

function withHooks(text: string) {
  return load(`hooks: { ${text} }\n${program('listen: [{ port: 80 }]')}`);
}

function program(rest: string): string {
  return `programs: { web: { ${rest.includes('command:') ? '' : 'command: node a.js, '}${rest} } }`;
}

function keys(tree: OptionTree, path: string): string[] {
  if (tree.is !== 'section') return [path];
  return Object.entries(tree.keys).flatMap(([key, inner]) => keys(inner, path === '' ? key : `${path}.${key}`));
}
