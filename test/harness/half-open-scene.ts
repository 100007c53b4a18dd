import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Daemon, startDaemon } from './daemon.ts';
import { fixtureApps } from './daemon-config.ts';
import { HalfOpenClient } from './half-open-client.ts';
import { createNetworkLink, type NetworkLink, serverAddress } from './network-link.ts';
import { until } from './until.ts';

/** A server with four workers in a network namespace, and at the other end of the wire a client that opens connections by half. */
export interface Scene extends AsyncDisposable {
  readonly link: NetworkLink;
  readonly port: number;
  readonly client: HalfOpenClient;
  /** So many, and as many are in SYN_RECV; none is a cookie. */
  halfOpen(count: number): Promise<void>;
}

export interface HalfOpenScene extends Scene {
  readonly daemon: Daemon;
}

export interface NaiveScene extends Scene {
  /** Ends that process and waits until it is gone. */
  terminate(at: number): Promise<void>;
}

export interface HalfOpenSceneOptions {
  /** That the daemon listens on; the device's address unless given. */
  readonly host?: string;
  /** The app listens once this file is there; at once unless given. */
  readonly listenWhen?: string;
  readonly bind?: 'slot' | 'worker';
  readonly drainTimeout?: string;
  /** cbpf unless given: it needs no privilege, and nothing migrates by itself. */
  readonly steering?: 'cbpf' | 'ebpf';
  /** net.ipv4.tcp_migrate_req */
  readonly migrate?: number;
}

/** In a namespace of its own any port is free. */
const port = 8080;
const workers = 4;

/** Under the daemon, as `web`. */
export async function startHalfOpenScene(options: HalfOpenSceneOptions = {}): Promise<HalfOpenScene> {
  await using stack = new AsyncDisposableStack();
  const scene = await startScene(stack);
  const {
    host = serverAddress,
    listenWhen,
    bind = 'slot',
    drainTimeout = '30s',
    migrate = 0,
    steering = 'cbpf',
  } = options;
  await scene.link.sysctl('net.ipv4.tcp_migrate_req', migrate);
  const web = {
    command: [process.execPath, listenWhen === undefined ? 'target-plain.cjs' : 'target-held.cjs'],
    environment: { HOST: host, ...(listenWhen !== undefined && { LISTEN_WHEN: listenWhen }) },
    workers,
    bind,
    steering,
    listen: [{ host, port }],
    stop: { drainTimeout },
    roll: { minReady: '100ms' },
  };
  const daemon = stack.use(await startDaemon({ programs: { web }, inside: scene.link.inServer }));
  const owned = stack.move();
  return { ...scene, daemon, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The same app without portherd: four processes that share the port by `reusePort: true`. */
export async function startNaiveScene(): Promise<NaiveScene> {
  await using stack = new AsyncDisposableStack();
  const scene = await startScene(stack);
  const processes: ChildProcess[] = [];
  for (let at = 0; at < workers; at++) {
    const [command = '', ...prefix] = scene.link.inServer;
    const env = {
      ...process.env,
      HOST: serverAddress,
      PORT: String(port),
      REUSE_PORT: '1',
      NODE_OPTIONS: '',
    };
    const args = [...prefix, process.execPath, join(fixtureApps, 'target-plain.cjs')];
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    stack.defer(() => end(child, 'SIGKILL'));
    processes.push(child);
  }
  await until(async () => (await scene.link.listening(port)) === workers, {
    what: 'the processes to listen',
    deadline: 60_000,
  });
  const owned = stack.move();
  return {
    ...scene,
    async terminate(at) {
      const child = processes[at];
      if (child === undefined) throw new Error(`there is no process ${at}`);
      await end(child, 'SIGTERM');
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What `stack` gets ends in reverse: the servers, the client, the namespaces. */
async function startScene(stack: AsyncDisposableStack): Promise<Omit<Scene, keyof AsyncDisposable>> {
  const link = stack.use(await createNetworkLink());
  const client = stack.use(new HalfOpenClient(link, port));
  return {
    link,
    port,
    client,
    async halfOpen(count) {
      expect(await client.open(count)).toBe(count);
      expect(await link.halfOpen(port)).toBe(count);
      // A cookie would survive the end of its listener: with one the test would prove nothing.
      expect(await link.counter('SyncookiesSent')).toBe(0);
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
