import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../harness/daemon.ts';
import { fixtureApps } from '../harness/daemon-config.ts';
import { freePort } from '../harness/free-port.ts';
import { acceptedByEach } from '../harness/accepted-connections.ts';
import { until } from '../harness/until.ts';
import { endProcess, startBareWorkers } from './bare-workers.ts';
import { startNginx } from './nginx.ts';
import { type Kept, keep } from './started.ts';

/** Ways to have N processes behind one port, with the same app but for nginx, which has none. */
export type ContenderName = 'portherd' | 'hash' | 'cluster' | 'nginx';

/** What stands at the head of a column. */
export const titles: Readonly<Record<ContenderName, string>> = {
  portherd: 'portherd',
  hash: 'bare reusePort',
  cluster: 'node:cluster',
  nginx: 'nginx reuseport',
};

export interface Contender extends AsyncDisposable {
  readonly port: number;
  /** Processes that accept, in the order of their slots where there are some. */
  pids(): Promise<readonly number[]>;
}

const app = join(fixtureApps, 'balance-target.cjs');

export interface Field {
  readonly workers: number;
  readonly names: readonly ContenderName[];
  readonly nginxPath: string;
}

/** All of a field at once, so that whatever else the machine does hits all alike. */
export async function startField({ workers, names, nginxPath }: Field): Promise<Map<ContenderName, Kept<Contender>>> {
  const started = new Map<ContenderName, Kept<Contender>>();
  for (const name of names) started.set(name, await keep(() => startContender(name, workers, nginxPath)));
  return started;
}

export async function endField(field: ReadonlyMap<ContenderName, Kept<Contender>>): Promise<void> {
  await Promise.all([...field.values()].map((kept) => kept[Symbol.asyncDispose]()));
}

async function startContender(name: ContenderName, workers: number, nginxPath: string): Promise<Contender> {
  switch (name) {
    case 'portherd':
      return daemonContender(await startBalanceDaemon(workers));
    case 'hash': {
      const bare = await startBareWorkers(workers, app);
      return { port: bare.port, pids: async () => bare.pids, [Symbol.asyncDispose]: () => bare[Symbol.asyncDispose]() };
    }
    case 'cluster':
      return startCluster(workers);
    case 'nginx': {
      const nginx = await startNginx(nginxPath, workers);
      return {
        port: nginx.port,
        pids: async () => nginx.pids,
        [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose](),
      };
    }
  }
}

/** As it is by default, but for `balance`, and for a roll that does not wait for people. */
export function startBalanceDaemon(workers: number, balance: object = {}): Promise<Daemon> {
  const command = [process.execPath, 'balance-target.cjs'];
  const roll = { minReady: '0s' };
  // So that Ctrl-C need not wait for clients that say nothing: they are our own. Longer than keep-alive clients think.
  const stop = { idleTimeout: '3s' };
  return startDaemon({ programs: { web: { command, workers, balance, roll, stop, logs: { stdout: 'none' } } } });
}

export function daemonContender(daemon: Daemon): Contender {
  const end = (): Promise<void> => daemon[Symbol.asyncDispose]();
  return { port: daemon.port(), pids: () => daemon.pids('web'), [Symbol.asyncDispose]: end };
}

/** Its default on Linux: the primary accepts, and hands the connections out in turn. */
async function startCluster(workers: number): Promise<Contender> {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), CLUSTER: String(workers), NODE_OPTIONS: '' };
  // Its workers end with it: they lose their channel. It ends with us: it loses its stdin.
  const child = spawn(process.execPath, [app], { env, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const end = (): Promise<void> => endProcess(child);
  try {
    await until(() => said.includes('\n') || child.exitCode !== null, { what: 'the cluster to listen' });
    const pids: number[] = JSON.parse(said);
    return { port, pids: async () => pids, [Symbol.asyncDispose]: end };
  } catch (thrown) {
    await end();
    throw thrown;
  }
}

/** The kernel's count of what each process has accepted and not closed. */
export function heldBy(contender: Contender, pids: readonly number[]): readonly number[] {
  return acceptedByEach(pids, contender.port);
}

/**
 * Waits until as many are held as there are. A handshake whose last ACK found the queue full looks done to the client: the kernel
 * tries again after 1, 3, 7, 15 and 31 s (node:cluster has one queue for all of 2,000 at once).
 */
export async function heldWhenAll(contender: Contender, count: number): Promise<readonly number[]> {
  const pids = await contender.pids();
  let last: readonly number[] = [];
  return until(
    () => {
      last = heldBy(contender, pids);
      return sum(last) === count && last;
    },
    { what: `${count} connections to be held`, deadline: 40_000, explain: () => last.join(' '), interval: 50 },
  );
}

export function sum(counts: readonly number[]): number {
  return counts.reduce((all, one) => all + one, 0);
}

/** The largest ÷ the mean: 1 is even. */
export function skewOf(counts: readonly number[]): number {
  return (Math.max(...counts) * counts.length) / sum(counts);
}

/** From the mean, in connections. */
export function varianceOf(counts: readonly number[]): number {
  const mean = sum(counts) / counts.length;
  return sum(counts.map((count) => (count - mean) ** 2)) / counts.length;
}
