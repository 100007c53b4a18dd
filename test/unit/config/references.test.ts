import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/config/load.ts';
import { type OptionTree, treeOf } from '../../../src/config/option.ts';
import { references } from '../../../src/config/reference.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { load, withOption } from './load-text.ts';
import { optionCases } from './option-cases.ts';

const folder = new URL('../../../config/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const generated = references();

test.each(Object.entries(generated))('config/%s is fresh (else: npm run gen)', (name, text) => {
  expect(read(name)).toBe(text);
});

test('OPTIONS.md has a heading for every top key, and a row for every other', () => {
  for (const key of allKeys(treeOf(configSchema))) {
    expect(generated['OPTIONS.md']).toMatch(new RegExp(`^(## ${key}(\\.NAME)?$|[|] \`${key}\` [|] )`, 'm'));
  }
});

describe('full-example.yaml', () => {
  const text = generated['full-example.yaml'] ?? '';

  test('loads, and says nothing but defaults beside its examples', () => {
    const plain = load(
      'hooks: { page: { events: [problems], command: logger --tag portherd } }\n' +
        'programs: { web: { command: node server.js, listen: [{ port: 8080 }], environment: { NODE_ENV: production } } }',
    );
    expect(load(text)).toEqual(plain);
  });

  test('has every key, those without a default in a comment', () => {
    for (const key of allKeys(treeOf(configSchema))) expect(text).toMatch(new RegExp(`^ *(# )?${key}:`, 'm'));
  });

  test('its commented keys load too', () => {
    const config = load(text.replaceAll(/^( *)# (path|runDir|logDir|logFile|name): (?!.*\.$)/gm, '$1$2: '));
    expect(config.supervisor).toMatchObject({
      controlSocket: { path: '/srv/app/config/run/control.sock' },
      runDir: '/srv/app/config/run',
      logDir: '/srv/app/config/log',
      logFile: '/srv/app/config/log/portherd.log',
    });
    expect(config.programs[0]?.listen[0]?.name).toBe('http');
  });
});

describe('schema.json', () => {
  const schema: Parameters<typeof z.fromJSONSchema>[0] = JSON.parse(generated['schema.json'] ?? '');
  const editor = z.fromJSONSchema(schema);
  const accepts = (text: string): boolean => editor.safeParse(parse(text)).success;

  test('is of draft 2020-12, and closed', () => {
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: false,
      required: ['programs'],
      properties: { programs: { additionalProperties: { required: ['command'], additionalProperties: false } } },
    });
  });

  test.each(Object.entries(optionCases))('takes what the loader takes for %s', (path, { good, loaderOnly }) => {
    const usual = good.filter(([written]) => !loaderOnly?.includes(written));
    for (const [written] of usual) expect([written, accepts(withOption(path, written))]).toEqual([written, true]);
  });

  test.each(['programs: { web: {} }', 'programs: { web: { command: a, workrs: 1 } }', 'supervisor: {}'])(
    'refuses %s',
    (text) => {
      expect(accepts(text)).toBe(false);
    },
  );

  test.each(Object.keys(optionCases))('refuses a map that means nothing for %s', (path) => {
    expect(accepts(withOption(path, '{ nonsense: [] }'))).toBe(false);
  });

  test('describes every option', () => {
    const text = generated['schema.json'] ?? '';
    for (const doc of docs(treeOf(configSchema))) expect(text).toContain(JSON.stringify(doc));
  });
});

describe('what is shipped in config/ loads', () => {
  const examples = readdirSync(new URL('examples/', folder)).filter((name) => name.endsWith('.yaml'));
  const files = ['portherd.yaml', ...examples.map((name) => `examples/${name}`)];

  test('there are examples for the usual servers', () => {
    const names = ['express', 'fastify', 'gunicorn', 'npm-start', 'two-ports'].map((name) => `examples/${name}.yaml`);
    expect(files).toEqual(expect.arrayContaining(names));
  });

  test.each(files)('%s', (file) => {
    const loaded = loadConfig(read(file), { file, directory: folder.pathname, cores: 2 });
    expect(loaded).toMatchObject({ ok: true });
  });

  test('npm start runs the demo on 127.0.0.1:8080, once per core', () => {
    const loaded = loadConfig(read('portherd.yaml'), { file: 'portherd.yaml', directory: '/app/config', cores: 2 });
    expect(loaded.ok && loaded.value.programs).toMatchObject([
      {
        name: 'demo',
        command: ['node', 'demo/server.js'],
        directory: '/app/config',
        workers: 2,
        listen: [{ host: '127.0.0.1', port: 8080 }],
      },
    ]);
  });
});

function allKeys(tree: OptionTree): string[] {
  if (tree.is === 'option') return [];
  if (tree.is !== 'section') return allKeys(tree.of);
  const own = Object.entries(tree.keys);
  return own.flatMap(([key, inner]) => [key, ...allKeys(inner)]);
}

function docs(tree: OptionTree): string[] {
  if (tree.is === 'option') return [tree.doc];
  if (tree.is === 'section') return Object.values(tree.keys).flatMap(docs);
  return [tree.doc, ...docs(tree.of)];
}
