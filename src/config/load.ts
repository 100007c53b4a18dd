import { configBytesMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { checkConfig } from './checks.ts';
import { expandHooks } from './expand-hook.ts';
import { expandProgram } from './expand-options.ts';
import { type ConfigSource, type IncludedFile, joinIncluded } from './include.ts';
import { parseWith, treeOf } from './option.ts';
import { type Place, type Problem, problemOf, report } from './problems.ts';
import { type ConfigContext, resolveConfig } from './resolve.ts';
import { type Config, configSchema, includeSchema } from './schema.ts';
import { parseYaml } from './yaml-source.ts';

/**
 * text → Config. Reads no file: the caller does. Errors CONFIG_SYNTAX and CONFIG_INVALID hold up to ten lines, in the order
 * of the text, each with its place.
 */
export function loadConfig(text: string, context: ConfigContext): Result<Config> {
  const source = parseText(text, context.file ?? 'config');
  if (!source.ok) return source;
  const included = readIncluded(source.value, context);
  if (!included.ok) return included;
  const joined = joinIncluded(source.value, included.value);
  if (!joined.ok) return err(report('CONFIG_INVALID', joined.error.problems, joined.error.locate));
  return validateConfig(joined.value.value, context, joined.value.locate, joined.value.homes);
}

/** The same for a value from elsewhere; `locate` says how its author knows each part of it. `homes`: see include.ts. */
export function validateConfig(
  value: unknown,
  context: ConfigContext,
  locate: (problem: Problem) => Place,
  homes: ReadonlyMap<string, string> = new Map(),
): Result<Config> {
  const written = parseWith(configSchema, value);
  if (!written.ok) {
    const tree = treeOf(configSchema);
    return err(
      report(
        'CONFIG_INVALID',
        written.error.map((issue) => problemOf(issue, tree)),
        locate,
      ),
    );
  }
  const names = { env: context.env ?? {}, host: context.host ?? 'localhost' };
  const expanded = Object.entries(written.value.programs).map(
    ([name, program]) => [name, expandProgram(name, program, names)] as const,
  );
  const programs = Object.fromEntries(expanded.map(([name, { program }]) => [name, program]));
  const hooks = expandHooks(written.value.hooks, names);
  const config = resolveConfig({ ...written.value, programs, hooks: hooks.hooks }, context, homes);
  const problems = [...expanded.flatMap(([, one]) => one.problems), ...hooks.problems, ...checkConfig(config)];
  return problems.length > 0 ? err(report('CONFIG_INVALID', problems, locate)) : ok(config);
}

function parseText(text: string, file: string): Result<ConfigSource> {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > configBytesMax) {
    const tooLong: Problem = {
      path: [],
      at: 'value',
      text: `${bytes} bytes long; a config has at most ${configBytesMax}, so this is probably another file`,
    };
    return err(report('CONFIG_INVALID', [tooLong], () => ({ label: file, order: 0 })));
  }
  const source = parseYaml(text, file);
  return source.ok ? source : err(report('CONFIG_SYNTAX', source.error.problems, source.error.locate));
}

/** What is wrong with `include` itself is told together with all else, by the schema. */
function readIncluded({ value, locate }: ConfigSource, { include }: ConfigContext): Result<readonly IncludedFile[]> {
  const patterns = parseWith(
    includeSchema,
    typeof value === 'object' && value !== null ? Reflect.get(value, 'include') : undefined,
  );
  if (!patterns.ok) return ok([]);
  const files: IncludedFile[] = [];
  const seen = new Set<string>();
  for (const [index, pattern] of patterns.value.entries()) {
    const found = include?.(pattern) ?? err('files are included only by a file');
    if (!found.ok)
      return err(report('CONFIG_INVALID', [{ path: ['include', index], at: 'value', text: found.error }], locate));
    for (const { file, directory, text } of found.value) {
      if (seen.has(file)) continue;
      seen.add(file);
      const source = parseText(text, file);
      if (!source.ok) return source;
      files.push({ ...source.value, directory });
    }
  }
  return ok(files);
}
