import { didYouMean } from '../../shared/did-you-mean.ts';
import { slotsMax } from '../../shared/limits.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type Path, type Place, type Problem, report } from '../problems.ts';
import { ProgramNames } from './names.ts';
import { type Draft, type Imported, none, type Note, noteOf, type Outcome, type Settings } from './outcome.ts';
import { type AppView, canonicalNames } from './pm2-app.ts';
import { chosenEnvironment, mergedEnvironment } from './pm2-environment.ts';
import { appRules } from './pm2-rules.ts';
import { isRecord, shown, textOf } from './pm2-values.ts';
import { PortsTaken } from './ports.ts';

export interface Pm2Source {
  /** As messages show it. */
  readonly file: string;
  /** What the file holds, or what it evaluates to. */
  readonly value: unknown;
  /** Where a part of it is written. */
  readonly locate: (problem: Problem) => Place;
  /** --env */
  readonly env: string | undefined;
  readonly cores: number;
  readonly home: string | undefined;
  /** See AppView. */
  readonly base: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * A PM2 process file → programs of portherd. Every option written in it has a note; the options themselves are in the tables of
 * pm2-rules.ts. Errors: CONFIG_INVALID, for what PM2 refuses.
 */
export function importPm2(source: Pm2Source): Result<Imported> {
  const root = withoutMergeKeys(source.value);
  const problems: Problem[] = textsWithNul(root, []);
  const { apps, at, notes } = appsOf(root);
  const common: Common = { source, problems, names: new ProgramNames(), ports: new PortsTaken() };
  const programs = apps.flatMap((app, index) => {
    const path = [...at, ...(at.length === 0 && !Array.isArray(root) ? [] : [index])];
    if (isRecord(app)) return programsOf(app, path, common);
    problems.push({ path, at: 'value', text: `${shown(app)} is no app` });
    return [];
  });
  if (apps.length === 0) problems.push({ path: [], at: 'value', text: 'no apps in it' });
  const chosen = `env_${source.env}`;
  const absentEnv = source.env !== undefined && !apps.some((app) => isRecord(app) && Object.hasOwn(app, chosen));
  if (absentEnv) problems.push({ path: [], at: 'value', text: `no app has ${chosen}` });
  if (problems.length > 0) {
    return err({
      ...report('CONFIG_INVALID', problems, source.locate),
      advice: absentEnv && problems.length === 1 ? envAdvice(apps) : 'Correct it there; PM2 refuses it, too.',
    });
  }
  const daemon = { name: '', from: '', settings: {}, notes };
  return ok({ kind: 'PM2', file: source.file, daemon, programs });
}

/** PM2 only warns, and goes on without: in a file that is made once, a slip of the pen would stay. */
function envAdvice(apps: readonly unknown[]): string {
  const names = new Set(apps.flatMap((app) => (isRecord(app) ? Object.keys(app) : [])));
  const envs = [...names].filter((name) => name.startsWith('env_')).map((name) => name.slice('env_'.length));
  return envs.length === 0 ? 'Leave --env away.' : `There is --env ${envs.join(', --env ')}.`;
}

interface Common {
  readonly source: Pm2Source;
  readonly problems: Problem[];
  readonly names: ProgramNames;
  readonly ports: PortsTaken;
}

/** PM2 takes { apps: [...] }, { pm2: [...] }, a list of apps, or one app. */
function appsOf(root: unknown): { apps: readonly unknown[]; at: Path; notes: readonly Note[] } {
  if (Array.isArray(root)) return { apps: root, at: [], notes: [] };
  if (!isRecord(root)) return { apps: root === undefined || root === null ? [] : [root], at: [], notes: [] };
  const key = ['apps', 'pm2'].find((one) => root[one] !== undefined);
  if (key === undefined) return { apps: Object.keys(root).length === 0 ? [] : [root], at: [], notes: [] };
  const notes = Object.keys(root)
    .filter((one) => one !== key)
    .map((one) => noteOf('PM2', one, '', topLevel[one] ?? none('PM2 knows nothing of that name at the top')));
  return { apps: [root[key]].flat(), at: [key], notes };
}

const canonical = canonicalNames(appRules);

const topLevel: Readonly<Record<string, ReturnType<typeof none>>> = {
  deploy: none(
    'portherd does not deploy',
    'your own deploy (`pm2 deploy` works without a PM2 daemon), then `portherdctl roll`',
  ),
  static: none('portherd serves no files', 'a web server'),
};

function programsOf(app: Fields, path: Path, common: Common): readonly Draft[] {
  const { source, names, ports } = common;
  const get = (option: string): unknown =>
    Object.keys(app).flatMap((key) => (canonical.get(key) === option && app[key] !== null ? [app[key]] : []))[0];
  const appended = get('append_env_to_name') === true && source.env !== undefined ? `-${source.env}` : '';
  const wanted = `${textOf(get('name') ?? nameOf(get('script')))}${appended}`;
  const environment = mergedEnvironment(get('env'), app[`env_${source.env}`], get('port'));
  const { env: chosen, home, base, cores } = source;
  const view = { get, environment, ports, chosen, home, base, workers: workersOf(get('instances'), cores) };
  const variable = get('increment_var');
  const count = Math.min(slotsMax, view.workers === 'auto' ? cores : view.workers);
  if (typeof variable !== 'string' || count === 1) {
    return [draft(app, path, { ...view, name: names.take(wanted), apart: false }, common)];
  }
  const first = Number(environment[variable]) || 0;
  return Array.from({ length: count }, (_, index) => {
    const own = { ...environment, [variable]: String(first + index) };
    const one = { ...view, workers: 1, environment: own, name: names.take(`${wanted}-${index}`), apart: true };
    return draft(app, path, one, common, index > 0);
  });
}

/** `again`: its like has told everything already. */
function draft(app: Fields, path: Path, view: AppView, { problems }: Common, again = false): Draft {
  const notes: Note[] = [];
  // What PM2 sends, and apps are written for.
  let settings: Settings = { 'stop.signal': 'INT' };
  const apply = (key: string | undefined, outcome: Outcome): void => {
    if (outcome.fate === 'wrong')
      problems.push({ path: [...path, ...(key === undefined ? [] : [key])], at: 'value', text: outcome.text });
    else {
      settings = { ...settings, ...outcome.set };
      if (key !== undefined && !again) notes.push(noteOf(view.name, key, app[key], outcome));
    }
  };
  for (const [option, { absent, read }] of Object.entries(appRules)) {
    const key = Object.keys(app).find(
      (one) => canonical.get(one) === option && app[one] !== null && app[one] !== undefined,
    );
    const value = key === undefined ? absent : app[key];
    if (value !== undefined) apply(key, read(value, view));
  }
  for (const key of Object.keys(app)) {
    if (canonical.has(key)) continue;
    if (/^env_\S/.test(key)) apply(key, chosenEnvironment(key, view));
    else apply(key, none(`PM2 knows no such option${meant(key, [...canonical.keys()])}`));
  }
  const from = `${path.length === 0 ? 'the app' : path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join('')}${again ? ', another process of it' : ''}`;
  return { name: view.name, from, settings, notes };
}

function workersOf(instances: unknown, cores: number): number | 'auto' {
  if (instances === undefined) return 1;
  const count = instances === 'max' ? 0 : Number.parseInt(textOf(instances), 10) || 0;
  if (count === 0) return 'auto';
  return count > 0 ? count : Math.max(1, cores + count);
}

/** PM2's: the script's file name without its extension. */
function nameOf(script: unknown): string {
  const file = typeof script === 'string' ? script.trim().replace(/^.*\//, '') : '';
  return file.replace(/(?<=.)\.[^.]*$/, '');
}

function meant(key: string, known: readonly string[]): string {
  const near = didYouMean(key, known);
  return near === undefined ? '' : `; did it mean ${near}?`;
}

/** No path, argument or variable can hold one. */
function textsWithNul(value: unknown, path: Path): Problem[] {
  if (typeof value === 'string') return value.includes('\0') ? [{ path, at: 'value', text: 'it holds a NUL' }] : [];
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, one]) => textsWithNul(one, [...path, key]));
}

/** YAML 1.1's `<<: *defaults`, which js-yaml knows. */
function withoutMergeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMergeKeys);
  if (!isRecord(value)) return value;
  const merged = [value['<<']].flat().filter(isRecord).map(withoutMergeKeys);
  const { '<<': _, ...own } = value;
  return Object.assign(
    {},
    ...merged.toReversed(),
    Object.fromEntries(Object.entries(own).map(([key, one]) => [key, withoutMergeKeys(one)])),
  );
}
