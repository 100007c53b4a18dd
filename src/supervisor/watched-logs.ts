import type { ProgramConfig } from '../config/schema.ts';
import type { RotationPolicy } from '../core/log-rotation.ts';
import type { Supervisor } from './supervisor.ts';

export interface WatchedLog extends RotationPolicy {
  readonly path: string;
}

/** As the daemon's own file is kept; supervisord's figures. */
export const daemonLogPolicy: RotationPolicy = {
  maxSize: 50 * 1024 * 1024,
  keep: 10,
  compress: true,
  maxAge: 'never',
};

/** The log files of every slot, as the config wants them kept, and the daemon's own. Remembered until something of that changes. */
export function watchedLogs(supervisor: Supervisor): () => readonly WatchedLog[] {
  const known = new WeakMap<ProgramConfig, { readonly slots: number; readonly logs: readonly WatchedLog[] }>();
  const { daemonLog } = supervisor.ports.logReading;
  const own = daemonLog === undefined ? [] : [{ path: daemonLog, ...daemonLogPolicy }];

  function ofProgram(config: ProgramConfig, slots: number): readonly WatchedLog[] {
    const found = known.get(config);
    if (found?.slots === slots) return found.logs;
    const { maxSize, keep, compress, maxAge } = config.logs;
    const logs = Array.from({ length: slots }, (_, slot) => supervisor.ports.workerLogs.paths(config, slot))
      .flatMap(({ stdout, stderr }) => [stdout, stderr])
      .filter((path) => path.startsWith('/'))
      .map((path) => ({ path, maxSize, keep, compress, maxAge }));
    known.set(config, { slots, logs });
    return logs;
  }

  return () => [
    ...own,
    ...[...supervisor.programs.values()].flatMap(({ config, fleet }) => ofProgram(config, fleet.slots.length)),
  ];
}
