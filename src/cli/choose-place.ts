import { tmpdir } from 'node:os';
import type { Result } from '../shared/result.ts';
import { ok } from '../shared/result.ts';
import { socketPath } from '../shared/socket-path.ts';
import type { Flags } from './command-line.ts';
import type { ConfigPlace } from './config-place.ts';
import { basic, type DaemonPlace, parsePlace } from './place.ts';

/**
 * Which daemon is meant: -s, else what the config of -c says, else $PORTHERD_SOCKET, else where a daemon of this user puts its socket.
 * Credentials: -u and -p (or $PORTHERD_PASSWORD, which others do not see in ps), else the config's.
 */
export async function choosePlace(flags: Flags): Promise<Result<DaemonPlace>> {
  const file = flags.text('config');
  const config = file === undefined ? undefined : await fromConfig(file);
  if (config?.ok === false) return config;
  const own = config?.value.socket;
  const written = flags.text('socket') ?? own ?? process.env['PORTHERD_SOCKET'];
  const authorization = givenAuthorization(flags) ?? config?.value.authorization;
  if (written !== undefined && written !== '') return parsePlace(written, authorization);
  const uid = process.getuid?.() ?? 0;
  return ok({ is: 'socket', path: socketPath({ option: undefined, env: process.env, uid, tmpdir: tmpdir() }) });
}

/** Of -u and -p. */
export function givenAuthorization(flags: Flags): string | undefined {
  const username = flags.text('username');
  return username === undefined
    ? undefined
    : basic(username, flags.text('password') ?? process.env['PORTHERD_PASSWORD'] ?? '');
}

/** Loaded for -c alone: YAML and the schema take as long as everything else together. */
async function fromConfig(file: string): Promise<Result<ConfigPlace>> {
  return (await import('./config-place.ts')).configPlace(file);
}
