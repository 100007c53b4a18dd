import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import type { ProgramConfig } from '../config/schema.ts';
import { failure } from '../shared/errors.ts';
import { forSlot } from '../shared/percent-text.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type Account, accountOf } from './accounts.ts';
import { type ResolvedCommand, realDirectory, resolveCommand } from './command.ts';
import { readEnvFile } from './env-file.ts';
import { type LaunchTool, type LaunchTraits, type Tools, toolsFor } from './launch-line.ts';
import { findLogDirectories } from './log-files.ts';
import { isA } from './node-script.ts';
import { capability, effectiveCapabilities, hardLimit } from './proc-self.ts';
import type { Environment } from './worker-env.ts';

/** What a start of a slot's worker needs to be there, found before anything is started, so that check, start and roll name what is missing. */
export interface Launch {
  /** For this slot: the real directory, and in `environment` also what the envFile says. */
  readonly program: ProgramConfig;
  readonly command: ResolvedCommand;
  readonly traits: Omit<LaunchTraits, 'activated'>;
  readonly tools: Tools;
}

/** `env`: the daemon's. Errors: NO_FILE, NOT_EXECUTABLE, NO_LOG_DIRECTORY, NO_ACCOUNT, NOT_PRIVILEGED. */
export function prepareLaunch(configured: ProgramConfig, slot: number, env: Environment): Result<Launch> {
  const directory = realDirectory(configured.directory);
  if (!directory.ok) return directory;
  const ofFile = readEnvFile(configured.envFile);
  if (!ofFile.ok) return ofFile;
  const put = (text: string): string => forSlot(text, configured.name, slot);
  const own = Object.entries(configured.environment).map(([name, value]): [string, string] => [name, put(value)]);
  const program = {
    ...configured,
    directory: directory.value,
    command: configured.command.map(put),
    environment: { ...ofFile.value, ...Object.fromEntries(own) },
  };
  const command = resolveCommand(program.command, program.directory, { ...env, ...program.environment });
  if (!command.ok) return command;
  const logs = findLogDirectories(configured, slot);
  if (!logs.ok) return logs;
  const traits = traitsOf(program);
  if (!traits.ok) return traits;
  const tools = findTools(toolsFor({ ...traits.value, activated: false }));
  return tools.ok ? ok({ program, command: command.value, traits: traits.value, tools: tools.value }) : tools;
}

function traitsOf({ user, group, umask, nice, rlimits }: ProgramConfig): Result<Omit<LaunchTraits, 'activated'>> {
  const account: Result<Account | undefined> = accountOf(user, group);
  if (!account.ok) return account;
  const niceBy = nice === undefined ? 0 : nice - getPriority();
  if (niceBy < 0 && !hasCapability(capability.sysNice))
    return err(
      failure('NOT_PRIVILEGED', `nice: ${nice} is below the daemon’s own ${getPriority()}, which needs CAP_SYS_NICE`),
    );
  const tooHigh = limitTooHigh(rlimits);
  if (tooHigh !== undefined) return err(failure('NOT_PRIVILEGED', tooHigh));
  return ok({ umask, rlimits, niceBy, account: account.value });
}

/** prlimit(1) would say so too, but only in the log of a worker that does not start. */
function limitTooHigh(rlimits: ProgramConfig['rlimits']): string | undefined {
  const wanted = Object.entries(rlimits);
  if (wanted.length === 0 || hasCapability(capability.sysResource)) return undefined;
  const own = readFileSync('/proc/self/limits', 'utf8');
  for (const [name, limit] of wanted) {
    const most = hardLimit(own, limitTitles[name] ?? name) ?? Infinity;
    if (limit !== undefined && (limit.hard === 'unlimited' ? Infinity : limit.hard) > most)
      return `rlimits.${name}: ${limit.hard} is above the daemon’s own hard limit ${most}, which needs CAP_SYS_RESOURCE`;
  }
  return undefined;
}

function hasCapability(number: number): boolean {
  return effectiveCapabilities(readFileSync('/proc/self/status', 'utf8'))(number);
}

/** In /proc/self/limits (fs/proc/base.c, lnames). */
const limitTitles: Readonly<Record<string, string>> = {
  nofile: 'Max open files',
  nproc: 'Max processes',
  core: 'Max core file size',
  as: 'Max address space',
  data: 'Max data size',
  stack: 'Max stack size',
  memlock: 'Max locked memory',
  fsize: 'Max file size',
  cpu: 'Max cpu time',
};

/** util-linux and coreutils, which every distribution has; a small image may not. */
function findTools(wanted: readonly LaunchTool[]): Result<Tools> {
  const tools: Record<LaunchTool, string> = { prlimit: '', nice: '', setpriv: '' };
  for (const tool of wanted) {
    const found = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']
      .map((folder) => `${folder}/${tool}`)
      .find((path) => isA('file', path));
    if (found === undefined)
      return err(failure('NO_FILE', `there is no ${tool}(1)`, `Install ${packages[tool]}, or ${without[tool]}.`));
    tools[tool] = found;
  }
  return ok(tools);
}

const packages: Readonly<Record<LaunchTool, string>> = {
  prlimit: 'util-linux',
  nice: 'coreutils',
  setpriv: 'util-linux',
};
const without: Readonly<Record<LaunchTool, string>> = {
  prlimit: 'leave out rlimits',
  nice: 'leave out nice',
  setpriv: 'leave out user and group',
};
