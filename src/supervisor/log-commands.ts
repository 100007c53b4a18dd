import { errorBody, type SlotResult } from '../protocol/control.ts';
import type { LogPlace, LogStream } from '../protocol/control-logs.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { resolveName, slotName } from './names.ts';
import type { LogControl, LogPart, LogTail } from './ports-logs.ts';
import type { Supervisor } from './supervisor.ts';

/** Logs by the names that operators use: whose file it is, and what is said where there is none. Reading itself is ports-logs.ts. */

/** A worker's log, or with no name the daemon's own. */
export interface LogOf {
  /** `web:0`; `web` too when it has one slot. */
  readonly name?: string;
  readonly stream: LogStream;
}

/** supervisord's readProcessStdoutLog and readLog. Errors: BAD_NAME, NO_LOG, BAD_RANGE, LOG_UNUSABLE (faults 10, 20, 3, 30). */
export async function readLog(
  supervisor: Supervisor,
  of: LogOf,
  offset: number,
  length: number,
): Promise<Result<LogPart>> {
  const path = logFileOf(supervisor, of);
  return path.ok ? supervisor.ports.logReading.read(path.value, offset, length) : path;
}

/** supervisord's tailProcessStdoutLog: without a log there is nothing, at 0. Errors: BAD_NAME, BAD_RANGE. */
export async function tailLog(
  supervisor: Supervisor,
  of: LogOf,
  offset: number,
  length: number,
): Promise<Result<LogTail>> {
  const path = logFileOf(supervisor, of);
  if (path.ok) return supervisor.ports.logReading.tail(path.value, offset, length);
  return path.error.code === 'NO_LOG' ? ok({ bytes: new Uint8Array(), offset: 0, overflow: false }) : path;
}

export function createLogControl(supervisor: Supervisor): LogControl {
  return {
    where: (of) => placesOf(supervisor, of),
    read: ({ offset, length, ...of }) => readLog(supervisor, of, offset, length),
    async follow({ before, ...of }, tell, abort) {
      const path = logFileOf(supervisor, of);
      return path.ok ? supervisor.ports.logReading.follow(path.value, before, tell, abort) : path;
    },
    clear: ({ names }) => clearLogs(supervisor, names),
  };
}

function placesOf(supervisor: Supervisor, { name, stream }: LogOf): readonly LogPlace[] {
  return slotsOf(supervisor, name).map((slot): LogPlace => {
    const path = logFileOf(supervisor, slot === undefined ? { stream } : { name: slot, stream });
    const shown = { name: slot ?? 'portherd' };
    return path.ok ? { ...shown, path: path.value } : { ...shown, error: errorBody(path.error) };
  });
}

/** By name; the name itself when it is unknown. Undefined is the daemon. */
function slotsOf({ programs }: Supervisor, name: string | undefined): readonly (string | undefined)[] {
  if (name === undefined) return [undefined];
  const named = resolveName(name, programs);
  if (named.is !== 'many') return [name];
  return named.targets.flatMap(({ program, slots }) => slots.map((slot) => slotName(program.config.name, slot)));
}

/**
 * Files may have been moved away by somebody else, such as logrotate: the daemon opens its own anew. A worker holds its descriptor until it
 * ends, so its next one writes to the new file; those that still write to a moved one are told of.
 */
export function reopenLogs(supervisor: Supervisor): void {
  const { log, logReading, workerLogs } = supervisor.ports;
  const reopened = logReading.reopenDaemonLog();
  if (!reopened.ok)
    log.error({ event: 'logNotReopened', error: reopened.error }, 'the daemon’s log stays the old file');
  for (const { program, slot, generation, process } of supervisor.workers.all()) {
    const its = supervisor.programs.get(program);
    if (its === undefined) continue;
    const paths = workerLogs.paths(its.launches.get(generation) ?? its.config, slot);
    for (const stream of ['stdout', 'stderr'] as const) {
      const path = paths[stream];
      if (!path.startsWith('/') || !logReading.wasMoved(process.pid, stream, path)) continue;
      const fields = { event: 'logMovedAway', program, slot, pid: process.pid, path };
      log.warn(fields, 'a worker still writes to a log that was moved away; `portherdctl roll` gives it the new one');
    }
  }
  log.info({ event: 'logsReopened' }, 'logs are reopened');
}

/** Empties both logs of each slot named; a log that does not exist is empty already. In the order of the names. */
export async function clearLogs(supervisor: Supervisor, names: readonly string[]): Promise<readonly SlotResult[]> {
  const results: SlotResult[] = [];
  for (const asked of names) {
    const named = resolveName(asked, supervisor.programs);
    if (named.is === 'unknown') results.push({ name: asked, error: errorBody(noSuch(asked)) });
    const targets = named.is === 'one' ? [{ program: named.program, slots: [named.slot] }] : [];
    for (const { program, slots } of named.is === 'many' ? named.targets : targets) {
      for (const slot of slots) results.push(await clearSlot(supervisor, slotName(program.config.name, slot)));
    }
  }
  return results;
}

/** supervisord's clearLog: the daemon's own. */
export async function clearDaemonLog(supervisor: Supervisor): Promise<Result<undefined>> {
  const path = logFileOf(supervisor, { stream: 'stdout' });
  return path.ok ? supervisor.ports.logReading.clear(path.value) : path;
}

async function clearSlot(supervisor: Supervisor, name: string): Promise<SlotResult> {
  for (const stream of ['stdout', 'stderr'] as const) {
    const path = logFileOf(supervisor, { name, stream });
    if (!path.ok) continue;
    const cleared = await supervisor.ports.logReading.clear(path.value);
    if (!cleared.ok && cleared.error.code !== 'NO_LOG') return { name, error: errorBody(cleared.error) };
  }
  return { name };
}

/** Its path. Errors: BAD_NAME, NO_LOG when its output goes elsewhere. */
export function logFileOf(supervisor: Supervisor, { name, stream }: LogOf): Result<string> {
  const { logReading, workerLogs } = supervisor.ports;
  if (name === undefined) return logReading.daemonLog === undefined ? err(daemonElsewhere) : ok(logReading.daemonLog);
  const named = resolveName(name, supervisor.programs);
  if (named.is === 'unknown') return err(noSuch(name));
  const [target, ...others] = named.is === 'many' ? named.targets : [{ program: named.program, slots: [named.slot] }];
  const [slot, ...more] = target?.slots ?? [];
  if (target === undefined || slot === undefined) return err(noSuch(name));
  if (others.length + more.length > 0)
    return err(
      failure(
        'BAD_NAME',
        `${name} is several workers`,
        `Name one, such as ${slotName(target.program.config.name, slot)}.`,
      ),
    );
  const { config, fleet, launches } = target.program;
  const launch = launches.get(fleet.slots[slot]?.generation ?? 0) ?? config;
  const path = workerLogs.paths(launch, slot)[stream];
  const subject = `${stream} of ${slotName(config.name, slot)}`;
  if (path === 'none')
    return err(failure('NO_LOG', `${subject} is thrown away`, `Change logs.${stream} of ${config.name}.`));
  if (path === 'inherit') return err(failure('NO_LOG', `${subject} goes where the daemon’s own output goes`, ofDaemon));
  return ok(path);
}

const ofDaemon = 'Under systemd that is the journal: `journalctl -u portherd`.';

const daemonElsewhere = failure(
  'NO_LOG',
  'the daemon writes its log to standard output, not to a file',
  `${ofDaemon} supervisor.logFile makes it a file.`,
);

function noSuch(name: string): PortherdError {
  return failure('BAD_NAME', `there is no ${name}`);
}
