import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SupervisorConfig } from '../config/schema.ts';
import { failure, messageOf } from '../shared/errors.ts';
import { sweepWaitMsMax } from '../shared/limits.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type DaemonLock, takeDaemonLock } from './daemon-lock.ts';
import { clearSocket } from './stale-socket.ts';
import type { Environment } from './worker-env.ts';

/** Where a daemon keeps its files, and its claim on them. */
export interface RunDir {
  readonly path: string;
  readonly controlSocket: string;
  readonly channelSocket: string;
  readonly logDir: string;
  readonly lock: DaemonLock;
}

/**
 * Creates or verifies the run directory, takes its lock, clears away the sockets of a daemon that died, and makes the
 * log directory ready. One daemon a directory; a sweep is waited for. `inherited`: its sockets are ours, from before this process
 * replaced itself.
 *
 * Errors: RUN_DIR_UNSAFE, DAEMON_RUNNING (names the pid), RUN_DIR_BUSY (a sweep that does not end), LOG_DIR_UNUSABLE,
 * CONFIG_INVALID (a path too long for a socket).
 */
export async function claimRunDir(
  controlSocket: string,
  config: Pick<SupervisorConfig, 'runDir' | 'logDir'>,
  env: Environment,
  inherited = false,
): Promise<Result<RunDir>> {
  const control = resolve(controlSocket);
  const path = resolve(config.runDir ?? dirname(control));
  const channelSocket = join(path, 'workers.sock');
  const logDir = logDirOf(path, config.logDir, env);

  const safe = secureDirectory(path);
  if (!safe.ok) return safe;
  const lock = await lockAfterSweep(join(path, 'portherd.lock'));
  if (!lock.ok) return lock;
  const stale = inherited ? [] : [control, channelSocket];
  for (const check of [...stale.map((socket) => () => clearSocket(socket)), async () => usable(logDir)]) {
    const checked = await check();
    if (checked.ok) continue;
    lock.value.release();
    return checked;
  }
  return ok({ path, controlSocket: control, channelSocket, logDir, lock: lock.value });
}

async function lockAfterSweep(path: string): Promise<Result<DaemonLock>> {
  const since = performance.now();
  for (;;) {
    const lock = takeDaemonLock(path);
    if (lock.ok || lock.error.code !== 'RUN_DIR_BUSY' || performance.now() - since > sweepWaitMsMax) return lock;
    await sleep(lookMs);
  }
}

const lookMs = 20;

/** The config's, systemd's (LogsDirectory=), the system's for the system's daemon, else next to the sockets. */
export function logDirOf(
  runDir: string,
  configured: string | undefined,
  env: Environment,
  uid = process.geteuid?.(),
): string {
  if (configured !== undefined) return resolve(configured);
  const [ofSystemd] = (env['LOGS_DIRECTORY'] ?? '').split(':');
  if (ofSystemd !== undefined && ofSystemd !== '') return ofSystemd;
  return uid === 0 && runDir === '/run/portherd' ? '/var/log/portherd' : join(runDir, 'log');
}

/**
 * Whoever may write to it could take the place of the control socket; whoever may read it sees what is there. So what exists is refused
 * rather than mended: it may be somebody's home or project. To pass through it is what workers of other users may (admit-others.ts).
 */
function secureDirectory(path: string): Result<undefined> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const stat = lstatSync(path);
    const unsafe = (why: string): Result<never> => err(failure('RUN_DIR_UNSAFE', `run directory ${path} ${why}`));
    if (stat.isSymbolicLink()) return unsafe('is a symbolic link');
    if (stat.uid !== process.geteuid?.()) return unsafe(`belongs to uid ${stat.uid}`);
    const mode = stat.mode & 0o7777;
    if ((mode & 0o066) !== 0) return unsafe(`has mode 0${mode.toString(8)}`);
    return ok();
  } catch (thrown) {
    return err(failure('RUN_DIR_UNSAFE', `cannot make the run directory ${path}: ${messageOf(thrown)}`));
  }
}

function usable(logDir: string): Result<undefined> {
  try {
    mkdirSync(logDir, { recursive: true, mode: 0o750 });
    accessSync(logDir, constants.W_OK | constants.X_OK);
    return ok();
  } catch (thrown) {
    return err(failure('LOG_DIR_UNUSABLE', `cannot write to the log directory ${logDir}: ${messageOf(thrown)}`));
  }
}
