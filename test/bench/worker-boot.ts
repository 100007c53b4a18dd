import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { channelEnv, encodeFrame, type ListenPlan } from '../../src/protocol/channel.ts';
import type { Daemon } from '../harness/daemon.ts';
import { until } from '../harness/until.ts';
import { bareApp, endProcess, saidSomething } from './bare-workers.ts';

/**
 * From spawn to "listening" of one worker, under the preload and bare, in turns. The worker is started by this process
 * exactly as the daemon started one: its argv and environment are read from /proc, only the socket and the channel are
 * our own. So the daemon's load does not blur the figure.
 */
export interface BootPair {
  readonly herdMs: readonly number[];
  readonly bareMs: readonly number[];
}

type Stdio = number | 'ignore' | 'pipe' | 'inherit';

export async function compareBoot(daemon: Daemon, rounds: number): Promise<BootPair> {
  const [pid] = await daemon.pids('web');
  if (pid === undefined) throw new Error('no worker to imitate');
  const argv = readWords(`/proc/${pid}/cmdline`);
  const env = Object.fromEntries(readWords(`/proc/${pid}/environ`).map((word) => cut(word)));
  await using channel = await startChannel(join(daemon.directory, 'boot.sock'));
  await using socket = await openSocket();
  const plan = ownPlan(env[channelEnv.listen] ?? '', socket);
  const herdEnv = {
    ...env,
    PORT: String(socket.port),
    [channelEnv.socket]: channel.path,
    [channelEnv.listen]: JSON.stringify(plan),
  };
  const stdio: Stdio[] = ['ignore', 'pipe', 'inherit'];
  for (const { fds } of plan.ports) for (const fd of fds) put(stdio, fd, socket.fd);
  const herdMs: number[] = [];
  const bareMs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const herd = await timeBoot(
      () => spawn(argv[0] ?? '', argv.slice(1), { env: herdEnv, stdio, cwd: join(bareApp, '..'), detached: true }),
      () => until(() => channel.hellos() === round + 1, { what: 'the worker to dial' }),
    );
    const bareEnv = { ...process.env, NODE_OPTIONS: '', PORT: '0', REUSE_PORT: '1' };
    const bare = await timeBoot(
      () => spawn(process.execPath, [bareApp], { env: bareEnv, stdio: ['ignore', 'pipe', 'inherit'], detached: true }),
      () => Promise.resolve(),
    );
    // The first round reads the files into memory.
    if (round === 0) continue;
    herdMs.push(herd);
    bareMs.push(bare);
  }
  return { herdMs, bareMs };
}

/** `proof` waits for what shows that it was the boot that was meant; that is not counted. */
async function timeBoot(start: () => ChildProcess, proof: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  const child = start();
  try {
    await saidSomething(child);
    const took = performance.now() - since;
    await proof();
    return took;
  } finally {
    await endProcess(child);
  }
}

/** The daemon's end of the channel: welcomes whoever dials. */
async function startChannel(path: string) {
  let hellos = 0;
  const server = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy()); // The worker is killed as soon as it listens.
    socket.once('data', () => {
      hellos += 1;
      socket.write(encodeFrame({ t: 'welcome' }));
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return { path, hellos: () => hellos, [Symbol.asyncDispose]: () => closed(server) };
}

/** A listening socket to be inherited; nobody connects to it. */
async function openSocket() {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  // Node has no public way to the descriptor of a server; `_handle.fd` has been there since 0.10.
  const fd: unknown = Reflect.get(Reflect.get(server, '_handle'), 'fd');
  if (typeof fd !== 'number' || typeof address !== 'object' || address === null) throw new Error('no descriptor');
  return { fd, port: address.port, [Symbol.asyncDispose]: () => closed(server) };
}

async function closed(server: ReturnType<typeof createTcpServer>): Promise<void> {
  const end = once(server, 'close');
  server.close();
  await end;
}

/** The daemon's plan with our socket in the place of the slot's. */
function ownPlan(text: string, { fd, port }: { readonly fd: number; readonly port: number }): ListenPlan {
  const plan: ListenPlan = JSON.parse(text);
  const inode = Number(/\d+/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[0]);
  return { ...plan, ports: plan.ports.map((planned) => ({ ...planned, port, inode })) };
}

function put(stdio: Stdio[], at: number, fd: number): void {
  while (stdio.length < at) stdio.push('ignore');
  stdio[at] = fd;
}

function readWords(path: string): string[] {
  return readFileSync(path, 'utf8').split('\0').filter(Boolean);
}

function cut(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}
