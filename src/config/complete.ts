import { assert } from '../shared/assert.ts';
import type { HookConfig } from './hook-config.ts';
import { validateConfig } from './load.ts';
import type { Config, ProgramConfig, SupervisorConfig } from './schema.ts';

/**
 * Configs that another version of portherd has resolved: what it did not know yet has its default, within sections too. What only that
 * version knew stays, and means nothing.
 */
export function completeProgram(old: ProgramConfig): ProgramConfig {
  const [program] = defaults().programs;
  assert(program !== undefined, 'the smallest config has one program');
  const { listen, ...rest } = program;
  const whole = structuredClone(old);
  fill(whole, rest);
  for (const one of whole.listen) fill(one, listen[0]);
  return whole;
}

export function completeSupervisor(old: SupervisorConfig): SupervisorConfig {
  const whole = structuredClone(old);
  fill(whole, defaults().supervisor);
  return whole;
}

export function completeHook(old: HookConfig): HookConfig {
  const [hook] = defaults().hooks;
  assert(hook !== undefined, 'the smallest config has one hook');
  const { command: _, ...rest } = hook;
  const whole = structuredClone(old);
  fill(whole, rest);
  return whole;
}

function fill(value: unknown, whole: unknown): void {
  if (!isMap(value) || !isMap(whole)) return;
  for (const [key, byDefault] of Object.entries(whole)) {
    const given: unknown = Reflect.get(value, key);
    if (given === undefined) Reflect.set(value, key, structuredClone(byDefault));
    else fill(given, byDefault);
  }
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of the smallest config; where it lies does not matter, since no default is a path that an old config could lack. */
function defaults(): Config {
  const smallest = {
    programs: { any: { command: ['any'], listen: [{ port: 1 }] } },
    hooks: { any: { events: ['all'], command: ['any'] } },
  };
  const context = { file: undefined, directory: '/', cores: 1 };
  const read = validateConfig(smallest, context, () => ({ label: '', order: 0 }));
  assert(read.ok, 'the smallest config is good');
  return read.value;
}
