import { statOf, allPids } from '../../src/linux/procfs.ts';
import { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
import { runCommand } from './running-command.ts';
import { until } from './until.ts';

/** A daemon that is PID 1 of a pid namespace of its own, as in a container. */
export interface InitScene extends AsyncDisposable {
  /** Its `pid` and `kill` are those of unshare(1), which ends with the exit code of PID 1. */
  readonly daemon: Daemon;
  /** PID 1, as the machine numbers it. */
  readonly init: number;
  /** Dead children of PID 1 that nobody has reaped. */
  zombies(): readonly number[];
}

const unshare = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL'] as const;

/** Why this process may not make one; undefined when it may. */
export async function initRefusal(): Promise<string | undefined> {
  const [file, ...args] = unshare;
  const tried = await runCommand(file, [...args, 'true']).catch(String);
  if (typeof tried === 'string') return `no pid namespace: ${tried}`;
  return tried.exitCode === 0 ? undefined : `no pid namespace (it needs root): ${tried.stderr.trim()}`;
}

export async function startAsInit(options: DaemonOptions): Promise<InitScene> {
  const daemon = await startDaemon({ ...options, inside: unshare, wait: 'nothing' });
  const init = await until(() => childrenOf(daemon.pid)[0], { what: 'PID 1', explain: () => daemon.output });
  return {
    daemon,
    init,
    zombies: () => childrenOf(init).filter((pid) => statOf(pid)?.state === 'Z'),
    async [Symbol.asyncDispose]() {
      // unshare(1) passes no signal on.
      if (statOf(init) !== undefined) process.kill(init, 'SIGTERM');
      await daemon[Symbol.asyncDispose]();
    },
  };
}

function childrenOf(parent: number): readonly number[] {
  return allPids().filter((pid) => statOf(pid)?.ppid === parent);
}
