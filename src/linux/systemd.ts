import type { Result } from '../shared/result.ts';
import type { Log } from '../supervisor/ports.ts';
import { type Given, nothingGiven } from './given-sockets.ts';
import type { Libc } from './libc.ts';
import type { SocketWatch } from './listeners.ts';
import { createNotifier, type Notifier } from './systemd-notify.ts';
import { handoverName, inheritedDescriptors, letterNames, letterOf } from './systemd-letters.ts';
import {
  givenByUnits,
  type ListeningProgram,
  type ReceivedSocket,
  receiveSockets,
  storeName,
  wantedBy,
} from './systemd-sockets.ts';

/** The service manager that started us, if one did; without one everything here does nothing. */
export interface ServiceManager extends Notifier {
  /** What an earlier supervisor gave into its store. */
  readonly stored: readonly ReceivedSocket[];
  /**
   * Takes all others out of its store, for good: nobody will serve them. Before the slots are opened, since two of one name
   * leave together.
   */
  keepOnly(inodes: ReadonlySet<number>): void;
  /** Gives each slot's socket into its store, and takes it out when it closes. */
  readonly store: SocketWatch;
  /** Sockets of socket units, for the programs that listen where they do; others are named and closed. Once. */
  givenTo(programs: readonly ListeningProgram[]): Given;
  /** Before a re-execution: the next image receives the sockets of socket units as this one did. */
  handOver(): void;
  /** ms within which it wants a sign of life; undefined: never. */
  readonly watchdogMs: number | undefined;
  /** CLOCK_MONOTONIC in µs, as the manager counts. */
  monotonicUsec(): bigint;
}

/** Takes LISTEN_* out of `env`: after a re-execution other descriptors have those numbers. */
export function meetServiceManager(env: NodeJS.ProcessEnv, libc: () => Result<Libc>, log: Log): ServiceManager {
  const notifier = createNotifier(env, libc, log);
  const letters = inheritedDescriptors(env, process.pid, log);
  for (const name of letterNames) delete env[name];
  const loaded = letters.length === 0 ? undefined : libc();
  const native = loaded?.ok ? loaded.value : undefined;
  const { stored, ofUnits } = native === undefined ? noSockets : receiveSockets(letters, native, log);
  let units = ofUnits;
  return {
    present: notifier.present,
    send: (lines, descriptors) => notifier.send(lines, descriptors),
    close: () => notifier.close(),
    stored,
    keepOnly(inodes) {
      for (const { fd, name, facts } of stored) {
        if (inodes.has(facts.inode)) continue;
        notifier.send(['FDSTOREREMOVE=1', `FDNAME=${name}`]);
        native?.close(fd);
      }
    },
    store: {
      // FDPOLL=0: the manager must not drop a socket because something happened to it (sd_notify(3)).
      opened: (program, { slot, name, fd }) =>
        notifier.send(['FDSTORE=1', 'FDPOLL=0', `FDNAME=${storeName(program, slot, name)}`], [fd]),
      closed: (program, { slot, name }) =>
        notifier.send(['FDSTOREREMOVE=1', `FDNAME=${storeName(program, slot, name)}`]),
    },
    givenTo(programs) {
      if (native === undefined) return nothingGiven;
      units = wantedBy(programs, units, native, log);
      return givenByUnits(units, native);
    },
    handOver() {
      for (const { fd } of units) native?.setCloseOnExec(fd, false);
      if (units.length > 0) env[handoverName] = letterOf(units, process.pid);
    },
    watchdogMs: watchdogOf(env, process.pid),
    monotonicUsec: () => process.hrtime.bigint() / 1_000n,
  };
}

const noSockets = { stored: [], ofUnits: [] };

/** sd_watchdog_enabled(3): meant for us alone, unless no pid is named. */
function watchdogOf({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number): number | undefined {
  const usec = Number(WATCHDOG_USEC ?? 0);
  const ours = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  return ours && Number.isSafeInteger(usec) && usec > 0 ? usec / 1_000 : undefined;
}
