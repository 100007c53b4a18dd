import { applyConfig } from './apply-config.ts';
import type { Operator } from './operator.ts';
import type { Log } from './ports.ts';

/** The part of `process` that hears signals. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/**
 * | signal           | does                                                        |
 * |------------------|-------------------------------------------------------------|
 * | SIGTERM, SIGINT  | drain and stop everything, then exit 0                      |
 * | SIGHUP           | read the config again and apply what differs                |
 * | SIGUSR1          | roll every program (instead of starting Node's debugger)    |
 * | SIGUSR2          | open the daemon's log anew (it was moved away)              |
 *
 * Returns what ends it. `reloading` is told when a SIGHUP has come, and its answer when what it asked for is over.
 */
export function obeySignals(
  source: SignalSource,
  operator: Operator,
  log: Log,
  reloading: () => () => void = () => () => undefined,
  reopenLogs: () => void = () => undefined,
): () => void {
  const stop = (signal: NodeJS.Signals): void => {
    const begun = operator.shutdown({ why: signal, exit: 0 });
    if (!begun.ok) log.info({ event: 'signalIgnored', signal }, 'shutting down already; SIGKILL ends it at once');
  };
  let waiting = false;
  const update = async (signal: NodeJS.Signals): Promise<void> => {
    // One that waits already will read the file as it is then.
    if (waiting) return;
    waiting = true;
    const reloaded = reloading();
    await operator.updated();
    waiting = false;
    await applyConfig(operator, log, signal);
    reloaded();
  };
  const roll = async (signal: NodeJS.Signals): Promise<void> => {
    // How it goes is logged as it happens.
    const rolled = await operator.roll({ programs: [], wait: true }, () => undefined);
    if (!rolled.ok)
      log.error(
        { event: 'signalFailed', signal, error: rolled.error },
        'a signal’s command failed; what ran before runs on',
      );
  };
  const table: readonly (readonly [NodeJS.Signals, (signal: NodeJS.Signals) => void])[] = [
    ['SIGTERM', stop],
    ['SIGINT', stop],
    ['SIGHUP', (signal) => void update(signal)],
    ['SIGUSR1', (signal) => void roll(signal)],
    ['SIGUSR2', reopenLogs],
  ];
  for (const [signal, act] of table) source.on(signal, act);
  return () => {
    for (const [signal, act] of table) source.off(signal, act);
  };
}
