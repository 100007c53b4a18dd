import { assert } from '../shared/assert.ts';
import { slotsMax } from '../shared/limits.ts';
import { escapePercent } from '../shared/percent-text.ts';
import { resolvePath } from '../shared/resolve-path.ts';
import type { Result } from '../shared/result.ts';
import { listensToEvents } from './events-schema.ts';
import { resolveHook } from './hook-config.ts';
import { errorLogWords, logWords } from './logs-schema.ts';
import type { Workers } from './program-kinds.ts';
import type { Config, ProgramConfig, SupervisorConfig, WrittenConfig, WrittenProgram } from './schema.ts';

/** What the options mean here: on this machine's cores, from this file's directory. */
export interface ConfigContext {
  /** As errors shall show it; undefined when there is no file. */
  readonly file: string | undefined;
  /** Absolute; relative paths start here. */
  readonly directory: string;
  /** Cores that this process may use, ≥ 1. */
  readonly cores: number;
  /** What %(ENV_NAME)s may name; none unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What %(host_node_name)s is; localhost unless given. */
  readonly host?: string;
  /** The files that a pattern of `include` finds, in their order; what is wrong with it otherwise. None can be included without it. */
  readonly include?: (pattern: string) => Result<readonly IncludedText[], string>;
}

export interface IncludedText {
  /** As errors shall show it. */
  readonly file: string;
  /** Absolute; its relative paths start here. */
  readonly directory: string;
  readonly text: string;
}

/** `homes`: directories of programs whose paths start elsewhere than at `context.directory`. */
export function resolveConfig(
  written: WrittenConfig,
  context: ConfigContext,
  homes: ReadonlyMap<string, string>,
): Config {
  assert(Number.isInteger(context.cores) && context.cores >= 1, `${context.cores} cores`);
  return {
    file: context.file,
    supervisor: resolveSupervisor(written.supervisor, context.directory),
    hooks: Object.entries(written.hooks).map(([name, hook]) => resolveHook(name, hook, context.directory)),
    programs: Object.entries(written.programs).map(([name, program]) =>
      resolveProgram(name, program, context.cores, homes.get(name) ?? context.directory),
    ),
  };
}

function resolveSupervisor(written: WrittenConfig['supervisor'], directory: string): SupervisorConfig {
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolvePath(directory, path));
  return {
    ...written,
    controlSocket: { ...written.controlSocket, path: absolute(written.controlSocket.path) },
    http: {
      ...written.http,
      passwordFile: absolute(written.http.passwordFile),
      tokenFile: absolute(written.http.tokenFile),
    },
    runDir: absolute(written.runDir),
    logDir: absolute(written.logDir),
    logFile: absolute(written.logFile),
  };
}

function resolveProgram(name: string, written: WrittenProgram, cores: number, directory: string): ProgramConfig {
  const log = (target: string, words: readonly string[]) =>
    words.includes(target) ? target : resolvePath(escapePercent(directory), target);
  return {
    ...written,
    name,
    directory: resolvePath(directory, written.directory),
    envFile: written.envFile === undefined ? undefined : resolvePath(directory, written.envFile),
    workers: resolveWorkers(written.workers, cores),
    priority: written.priority ?? (listensToEvents(written) ? priorityOfListeners : usualPriority),
    listen: written.listen.map((one) => ({ ...one, name: one.name ?? String(one.port) })),
    logs: {
      ...written.logs,
      stdout: log(written.logs.stdout, logWords),
      stderr: log(written.logs.stderr, errorLogWords),
    },
  };
}

/** supervisord's: listeners start first and stop last, so that they hear of everything. */
export const priorityOfListeners = -1;
export const usualPriority = 999;

function resolveWorkers(workers: Workers, cores: number): number {
  if ('count' in workers) return workers.count;
  return Math.min(slotsMax, Math.max(1, Math.floor((cores * workers.percent) / 100)));
}
