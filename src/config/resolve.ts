import { assert } from '../shared/assert.ts';
import { slotsMax } from '../shared/limits.ts';
import { resolvePath } from '../shared/resolve-path.ts';
import { logWords } from './logs-schema.ts';
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
}

export function resolveConfig(written: WrittenConfig, context: ConfigContext): Config {
  assert(Number.isInteger(context.cores) && context.cores >= 1, `${context.cores} cores`);
  return {
    file: context.file,
    supervisor: resolveSupervisor(written.supervisor, context.directory),
    programs: Object.entries(written.programs).map(([name, program]) => resolveProgram(name, program, context)),
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

function resolveProgram(name: string, written: WrittenProgram, context: ConfigContext): ProgramConfig {
  const log = (target: string) => (logWords.includes(target) ? target : resolvePath(context.directory, target));
  return {
    ...written,
    name,
    directory: resolvePath(context.directory, written.directory),
    workers: resolveWorkers(written.workers, context.cores),
    listen: written.listen.map((one) => ({ ...one, name: one.name ?? String(one.port) })),
    logs: { ...written.logs, stdout: log(written.logs.stdout), stderr: log(written.logs.stderr) },
  };
}

function resolveWorkers(workers: Workers, cores: number): number {
  if ('count' in workers) return workers.count;
  return Math.min(slotsMax, Math.max(1, Math.floor((cores * workers.percent) / 100)));
}
