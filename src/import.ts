import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, extname, resolve } from 'node:path';
import type { Flags, Reading } from './cli/command-line.ts';
import { importText } from './cli/render/import-text.ts';
import { processScreen } from './cli/screen.ts';
import { variablesIn } from './config/import/expand.ts';
import { importedYaml } from './config/import/imported-yaml.ts';
import { withoutJsonComments } from './config/import/json-comments.ts';
import type { Imported } from './config/import/outcome.ts';
import { importPm2 } from './config/import/pm2.ts';
import { importSupervisord } from './config/import/supervisord.ts';
import { loadConfig } from './config/load.ts';
import { treeOf } from './config/option.ts';
import { pathText, report } from './config/problems.ts';
import { configSchema } from './config/schema.ts';
import { parseYaml } from './config/yaml-source.ts';
import { availableCores } from './linux/cores.ts';
import { evaluateScript } from './linux/evaluate-script.ts';
import { glob } from './linux/glob.ts';
import { fail, surplus } from './say.ts';
import { assert } from './shared/assert.ts';
import { failure, messageOf } from './shared/errors.ts';
import { configBytesMax } from './shared/limits.ts';
import { err, ok, type Result } from './shared/result.ts';
import { writeFile } from './write-file.ts';

/** `portherd import FILE`: the config of another supervisor → a portherd.yaml. What became of each option is told on standard error. */
export function importConfig({ words, flags }: Reading): number {
  const [file, ...more] = words;
  if (file === undefined)
    return fail(failure('BAD_ARGUMENTS', 'import needs a file', 'For example `portherd import supervisord.conf`.'));
  if (more.length > 0) return fail(surplus(more));
  const output = flags.text('output');
  const imported = readAny(file, output, flags);
  if (!imported.ok) return fail(imported.error);
  const yaml = importedYaml(imported.value, treeOf(configSchema));
  const env = Object.fromEntries(variablesIn(yaml).map((name) => [name, '']));
  const directory = dirname(resolve(output ?? 'portherd.yaml'));
  const context = { file: output, directory, cores: availableCores(), env };
  const loaded = loadConfig(yaml, context);
  assert(loaded.ok, loaded.ok ? '' : `import made a config that is wrong: ${loaded.error.message}\n${yaml}`);
  if (output !== undefined) {
    const written = writeFile(output, yaml, flags.has('force'));
    if (!written.ok) return fail(written.error);
  }
  const screen = processScreen(!flags.has('no-color'));
  if (output === undefined) process.stdout.write(yaml);
  const columns = process.stderr.isTTY ? process.stderr.columns : 120;
  console.error(
    importText(imported.value, columns, process.stderr.isTTY ? screen.paint : (_, text) => text).join('\n'),
  );
  return 0;
}

function readAny(file: string, output: string | undefined, flags: Flags): Result<Imported> {
  const path = resolve(file);
  const text = readText(path);
  if (!text.ok)
    return err(
      failure('NO_FILE', `cannot read ${file}: ${text.error}`, 'Name a supervisord.conf or a PM2 process file.'),
    );
  const extension = extname(path).toLowerCase();
  const isPm2 = /^\.([cm]?js|json|ya?ml)$/.test(extension);
  if (!isPm2) {
    return importSupervisord({
      file,
      text: text.value,
      directory: dirname(path),
      host: hostname(),
      env: process.env,
      glob,
      read: readText,
    });
  }
  const { HOME: home } = process.env;
  const beside = dirname(path) === (output === undefined ? process.cwd() : dirname(resolve(output)));
  const common = {
    file,
    env: flags.text('env'),
    cores: availableCores(),
    home,
    base: beside ? undefined : dirname(path),
  };
  if (extension.endsWith('js')) {
    const value = script(file, path, flags.has('trust'));
    if (!value.ok) return value;
    const locate = ({ path: inside }: { readonly path: readonly (string | number)[] }) => ({
      label: inside.length === 0 ? file : `${file}: ${pathText(inside)}`,
      order: 0,
    });
    return importPm2({ ...common, value: value.value, locate });
  }
  const source = parseYaml(extension === '.json' ? withoutJsonComments(text.value) : text.value, file);
  if (!source.ok)
    return err({
      ...report('CONFIG_SYNTAX', source.error.problems, source.error.locate),
      advice: `Correct it in ${file}.`,
    });
  return importPm2({ ...common, ...source.value });
}

function script(file: string, path: string, trusted: boolean): Result<unknown> {
  if (!trusted) {
    return err(
      failure(
        'BAD_ARGUMENTS',
        `${file} is a script: what it says is known only when it is run, and it may do anything that you may`,
        'Look at it, then run this again with --trust. JSON and YAML need no trust.',
      ),
    );
  }
  const value = evaluateScript(path);
  return value.ok ? value : err(failure('CONFIG_INVALID', `${file}: ${value.error}`, 'Does `node` run it?'));
}

function readText(path: string): Result<string, string> {
  try {
    const { size } = statSync(path);
    if (size > configBytesMax) return err(`it has ${size} bytes; at most ${configBytesMax} are read`);
    return ok(readFileSync(path, 'utf8'));
  } catch (thrown) {
    return err(messageOf(thrown));
  }
}
