import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Reading } from './cli/command-line.ts';
import { type FirstConfig, firstConfig } from './config/first-config.ts';
import { loadConfig } from './config/load.ts';
import { readManifest } from './config/manifest.ts';
import { resolveCommand } from './linux/command.ts';
import { availableCores } from './linux/cores.ts';
import { isA } from './linux/node-script.ts';
import { fail, say, surplus } from './say.ts';
import { assert } from './shared/assert.ts';
import { failure, messageOf } from './shared/errors.ts';
import { configBytesMax } from './shared/limits.ts';
import { err, ok, type Result } from './shared/result.ts';
import { exists, writeFile } from './write-file.ts';

/** `portherd init [DIR]`: a first portherd.yaml next to a package.json. Never replaces one unless it is forced. */
export function init({ words, flags }: Reading): number {
  const [given = '.', ...more] = words;
  if (more.length > 0) return fail(surplus(more));
  const port = portOf(flags.text('port'));
  if (!port.ok) return fail(port.error);
  const directory = resolve(given);
  const made = make(directory, port.value);
  if (!made.ok) return fail(made.error);
  const written = write(directory, made.value.text, flags.has('force'));
  if (!written.ok) return fail(written.error);
  return say(report(made.value, directory, written.value));
}

function portOf(text: string | undefined): Result<number | undefined> {
  if (text === undefined) return ok(undefined);
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return ok(port);
  return err(failure('BAD_ARGUMENTS', `--port ${text} is not a port`, 'A port is a number from 1 to 65535.'));
}

function make(directory: string, port: number | undefined): Result<FirstConfig> {
  const path = join(directory, 'package.json');
  const text = readText(path);
  if (!text.ok) return text;
  const manifest = readManifest(text.value, path);
  if (!manifest.ok) return manifest;
  const schema = './node_modules/portherd/config/schema.json';
  return firstConfig({
    manifest: manifest.value,
    isFile: (name) => isA('file', join(directory, name)),
    port,
    schema: existsSync(join(directory, schema)) ? schema : undefined,
  });
}

function readText(path: string): Result<string> {
  const advice =
    'Name the directory of an app with a package.json; for other programs see config/examples of portherd.';
  try {
    const its = lstatSync(realpathSync(path));
    const { size } = its;
    // Reading a FIFO would wait for ever.
    if (!its.isFile()) return err(failure('NO_FILE', `${path} is not a regular file`, advice));
    if (size > configBytesMax) return err(failure('CONFIG_INVALID', `${path} has ${size} bytes`, advice));
    return ok(readFileSync(path, 'utf8'));
  } catch (thrown) {
    return err(failure('NO_FILE', `cannot read ${path}: ${messageOf(thrown)}`, advice));
  }
}

function write(directory: string, text: string, force: boolean): Result<string> {
  const there = ['portherd.yaml', 'portherd.yml'].map((name) => join(directory, name)).find((path) => exists(path));
  return writeFile(there ?? join(directory, 'portherd.yaml'), text, force);
}

function report(made: FirstConfig, directory: string, path: string): string {
  const { text, program, command, port, portGuessed, otherPort } = made;
  const config = loadConfig(text, { file: path, directory, cores: availableCores() });
  assert(config.ok, config.ok ? '' : `init wrote a config that is wrong: ${config.error.message}`);
  const missing = config.value.programs.flatMap((its) => {
    const found = resolveCommand(its.command, its.directory, { ...process.env, ...its.environment });
    return found.ok ? [] : [`Note: ${found.error.message}. Build the app first?`];
  });
  const here = relative(process.cwd(), directory) === '';
  const file = here ? '' : ` -c ${relative(process.cwd(), path)}`;
  const steps = [
    [`npx portherd check${file}`, 'is it right?'],
    [`npx portherd run${file}`, 'run it; Ctrl-C drains and stops'],
    ['npx portherdctl status', 'meanwhile, in another terminal'],
    [`npx portherd unit${file}`, 'a systemd unit for it'],
  ];
  const width = Math.max(...steps.map(([line = '']) => line.length)) + 2;
  return [
    `Wrote ${relative(process.cwd(), path)}: ${program} runs \`${command}\` on port ${port}, one worker per core.`,
    ...(portGuessed ? ['The port is a guess: write the app’s own in the file.'] : []),
    ...(otherPort === undefined ? [] : [`Note: the start script says port ${otherPort}.`]),
    ...missing,
    '',
    'Next:',
    ...steps.map(([line = '', meaning = '']) => `  ${line.padEnd(width)}${meaning}`),
  ].join('\n');
}
