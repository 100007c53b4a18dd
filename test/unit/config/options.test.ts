import { describe, expect, test } from 'vitest';
import { type OptionTree, treeOf } from '../../../src/config/option.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { load, optionIn, refusal, web, withOption } from './load-text.ts';
import { optionCases } from './option-cases.ts';

test('every option of the schema has its row in the table of good and bad values, and nothing else has', () => {
  expect(leaves(treeOf(configSchema), '').toSorted()).toEqual(Object.keys(optionCases).toSorted());
});

describe.each(Object.entries(optionCases))('%s', (path, { good, bad }) => {
  test.each(good)('%s is read', (written, value) => {
    expect(optionIn(load(withOption(path, written)), path)).toEqual(value);
  });

  test.each(bad)('%s is refused', (written, text) => {
    const [code, line, ...more] = refusal(withOption(path, written));
    expect([code, more]).toEqual(['CONFIG_INVALID', []]);
    expect(line).toBe(`config/portherd.yaml:${place(path, written)}: ${text}`);
  });
});

test('what is left out has its default', () => {
  expect(web('programs: { web: { command: node server.js, listen: [{ port: 8080 }] } }')).toEqual({
    name: 'web',
    command: ['node', 'server.js'],
    directory: '/srv/app/config',
    environment: {},
    rlimits: {},
    stdin: 'pipe',
    workers: 4,
    listen: [{ name: '8080', host: '::', port: 8080, backlog: 1024 }],
    bind: 'slot',
    autostart: true,
    autorestart: 'unexpected',
    exitCodes: [0],
    startRetries: 5,
    backoff: { initial: 100, max: 30_000, factor: 2, jitter: 0.2, resetAfter: 10_000 },
    readiness: { type: 'listening', path: '/', timeout: 30_000 },
    stop: {
      signal: 'SIGTERM',
      drainTimeout: 30_000,
      idleTimeout: 10_000,
      killTimeout: 10_000,
      group: false,
      killGroup: true,
    },
    roll: { maxSurge: 1, maxUnavailable: 0, minReady: 2_000, pause: 0, onFailure: 'abort' },
    steering: 'auto',
    balance: { policy: 'connections', interval: 100, shed: { automatic: false, above: 1.25, perSecond: 0.2 } },
    health: { hungAfter: 30_000 },
    logs: {
      stdout: 'auto',
      stderr: 'auto',
      maxSize: 52_428_800,
      keep: 10,
      compress: true,
      maxAge: 'never',
      events: [],
      capture: 'never',
    },
    events: { subscribe: [], buffer: 10 },
    priority: 999,
  });
});

test('the daemon has defaults too, and no ports are a program’s default', () => {
  const config = load('programs: { web: { command: node } }');
  expect(config.supervisor).toEqual({
    controlSocket: { path: undefined, mode: 0o600 },
    http: { host: '127.0.0.1', names: [], passwordFile: undefined, tokenFile: undefined },
    runDir: undefined,
    logDir: undefined,
    logFile: undefined,
    logLevel: 'info',
    exitOnFatal: false,
  });
  expect(config.hooks).toEqual([]);
  expect(config.programs[0]?.listen).toEqual([]);
  expect(config.file).toBe('config/portherd.yaml');
});

test('every option says what it does in one sentence or more, on one line', () => {
  for (const doc of docs(treeOf(configSchema))) expect(doc).toMatch(/^[^\n]{5,130}\.$/);
});

/** Line and column of what a text of the table is told for: the value, or the item whose path the text begins with. */
function place(path: string, written: string): string {
  const text = withOption(path, written);
  const [first = '', second] = text.split('\n');
  const marker = optionCases[path]?.marks?.[written] ?? written;
  const line = second === undefined || /^(supervisor|hooks|include)/.test(path) ? first : second;
  return `1:${line.lastIndexOf(marker) + 1}`;
}

function leaves(tree: OptionTree, path: string): string[] {
  if (tree.is === 'option') return [path];
  if (tree.is === 'map') return leaves(tree.of, path === 'programs' ? '' : `${path}.${tree.sample}`);
  if (tree.is === 'list') return leaves(tree.of, `${path}[]`);
  return Object.entries(tree.keys).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

function docs(tree: OptionTree): string[] {
  if (tree.is === 'option') return [tree.doc];
  if (tree.is === 'section') return [tree.doc, ...Object.values(tree.keys).flatMap(docs)];
  return [tree.doc, ...docs(tree.of)];
}
