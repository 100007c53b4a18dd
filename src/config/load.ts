import { configBytesMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { checkConfig } from './checks.ts';
import { parseWith, treeOf } from './option.ts';
import { type Place, type Problem, problemOf, report } from './problems.ts';
import { type ConfigContext, resolveConfig } from './resolve.ts';
import { type Config, configSchema } from './schema.ts';
import { parseYaml } from './yaml-source.ts';

/**
 * text → Config. Reads no file: the caller does. Errors CONFIG_SYNTAX and CONFIG_INVALID hold up to ten lines, in the order
 * of the text, each with its place.
 */
export function loadConfig(text: string, context: ConfigContext): Result<Config> {
  const file = context.file ?? 'config';
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
  if (!source.ok) return err(report('CONFIG_SYNTAX', source.error.problems, source.error.locate));
  return validateConfig(source.value.value, context, source.value.locate);
}

/** The same for a value from elsewhere; `locate` says how its author knows each part of it. */
export function validateConfig(
  value: unknown,
  context: ConfigContext,
  locate: (problem: Problem) => Place,
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
  const config = resolveConfig(written.value, context);
  const problems = checkConfig(config);
  return problems.length > 0 ? err(report('CONFIG_INVALID', problems, locate)) : ok(config);
}
