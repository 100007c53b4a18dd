import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fixtureApps } from '../harness/daemon-config.ts';
import { freePort } from '../harness/free-port.ts';
import { within } from '../harness/until.ts';

/** The same app without portherd: N processes that share one port by `reusePort: true`. What portherd is measured against. */
export interface BareWorkers extends AsyncDisposable {
  readonly port: number;
  readonly pids: readonly number[];
}

export async function startBareWorkers(count: number, app = bareApp): Promise<BareWorkers> {
  const port = await freePort();
  const children = await Promise.all(Array.from({ length: count }, () => startBareWorker(port, app)));
  return {
    port,
    pids: children.map(({ pid = 0 }) => pid),
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map(endProcess));
    },
  };
}

export const bareApp = join(fixtureApps, 'target-plain.cjs');

export async function startBareWorker(port: number, app = bareApp): Promise<ChildProcess> {
  const env = { ...process.env, PORT: String(port), REUSE_PORT: '1', NODE_OPTIONS: '' };
  // In a session of its own, as portherd's workers are: Linux shares out the CPU by session (sched(7), autogroup).
  const child = spawn(process.execPath, [app], { env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  await saidSomething(child);
  return child;
}

/** The app prints one line when it listens. Rejects when it ends or keeps silent for 10 s instead. */
export async function saidSomething(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('the app’s stdout is not piped');
  const said = once(child.stdout, 'data').then(() => 'listens');
  const ended = once(child, 'exit').then(() => 'ended');
  const what = await within(10_000, Promise.race([said, ended]));
  if (what !== 'listens') throw new Error(`the app ${what ?? 'kept silent for 10 s'} before it listened`);
}

export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
