import { randomUUID } from 'node:crypto';
import { runCommand } from './running-command.ts';

/**
 * Two network namespaces of their own, joined by a veth pair. The server's end has an address; the client's has none, so that
 * no kernel answers for the client's address. Disposing of it removes both; what runs inside must have ended before.
 */
export interface NetworkLink extends AsyncDisposable {
  /** Owned by nobody: whoever uses it answers ARP for it. */
  readonly clientAddress: string;
  readonly clientDevice: string;
  /** Put before a command, it runs there. */
  readonly inServer: readonly string[];
  readonly inClient: readonly string[];
  /** Sockets on the server's side in SYN_RECV. */
  halfOpen(port: number): Promise<number>;
  /** … and in LISTEN. */
  listening(port: number): Promise<number>;
  /** Of the server's namespace: a number of `TcpExt` in /proc/net/netstat, such as SyncookiesSent. */
  counter(name: string): Promise<number>;
  /** Of the server's namespace. */
  sysctl(name: string, value: number): Promise<void>;
}

/** Namespaces have their addresses to themselves: the same ones do for each. */
export const serverAddress = '10.209.0.1';
const clientAddress = '10.209.0.2';
const device = 'wire';

export async function createNetworkLink(): Promise<NetworkLink> {
  const name = `portherd-${process.pid}-${randomUUID().slice(0, 8)}`;
  const [server, client] = [`${name}-server`, `${name}-client`];
  await using partial = new AsyncDisposableStack();
  for (const namespace of [server, client]) {
    await ip('netns', 'add', namespace);
    partial.defer(() => ip('netns', 'del', namespace));
  }
  await ip('-n', server, 'link', 'add', device, 'type', 'veth', 'peer', 'name', device, 'netns', client);
  await ip('-n', server, 'address', 'add', `${serverAddress}/30`, 'dev', device);
  // A daemon probes its workers at their own address, which goes through lo.
  for (const [namespace, which] of [
    [server, 'lo'],
    [server, device],
    [client, device],
  ] as const)
    await ip('-n', namespace, 'link', 'set', which, 'up');
  const complete = partial.move();

  const inServer = ['ip', 'netns', 'exec', server];
  const read = (...command: readonly string[]): Promise<string> => run([...inServer, ...command]);
  const inState = async (state: string, port: number): Promise<number> => {
    const rows = await read('ss', '-Htn', 'state', state, 'sport', '=', `:${port}`);
    return rows.split('\n').filter((row) => row !== '').length;
  };
  return {
    clientAddress,
    clientDevice: device,
    inServer,
    inClient: ['ip', 'netns', 'exec', client],
    halfOpen: (port) => inState('syn-recv', port),
    listening: (port) => inState('listening', port),
    async counter(name) {
      const [names = [], values = []] = (await read('cat', '/proc/net/netstat'))
        .split('\n')
        .filter((line) => line.startsWith('TcpExt:'))
        .map((line) => line.split(' '));
      const at = names.indexOf(name);
      if (at < 0) throw new Error(`the kernel has no counter ${name}`);
      return Number(values[at]);
    },
    async sysctl(name, value) {
      await read('sysctl', '-qw', `${name}=${value}`);
    },
    [Symbol.asyncDispose]: () => complete.disposeAsync(),
  };
}

/** Why this machine cannot run such tests, or undefined. */
export async function linkRefusal(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const command of [
    ['ip', '-Version'],
    ['ss', '-V'],
    ['python3', '--version'],
  ]) {
    if (!(await runs(command))) return `needs ${command[0]}`;
  }
  try {
    await using _ = await createNetworkLink();
    return undefined;
  } catch (thrown) {
    return `needs network namespaces: ${String(thrown)}`;
  }
}

async function runs(command: readonly string[]): Promise<boolean> {
  try {
    await run(command);
    return true;
  } catch {
    return false; // ENOENT, or a command that is there and does not work: both mean that it cannot be used
  }
}

async function ip(...words: readonly string[]): Promise<void> {
  await run(['ip', ...words]);
}

async function run([command = '', ...args]: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(command, args, { limitMs: 60_000 });
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')}: ${exitCode} ${stderr.trim()}`);
  return stdout;
}
