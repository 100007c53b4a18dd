import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { IncludedText } from '../../../src/config/resolve.ts';
import { ok } from '../../../src/shared/result.ts';
import { context } from './load-text.ts';

const main = 'include: [conf.d/*.yaml]\nprograms:\n  web: { command: node, directory: web }\n';

function load(text: string, files: Readonly<Record<string, string>>): ReturnType<typeof loadConfig> {
  const found = Object.entries(files).map(([file, held]): IncludedText => {
    return { file: `conf.d/${file}`, directory: '/etc/conf.d', text: held };
  });
  return loadConfig(text, { ...context, include: () => ok(found) });
}

const lines = (text: string, files: Readonly<Record<string, string>>): readonly string[] => {
  const loaded = load(text, files);
  return loaded.ok ? [] : loaded.error.message.split('\n');
};

test('programs of all files are joined in their order, and each one’s paths start at its own file', () => {
  const loaded = load(main, {
    'api.yaml': 'programs: { api: { command: x, directory: srv, logs: { stdout: log/a } } }',
    'empty.yaml': '# nothing yet\n',
    'jobs.yaml': 'programs: { jobs: { command: y, envFile: .env } }',
  });
  expect(loaded.ok && loaded.value.programs).toMatchObject([
    { name: 'web', directory: '/srv/app/config/web' },
    { name: 'api', directory: '/etc/conf.d/srv', logs: { stdout: '/etc/conf.d/log/a' } },
    { name: 'jobs', directory: '/etc/conf.d', envFile: '/etc/conf.d/.env' },
  ]);
});

test('a file may consist of includes only', () => {
  const loaded = load('include: [x]', { 'a.yaml': 'programs: { a: { command: x } }' });
  expect(loaded.ok && loaded.value.programs.map(({ name }) => name)).toEqual(['a']);
});

test('a program that is written twice is told with both places', () => {
  expect(lines(main, { 'a.yaml': 'programs:\n  web: { command: x }\n' })).toEqual([
    'conf.d/a.yaml:2:3: programs.web: this program is also at config/portherd.yaml:3:3; keep one of them',
  ]);
});

test('what is wrong in an included file is told with its place there, after what is wrong before', () => {
  const files = { 'a.yaml': 'programs:\n  a: { command: x, workrs: 1 }\n', 'b.yaml': 'programs: { b: {} }' };
  expect(lines(main.replace('command: node', 'command: 3'), files)).toEqual([
    'config/portherd.yaml:3:19: programs.web.command: 3 is not valid; write a command line such as node server.js, or a list of its words',
    'conf.d/a.yaml:2:20: programs.a.workrs: unknown key; did you mean "workers"?',
    'conf.d/b.yaml:1:13: programs.b.command: missing; write a command line such as node server.js, or a list of its words',
  ]);
});

test('ports are compared across files', () => {
  const port = 'listen: [{ port: 80 }]';
  const text = main.replace('directory: web', port);
  expect(lines(text, { 'a.yaml': `programs: { a: { command: x, ${port} } }` })).toEqual([
    expect.stringContaining('conf.d/a.yaml:1:47: programs.a.listen[0].port: 80 on :: is already taken by program web'),
  ]);
});

test.each([
  [
    'supervisor: {}',
    'conf.d/a.yaml:1:1: supervisor: an included file holds programs only; write this in the first file',
  ],
  [
    'include: [b.yaml]',
    'conf.d/a.yaml:1:1: include: an included file holds programs only; write this in the first file',
  ],
  ['[]', 'conf.d/a.yaml:1:1: not a config; write a map with programs in it'],
  ['programs: 3', 'conf.d/a.yaml:1:1: programs: write a map of names to programs'],
])('%j is nothing to include', (text, line) => {
  expect(lines(main, { 'a.yaml': text })).toEqual([line]);
});

test('an included file that is no YAML is a syntax error with its place', () => {
  const loaded = load(main, { 'a.yaml': 'programs: [' });
  expect(loaded.ok ? '' : loaded.error.code).toBe('CONFIG_SYNTAX');
  expect(loaded.ok ? '' : loaded.error.message).toMatch(/^conf\.d\/a\.yaml:1:12: /);
});
