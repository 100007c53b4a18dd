import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importText } from '../../../../src/cli/render/import-text.ts';
import { variablesIn } from '../../../../src/config/import/expand.ts';
import { importedYaml } from '../../../../src/config/import/imported-yaml.ts';
import { withoutJsonComments } from '../../../../src/config/import/json-comments.ts';
import type { Imported } from '../../../../src/config/import/outcome.ts';
import { importPm2, type Pm2Source } from '../../../../src/config/import/pm2.ts';
import { importSupervisord } from '../../../../src/config/import/supervisord.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import { treeOf } from '../../../../src/config/option.ts';
import type { Config } from '../../../../src/config/schema.ts';
import { configSchema } from '../../../../src/config/schema.ts';
import { parseYaml } from '../../../../src/config/yaml-source.ts';
import { glob } from '../../../../src/linux/glob.ts';
import { describeError } from '../../../../src/shared/errors.ts';
import { err, ok, type Result } from '../../../../src/shared/result.ts';

/** The example configs of other supervisors, imported on a machine that is always the same: four cores, one home, three variables. */
const fixtures = join(import.meta.dirname, '../../../fixtures/import');
const env = { HOME: '/home/app', PATH: '/usr/bin', DB_PASSWORD: 'hunter2', HEAP_MB: '512' };

export type Kind = 'supervisord' | 'pm2';

export function fixtureNames(kind: Kind): readonly string[] {
  return readdirSync(join(fixtures, kind)).toSorted();
}

export function expected(kind: Kind, name: string, file: string): string {
  return join(fixtures, kind, name, file);
}

export async function importFixture(kind: Kind, name: string): Promise<Imported> {
  const directory = join(fixtures, kind, name);
  if (kind === 'supervisord')
    return value(supervisord(readFileSync(join(directory, 'supervisord.conf'), 'utf8'), directory));
  const file = readdirSync(directory).find((one) => !one.startsWith('expected')) ?? '';
  const path = join(directory, file);
  const chosen = name === 'one-app' || name === 'express-cluster' ? 'production' : undefined;
  if (/\.[cm]js$/.test(file)) {
    const loaded: unknown = await import(path);
    const exported = JSON.parse(JSON.stringify(defaultOf(loaded)));
    return value(pm2(exported, { file, env: chosen }));
  }
  return value(pm2Text(readFileSync(path, 'utf8'), { file, env: chosen }));
}

/** Paths of the includes are shown without where this repository lies. */
export function supervisord(text: string, directory = '/etc/supervisor'): Result<Imported> {
  const inside = (path: string): string => path.replace('/etc/supervisor', directory);
  return importSupervisord({
    file: 'supervisord.conf',
    text,
    directory: '/etc/supervisor',
    host: 'box',
    env,
    glob: (pattern) => glob(inside(pattern)).map((path) => path.replace(directory, '/etc/supervisor')),
    read: (path) => (existsSync(inside(path)) ? ok(readFileSync(inside(path), 'utf8')) : err('it is not there')),
  });
}

const locate: Pm2Source['locate'] = ({ path }) => ({ label: `eco.cjs: ${path.join('.')}`, order: 0 });

export function pm2(exported: unknown, source: Partial<Pm2Source> = {}): Result<Imported> {
  return importPm2({
    file: 'eco.cjs',
    locate,
    env: undefined,
    cores: 4,
    home: env.HOME,
    base: undefined,
    value: exported,
    ...source,
  });
}

export function pm2Text(text: string, source: Partial<Pm2Source> = {}): Result<Imported> {
  const read = parseYaml(withoutJsonComments(text), source.file ?? 'eco.json');
  if (!read.ok) throw new Error(read.error.problems.map((one) => one.text).join('\n'));
  return pm2(undefined, { ...source, ...read.value });
}

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(describeError(result.error));
  return result.value;
}

export function yamlOf(imported: Imported): string {
  return importedYaml(imported, treeOf(configSchema));
}

export function summaryOf(imported: Imported): string {
  return `${importText(imported, 120, (_colour, text) => text).join('\n')}\n`;
}

/** What portherd itself makes of it. */
export function load(yaml: string): Config {
  const set = Object.fromEntries(variablesIn(yaml).map((name) => [name, `<${name}>`]));
  const loaded = loadConfig(yaml, { file: '/srv/portherd.yaml', directory: '/srv', cores: 4, env: set });
  if (!loaded.ok) throw new Error(`${loaded.error.message}\n${yaml}`);
  return loaded.value;
}

function defaultOf(loaded: unknown): unknown {
  return typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : loaded;
}
