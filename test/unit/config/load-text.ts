import { loadConfig } from '../../../src/config/load.ts';
import type { Config, ProgramConfig } from '../../../src/config/schema.ts';
import { err, ok } from '../../../src/shared/result.ts';
import type { ErrorCode } from '../../../src/shared/errors.ts';

/** A machine with four cores, and files that no test reads. */
export const context = {
  file: 'config/portherd.yaml',
  directory: '/srv/app/config',
  cores: 4,
  env: { REGION: 'eu 100%' },
  host: 'north',
  include: (pattern: string) => (pattern.startsWith('gone') ? err(`there is no file ${pattern}`) : ok([])),
} as const;

export function load(text: string): Config {
  const loaded = loadConfig(text, context);
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

/** The program `web` of a text. */
export function web(text: string): ProgramConfig {
  const found = load(text).programs.find(({ name }) => name === 'web');
  if (found === undefined) throw new Error('no program web');
  return found;
}

/** What is said about a text that must not load: the code, then the lines. */
export function refusal(text: string): readonly [ErrorCode, ...string[]] {
  const loaded = loadConfig(text, context);
  if (loaded.ok) throw new Error(`it loads: ${JSON.stringify(loaded.value)}`);
  return [loaded.error.code, ...loaded.error.message.split('\n')];
}

/** A config with one option written: `stop.signal`, `listen[].port`, `supervisor.logLevel`; `value` is YAML. */
export function withOption(path: string, value: string): string {
  const steps = path.split('.');
  if (steps[0] === 'supervisor')
    return `supervisor: ${nested(steps.slice(1), value)}\nprograms: { web: { command: node } }`;
  if (steps[0] === 'hooks') return withHookOption(steps.slice(2), value);
  if (path === 'include') return `include: ${value}\nprograms: { web: { command: node } }`;
  if (path === 'command') return `programs: { web: { command: ${value} } }`;
  if (path === 'listen[].port') return `programs: { web: { command: node, listen: [{ port: ${value} }] } }`;
  if (steps[0] === 'listen[]') {
    return `programs: { web: { command: node, listen: [{ port: 1234, ${steps[1]}: ${value} }] } }`;
  }
  return `programs: { web: { command: node, ${steps[0]}: ${nested(steps.slice(1), value)} } }`;
}

/** A hook called page, with a URL where it takes one. */
function withHookOption([key = '', ...rest]: readonly string[], value: string): string {
  const target = key === 'headers' ? 'url: "http://h", ' : key === 'command' || key === 'url' ? '' : 'command: a, ';
  const events = key === 'events' ? '' : 'events: [all], ';
  return `hooks: { page: { ${events}${target}${key}: ${nested(rest, value)} } }\nprograms: { web: { command: node } }`;
}

function nested(steps: readonly string[], value: string): string {
  const [step, ...rest] = steps;
  return step === undefined ? value : `{ ${step}: ${nested(rest, value)} }`;
}

/** The value at such a path in what was loaded. */
export function optionIn(config: Config, path: string): unknown {
  // What was included is in `programs`.
  if (path === 'include') return config.programs.length;
  const root: unknown = path.startsWith('supervisor.') || path.startsWith('hooks.') ? config : config.programs[0];
  return path
    .replace('hooks.page', 'hooks.0')
    .replace('[]', '.0')
    .split('.')
    .reduce<unknown>((at, step) => (typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined), root);
}
