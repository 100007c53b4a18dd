import type { LimitValue, ResourceLimit } from '../config/process-kinds.ts';
import { wordSet } from '../shared/word-set.ts';
import type { Account } from './accounts.ts';
import { throughShell } from './socket-activation.ts';

/**
 * What stands before a worker's own command when the kernel shall treat it differently from the daemon. Each tool becomes the next by
 * execve(2), so that the pid stays and a worker costs one process; 1 ms each, and none when nothing is asked. Doing it from outside,
 * with prlimit(2) on the child, would come after it runs; doing it in the daemon before fork(2) cannot be undone without privileges.
 * Pure.
 */
export interface LaunchTraits {
  /** Sets LISTEN_PID, sd_listen_fds(3). */
  readonly activated: boolean;
  readonly umask: number | undefined;
  readonly rlimits: Readonly<Record<string, ResourceLimit | undefined>>;
  /** What is to be added to the daemon's own niceness. */
  readonly niceBy: number;
  readonly account: Account | undefined;
}

/** By name: where they are. */
export type Tools = Readonly<Record<LaunchTool, string>>;
export type LaunchTool = 'prlimit' | 'nice' | 'setpriv';

export interface LaunchLine {
  readonly words: readonly [string, ...string[]];
  /** For the first of the words. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Limits and niceness may need privileges, so these are given up after them. What runs before that must not obey the program's variables: an
 * envFile may belong to the user. They come after setpriv(1), by env(1).
 */
export function launchLine(
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  traits: LaunchTraits,
  tools: Tools,
): LaunchLine {
  const { activated, umask, niceBy, account } = traits;
  const limits = limitFlags(traits.rlimits);
  const commands = [
    ...(activated ? ['export LISTEN_PID=$$'] : []),
    ...(umask === undefined ? [] : [`umask ${umask.toString(8).padStart(3, '0')}`]),
  ];
  const held = Object.entries(env).filter(([name]) => account !== undefined && isUnsafe(name));
  const before = [
    ...(limits.length === 0 ? [] : [tools.prlimit, ...limits, '--']),
    ...(niceBy === 0 ? [] : [tools.nice, '-n', String(niceBy), '--']),
    ...(account === undefined ? [] : [tools.setpriv, ...accountFlags(account), '--']),
    ...(held.length === 0 ? [] : ['/usr/bin/env', ...held.map(([name, value]) => `${name}=${value}`)]),
  ];
  const [file, ...args] = commands.length === 0 ? argv : throughShell(commands, argv, env);
  const [first, ...more] = [...before, file];
  const safe = held.length === 0 ? env : Object.fromEntries(Object.entries(env).filter(([name]) => !isUnsafe(name)));
  return { words: [first ?? file, ...more, ...args], env: safe };
}

/** Those that no program with more rights than its caller obeys (glibc, sysdeps/generic/unsecvars.h; ld.so(8)). */
function isUnsafe(name: string): boolean {
  return name.startsWith('LD_') || name.startsWith('MALLOC_') || unsafe.has(name);
}

const unsafe = wordSet(`
  GCONV_PATH GETCONF_DIR GLIBC_TUNABLES HOSTALIASES LOCALDOMAIN LOCPATH NIS_PATH NLSPATH RESOLV_HOST_CONF RES_OPTIONS TMPDIR TZDIR
`);

/** Which of them these traits take. */
export function toolsFor({ rlimits, niceBy, account }: LaunchTraits): readonly LaunchTool[] {
  return [
    ...(limitFlags(rlimits).length > 0 ? (['prlimit'] as const) : []),
    ...(niceBy === 0 ? [] : (['nice'] as const)),
    ...(account === undefined ? [] : (['setpriv'] as const)),
  ];
}

/** prlimit(1); sizes are bytes there. */
function limitFlags(rlimits: LaunchTraits['rlimits']): string[] {
  return Object.entries(rlimits).flatMap(([name, limit]) =>
    limit === undefined ? [] : [`--${name}=${valueOf(limit.soft)}:${valueOf(limit.hard)}`],
  );
}

function valueOf(limit: LimitValue): string {
  return String(limit);
}

/** setpriv(1). supervisord gives a user the groups that list him, and his own (datatypes.py, options.py drop_privileges). */
function accountFlags({ uid, gid, name }: Account): string[] {
  if (uid === undefined) return [`--regid=${gid}`, '--keep-groups'];
  return [`--reuid=${uid}`, `--regid=${gid}`, name === undefined ? '--clear-groups' : '--init-groups'];
}
