import { expect, test } from 'vitest';
import { serveConfig } from '../../../src/config/serve.ts';
import { forSlot } from '../../../src/shared/percent-text.ts';
import { context, load } from './load-text.ts';

test('a script and a port are a config with every default', () => {
  const served = serveConfig({ script: 'app.js', port: 8080, context });
  const written = load('programs: { app: { command: [node, /srv/app/config/app.js], listen: [{ port: 8080 }] } }');
  expect(served).toEqual({ ok: true, value: { ...written, file: undefined } });
});

test('flags are taken as the command line has them', () => {
  const served = serveConfig({ script: '/x/y.mjs', port: '80', workers: '3', host: '127.0.0.1', name: 'web', context });
  expect(served.ok && served.value.programs[0]).toMatchObject({
    name: 'web',
    workers: 3,
    command: ['node', '/x/y.mjs'],
    listen: [{ port: 80, host: '127.0.0.1' }],
  });
});

test.each([
  ['50%', 2],
  ['auto', 4],
  [1, 1],
])('--workers %s', (workers, count) => {
  const served = serveConfig({ script: 'a.js', port: 1, workers, context });
  expect(served.ok && served.value.programs[0]?.workers).toBe(count);
});

test.each([
  ['./srv/my app.mjs', 'my-app'],
  ['server.cjs', 'server'],
  ['.hidden.js', 'hidden'],
  ['all.js', 'app'],
  ['é.js', 'app'],
  ['dir/', 'dir'],
  [`${'x'.repeat(80)}.js`, 'x'.repeat(64)],
])('the script %s gives the program its name: %s', (script, name) => {
  const served = serveConfig({ script, port: 1, context });
  expect(served.ok && served.value.programs[0]?.name).toBe(name);
});

test('a script’s name is taken as it is, % and all', () => {
  const served = serveConfig({ script: '/x/%(slot)d%%.js', port: 80, context });
  expect(served.ok && served.value.programs[0]?.command.map((word) => forSlot(word, 'web', 1))).toEqual([
    'node',
    '/x/%(slot)d%%.js',
  ]);
});

test('errors name the flags, all of them', () => {
  const served = serveConfig({ script: '', port: '70000', workers: 'many', host: 'localhost', context });
  expect(!served.ok && [served.error.code, ...served.error.message.split('\n')]).toEqual([
    'CONFIG_INVALID',
    'SCRIPT: missing; write a command line such as node server.js, or a list of its words',
    '--port: 70000 is not valid; write a whole number from 1 to 65535',
    '--host: "localhost" is not valid; write 127.0.0.1 or ::1',
    '--workers: "many" is not valid; write auto, a whole number from 1 to 512, or a share of the cores from 1% to 1000%',
  ]);
});

test('so does a name that is none', () => {
  const served = serveConfig({ script: 'a.js', port: 1, name: 'a b', context });
  expect(!served.ok && served.error.message).toBe(
    '--name: not a name for a program; write 1 to 64 letters, digits, dots, _ or -, the first a letter or digit',
  );
});
