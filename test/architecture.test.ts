import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { errorCodes } from '../src/shared/errors.ts';
import { stateCodes } from '../src/shared/states.ts';

/** The house rules that a machine can check. This file is the authority on who may import whom. */
const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

/** `types`: only `import type`. npm packages are named; `node:` stands for all of Node. */
const allowed: Record<
  string,
  { values: readonly string[]; types?: readonly string[]; npm?: readonly string[]; node?: true }
> = {
  shared: { values: [] },
  config: { values: ['shared'], npm: ['zod', 'yaml'] },
  core: { values: ['shared'], types: ['config'] },
  protocol: { values: ['shared'], types: ['core'] },
  supervisor: { values: ['shared', 'config', 'core', 'protocol'] },
  linux: {
    values: [
      'shared',
      'config',
      'protocol',
      'supervisor/ports.ts',
      'supervisor/ports-control.ts',
      'supervisor/ports-events.ts',
      'supervisor/ports-hooks.ts',
      'supervisor/ports-logs.ts',
      'supervisor/ports-rpc.ts',
      'supervisor/ports-stdin.ts',
      'supervisor/ports-survival.ts',
      'supervisor/ports-steering.ts',
    ],
    types: ['core'],
    node: true,
    npm: ['koffi', 'pino', 'pino-pretty', 'pidusage', 'systeminformation', 'fastify', 'sax'],
  },
  worker: { values: ['shared', 'protocol'], node: true },
  cli: { values: ['shared', 'config', 'protocol'], node: true, npm: ['yargs'] },
  // Entries and wiring: main.ts, ctl.ts, portherd.ts, daemon.ts, first-steps.ts.
  '': { values: ['shared', 'config', 'core', 'protocol', 'supervisor', 'linux', 'cli'], node: true },
};

interface Import {
  readonly from: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const texts = new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')]));
const imports = files.flatMap(importsOf);

test('the tree is there, and every folder has its row in the table', () => {
  expect(files.length).toBeGreaterThan(60);
  expect(imports.length).toBeGreaterThan(200);
  expect([...new Set(files.map(folderOf))].toSorted()).toEqual(Object.keys(allowed).toSorted());
});

test('every import is one that its folder may make', () => {
  const forbidden = imports.filter((one) => !isAllowed(one)).map(({ from, target }) => `${from} → ${target}`);
  expect(forbidden).toEqual([]);
});

test('each npm package is imported by exactly one file, and is a dependency', () => {
  const users = new Map<string, Set<string>>();
  for (const { from, target } of imports) {
    if (!isPackage(target)) continue;
    users.set(target, (users.get(target) ?? new Set()).add(from));
  }
  const manifest: { dependencies: object } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect([...users].filter(([, by]) => by.size !== 1)).toEqual([]);
  expect([...users.keys()].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
});

test('no import goes round in a circle', () => {
  const arrows = new Map(files.map((file) => [file, valuesOf(file)]));
  const done = new Set<string>();
  const circle = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of arrows.get(file) ?? []) {
      const found = circle(next, [...path, file]);
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  expect(files.map((file) => circle(file, [])).find((found) => found !== undefined)).toBeUndefined();
});

test('every file can be reached from an executable, the preload or the app’s interface', () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { from, target } of imports)
      if (from === file && target.startsWith('.')) visit(targetFile(from, target));
  };
  for (const entry of ['main.ts', 'ctl.ts', 'worker/preload.ts', 'worker/app.ts']) visit(entry);
  const generators = [
    'config/reference.ts',
    'config/example-yaml.ts',
    'config/yaml-value.ts',
    'config/shipped-units.ts',
  ];
  expect(files.filter((file) => !reached.has(file) && !generators.includes(file))).toEqual([]);
});

test('no file is over 300 lines, and the median is at most 120', () => {
  const lengths = [...texts].map(([file, text]) => ({ file, lines: text.split('\n').length - 1 }));
  expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
  const sorted = lengths.map(({ lines }) => lines).toSorted((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(120);
});

test('core and config know no clock, no process and no logger', () => {
  const impure = /\b(?:Date|setTimeout|setInterval|setImmediate|process\.|console|performance)\b(?=[.(])/;
  const pure = files.filter((file) => /^(?:core|config|shared|protocol)\//.test(file));
  expect(pure.filter((file) => impure.test(codeOf(file)))).toEqual([]);
});

test('every state is in the picture above it', () => {
  for (const file of ['core/seat.ts', 'core/departure.ts']) {
    const text = texts.get(file) ?? '';
    const picture = text.slice(text.indexOf('/**'), text.indexOf('export type '));
    const union = text.slice(text.indexOf('export type '), text.indexOf(';\n\n', text.indexOf('export type ')));
    const states = [...union.matchAll(/is: '(\w+)'/g)].map(([, state]) => state ?? '');
    expect(states.length).toBeGreaterThan(3);
    expect(states.filter((state) => !picture.includes(state))).toEqual([]);
  }
  const seats = [...(texts.get('core/seat.ts') ?? '').matchAll(/is: '([A-Z]+)'/g)].map(([, state]) => state ?? '');
  expect(seats.every((state) => Object.hasOwn(stateCodes, state))).toBe(true);
});

test('every error code is used, and every code used is registered', () => {
  const elsewhere = [...texts].filter(([file]) => file !== 'shared/errors.ts').map(([, text]) => text);
  const unused = Object.keys(errorCodes).filter(
    (code) => !elsewhere.some((text) => text.includes(`'${code}'`) || text.includes(`${code}:`)),
  );
  expect(unused).toEqual([]);
});

test('only the folders that were agreed on are visible at the top', () => {
  const visible = readdirSync(root).filter((name) => !name.startsWith('.') && !['node_modules', 'dist'].includes(name));
  const agreed = [
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'DECISIONS.md',
    'LICENSE',
    'README.md',
    'config',
    'package-lock.json',
    'package.json',
  ];
  expect(visible.toSorted()).toEqual([...agreed, 'src', 'systemd', 'test', 'tsconfig.json'].toSorted());
});

/** Without comments and texts. */
function codeOf(file: string): string {
  return (texts.get(file) ?? '').replace(/\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'|`[^`]*`/g, '');
}

function importsOf(file: string): readonly Import[] {
  const text = texts.get(file) ?? '';
  const statements = [...text.matchAll(/^(?:import|export)\s+(type\s)?([^;'"]*?)from\s+'([^']+)'/gm)].map(
    ([, type, names, target]) => {
      const inline = /^\{(?:\s*type\s[^,}]+,?)+\s*\}\s*$/.test(names ?? '');
      return { from: file, target: target ?? '', typeOnly: type !== undefined || inline };
    },
  );
  const others = [...text.matchAll(/\bimport(?:\(|\s+)'([^']+)'/g)].map(([, target]) => ({
    from: file,
    target: target ?? '',
    typeOnly: false,
  }));
  return [...statements, ...others];
}

function isAllowed({ from, target, typeOnly }: Import): boolean {
  const folder = folderOf(from);
  const rule = allowed[folder];
  if (rule === undefined) return false;
  if (target.startsWith('node:')) return rule.node === true;
  if (isPackage(target)) return rule.npm?.includes(target) === true;
  const file = targetFile(from, target);
  if (!existsSync(join(src, file))) return false;
  const to = folderOf(file);
  const open = typeOnly ? [...rule.values, ...(rule.types ?? [])] : rule.values;
  return to === folder || open.includes(to) || open.includes(file);
}

function valuesOf(file: string): readonly string[] {
  return imports
    .filter(({ from, target, typeOnly }) => from === file && target.startsWith('.') && !typeOnly)
    .map(({ target }) => targetFile(file, target));
}

function targetFile(from: string, target: string): string {
  return relative(src, resolve(src, dirname(from), target));
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : '';
}

function isPackage(target: string): boolean {
  return !target.startsWith('.') && !target.startsWith('node:');
}
