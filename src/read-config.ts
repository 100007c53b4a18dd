import { existsSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { loadConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { availableCores } from './linux/cores.ts';
import { failure, messageOf } from './shared/errors.ts';
import { configBytesMax } from './shared/limits.ts';
import { err, type Result } from './shared/result.ts';
import { socketPath } from './shared/socket-path.ts';

/** The config that `path` holds now, with this machine's number of cores. */
export function readConfig(path: string): Result<Config> {
  const context = { file: path, directory: dirname(path), cores: availableCores() };
  try {
    const { size } = statSync(path);
    if (size > configBytesMax)
      return err(failure('CONFIG_INVALID', `${path} has ${size} bytes; a config has at most ${configBytesMax}`));
    return loadConfig(readFileSync(path, 'utf8'), context);
  } catch (thrown) {
    return err(failure('CONFIG_NOT_FOUND', `cannot read the config ${path}: ${messageOf(thrown)}`));
  }
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
