import type { ProgramConfig } from '../config/schema.ts';
import type { Result } from '../shared/result.ts';
import type { Log } from '../supervisor/ports.ts';
import { type Given, nothingGiven } from './given-sockets.ts';
import type { Libc } from './libc.ts';
import type { SocketWatch } from './listeners.ts';
import { createNotifier, type Notifier } from './systemd-notify.ts';
import { givenByUnits, type Received, receiveSockets, storeName } from './systemd-sockets.ts';

/** The service manager that started us, if one did; without one everything here does nothing. */
export interface ServiceManager extends Notifier {
  readonly received: Received;
  /** Sockets of socket units. */
  readonly given: Given;
  /** Gives each slot's socket into the manager's store, and takes it out when it closes. */
  readonly store: SocketWatch;
  /** ms within which it wants a sign of life; undefined: never. */
  readonly watchdogMs: number | undefined;
  /** CLOCK_MONOTONIC in µs, as the manager counts. */
  monotonicUsec(): bigint;
}

/** Takes LISTEN_* out of `env`: after a re-execution other descriptors have those numbers. */
export function meetServiceManager(
  env: NodeJS.ProcessEnv,
  programs: readonly Pick<ProgramConfig, 'bind' | 'listen'>[],
  libc: () => Result<Libc>,
  log: Log,
): ServiceManager {
  const notifier = createNotifier(env, libc, log);
  const loaded = env['LISTEN_FDS'] === undefined ? undefined : libc();
  const received = loaded?.ok ? receiveSockets(env, process.pid, loaded.value, log) : { stored: [], ofUnits: [] };
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID']) delete env[name];
  return {
    present: notifier.present,
    send: (lines, descriptors) => notifier.send(lines, descriptors),
    close: () => notifier.close(),
    received,
    given: loaded?.ok ? givenByUnits(received.ofUnits, programs, loaded.value, log) : nothingGiven,
    store: {
      // FDPOLL=0: the manager must not drop a socket because something happened to it (sd_notify(3)).
      opened: (program, { slot, name, fd }) =>
        notifier.send(['FDSTORE=1', 'FDPOLL=0', `FDNAME=${storeName(program, slot, name)}`], [fd]),
      closed: (program, { slot, name }) =>
        notifier.send(['FDSTOREREMOVE=1', `FDNAME=${storeName(program, slot, name)}`]),
    },
    watchdogMs: watchdogOf(env, process.pid),
    monotonicUsec: () => process.hrtime.bigint() / 1_000n,
  };
}

/** sd_watchdog_enabled(3): meant for us alone, unless no pid is named. */
function watchdogOf({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number): number | undefined {
  const usec = Number(WATCHDOG_USEC ?? 0);
  const ours = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  return ours && Number.isSafeInteger(usec) && usec > 0 ? usec / 1_000 : undefined;
}
