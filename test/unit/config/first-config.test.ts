import { expect, test } from 'vitest';
import { type FirstConfig, firstConfig } from '../../../src/config/first-config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { readManifest } from '../../../src/config/manifest.ts';
import type { ProgramConfig } from '../../../src/config/schema.ts';
import { forSlot } from '../../../src/shared/percent-text.ts';
import { Dice } from '../../sim/dice.ts';

/** What `portherd init` makes of a package.json. Every file that it writes must load. */
interface Made extends FirstConfig {
  readonly config: ProgramConfig;
}

function make(manifest: object, { port, files = [] }: { port?: number; files?: readonly string[] } = {}): Made {
  const read = readManifest(JSON.stringify(manifest), 'package.json');
  if (!read.ok) throw new Error(read.error.message);
  const isFile = (path: string): boolean => files.includes(path);
  const made = firstConfig({ manifest: read.value, isFile, port, schema: './schema.json' });
  if (!made.ok) throw new Error(made.error.message);
  const loaded = loadConfig(made.value.text, { file: '/app/portherd.yaml', directory: '/app', cores: 4 });
  if (!loaded.ok) throw new Error(`${loaded.error.message}\n${made.value.text}`);
  const [config] = loaded.value.programs;
  if (config === undefined || loaded.value.programs.length !== 1) throw new Error('not one program');
  return { ...made.value, config };
}

test.for([
  ['node server.js', ['node', 'server.js'], {}],
  [
    'node --enable-source-maps dist/main.js --verbose',
    ['node', '--enable-source-maps', 'dist/main.js', '--verbose'],
    {},
  ],
  ['  node   .  ', ['node', '.'], {}],
  ["node 'my app.js'", ['node', 'my app.js'], {}],
  ['NODE_ENV=production node x.js', ['node', 'x.js'], { NODE_ENV: 'production' }],
  ['cross-env NODE_ENV=production A="b c" node x.js', ['node', 'x.js'], { NODE_ENV: 'production', A: 'b c' }],
  ['EMPTY= node x.js', ['node', 'x.js'], { EMPTY: '' }],
] as const)('the start script `%s` becomes node itself', ([start, command, environment]) => {
  const { config } = make({ scripts: { start } });
  expect(config.command).toEqual(command);
  expect(config.environment).toEqual(environment);
});

test('a % in the start script means to a worker what it means there', () => {
  const { config } = make({ scripts: { start: "FORMAT='%%d %(slot)d 5%' node x.js '%(name)s'" } });
  const told = (text: string): string => forSlot(text, config.name, 3);
  expect(config.command.map(told)).toEqual(['node', 'x.js', '%(name)s']);
  expect(told(config.environment['FORMAT'] ?? '')).toBe('%%d %(slot)d 5%');
});

test.for([
  'next start',
  'nodemon server.js',
  'node',
  'node a.js && node b.js',
  'node a.js | pino-pretty',
  'node a.js > log',
  'node $FILE',
  'node dist/*.js',
  'node ~/x.js',
  'node a.js\nnode b.js',
  'node "a.js',
  'NODE_ENV=production next start',
  'PORT=1',
])('the start script `%s` needs npm and its shell', (start) => {
  const { config, text } = make({ scripts: { start } });
  expect(config.command).toEqual(['npm', 'start']);
  expect(config.readiness.timeout).toBe(90_000);
  expect(text).toContain('faster and needs less memory');
});

test.for([
  [{ main: 'lib/app.js' }, ['lib/app.js'], 'lib/app.js'],
  [{ main: 'lib/app.js' }, ['lib/app.js', 'server.js'], 'server.js'],
  [{ main: 'gone.js' }, ['index.js', 'app.js'], 'index.js'],
  [{}, ['app.js'], 'app.js'],
  [{ scripts: { start: '  ' }, main: 7 }, ['index.js'], 'index.js'],
] as const)('without a start script %j with %j runs %s', ([manifest, files, script]) => {
  expect(make(manifest, { files }).config.command).toEqual(['node', script]);
});

test('without anything to start there is an error that says what to add', () => {
  expect(() => make({ main: 'gone.js' })).toThrow('no start script');
});

test.for([
  [{ start: 'node x.js' }, undefined, 3000, true, undefined],
  [{ start: 'node x.js' }, 81, 81, false, undefined],
  [{ start: 'PORT=4000 node x.js' }, undefined, 4000, false, undefined],
  [{ start: 'node x.js --port 4001' }, undefined, 4001, false, undefined],
  [{ start: 'node x.js --port=4002' }, undefined, 4002, false, undefined],
  [{ start: 'next start -p 4003' }, undefined, 4003, false, undefined],
  [{ start: 'next start -p 4003' }, 81, 81, false, 4003],
  [{ start: 'node x.js --port 70000' }, undefined, 3000, true, undefined],
] as const)('the port of %j, asked for %s, is %i', ([scripts, asked, port, guessed, other]) => {
  const made = make({ scripts }, asked === undefined ? {} : { port: asked });
  expect(made.config.listen).toMatchObject([{ port }]);
  // It comes from `listen`, and has one place.
  expect(made.config.environment).not.toHaveProperty('PORT');
  expect(made).toMatchObject({ port, portGuessed: guessed, otherPort: other });
  expect(made.text.includes('a guess')).toBe(guessed);
});

test.for([
  ['@us/shop', 'shop'],
  ['shop', 'shop'],
  ['all', 'app'],
  ['.hidden', 'hidden'],
  [undefined, 'app'],
  ['123', '123'],
  ['true', 'true'],
])('the program of package %s is %s', ([name, program]) => {
  expect(make({ name, scripts: { start: 'node x.js' } })).toMatchObject({ program, config: { name: program } });
});

test('a prestart script is mentioned where it would no longer run', () => {
  expect(make({ scripts: { start: 'node x.js', prestart: 'tsc' } }).text).toContain('prestart');
  expect(make({ scripts: { start: 'tsx x.ts', prestart: 'tsc' } }).text).not.toContain('prestart');
});

test('editors are told of the schema', () => {
  expect(make({ scripts: { start: 'node x.js' } }).text.split('\n')[0]).toBe(
    '# yaml-language-server: $schema=./schema.json',
  );
});

test('whatever the start script and the name are, the file loads', () => {
  const seed = 20_260_801;
  const dice = new Dice(seed);
  const bits = [
    'node ',
    'x.js',
    ' ',
    '"',
    "'",
    '\\',
    '#',
    ': ',
    '\n',
    '\u0007',
    '\u0085',
    '\u2028',
    '%',
    'A=',
    'ü',
    '{',
    '-',
    '`',
    '!',
  ];
  for (let round = 0; round < 1_000; round++) {
    const text = (): string => Array.from({ length: 1 + dice.below(8) }, () => dice.pick(bits)).join('');
    expect(() => make({ name: text(), main: 'x.js', scripts: { start: text() } }, { files: ['x.js'] })).not.toThrow();
  }
});

test.for([
  ['{', 'not JSON'],
  ['[]', 'does not hold an object'],
  ['null', 'does not hold an object'],
])('a package.json of %s is refused', ([text, why]) => {
  const read = readManifest(text ?? '', '/a/package.json');
  expect(read).toMatchObject({
    ok: false,
    error: { code: 'CONFIG_INVALID', message: expect.stringContaining(why ?? '') },
  });
});
