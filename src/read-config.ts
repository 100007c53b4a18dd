import { existsSync, readFileSync, statSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { loadConfig } from './config/load.ts';
import type { IncludedText } from './config/resolve.ts';
import type { Config } from './config/schema.ts';
import { availableCores } from './linux/cores.ts';
import { glob } from './linux/glob.ts';
import { failure, messageOf } from './shared/errors.ts';
import { configBytesMax, includedFilesMax } from './shared/limits.ts';
import { err, ok, type Result } from './shared/result.ts';
import { socketPath } from './shared/socket-path.ts';

/** The config that `path` holds now, with this machine's number of cores. */
export function readConfig(path: string): Result<Config> {
  const context = {
    file: path,
    directory: dirname(path),
    cores: availableCores(),
    env: process.env,
    host: hostname(),
    include: (pattern: string) => included(pattern, path),
  };
  try {
    const { size } = statSync(path);
    if (size > configBytesMax)
      return err(failure('CONFIG_INVALID', `${path} has ${size} bytes; a config has at most ${configBytesMax}`));
    return loadConfig(readFileSync(path, 'utf8'), context);
  } catch (thrown) {
    return err(failure('CONFIG_NOT_FOUND', `cannot read the config ${path}: ${messageOf(thrown)}`));
  }
}

/** A name without a pattern's characters must be there; a pattern may match nothing, as a directory that is filled later. */
function included(pattern: string, main: string): Result<readonly IncludedText[], string> {
  const whole = resolve(dirname(main), pattern);
  const files = glob(whole).filter((file) => file !== main);
  if (files.length > includedFilesMax)
    return err(`${files.length} files match it; at most ${includedFilesMax} are read`);
  if (files.length === 0 && !/[*?[]/.test(pattern)) return err(`there is no file ${whole}`);
  const texts: IncludedText[] = [];
  for (const file of files) {
    try {
      const { size } = statSync(file);
      if (size > configBytesMax) return err(`${file} has ${size} bytes; a config has at most ${configBytesMax}`);
      texts.push({ file, directory: dirname(file), text: readFileSync(file, 'utf8') });
    } catch (thrown) {
      return err(`cannot read ${file}: ${messageOf(thrown)}`);
    }
  }
  return ok(texts);
}

/** -c FILE, else the one in this directory, whether it is there or not. */
export function configPath(given: string | undefined): string {
  return resolve(given ?? (existsSync('portherd.yaml') ? 'portherd.yaml' : 'portherd.yml'));
}

/** The daemon's, with this config or without one. Absolute. `given`: -s SOCKET. */
export function controlSocket(given: string | undefined, config: Config | undefined): string {
  const option = given ?? process.env['PORTHERD_SOCKET'] ?? config?.supervisor.controlSocket.path;
  return resolve(socketPath({ option, env: process.env, uid: process.getuid?.() ?? 0, tmpdir: tmpdir() }));
}
