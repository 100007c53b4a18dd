import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startTicksOf } from '../../src/linux/procfs.ts';
import type { ProcessRef } from '../../src/supervisor/ports.ts';

/**
 * A tiny server in a process group of its own, as a worker is: it listens on inherited descriptors (3, 4, …) or by itself, prints
 * `listening` and then `accepted` for each connection. Not a worker of portherd: no preload, no channel.
 */
export interface SlotServer extends AsyncDisposable {
  readonly process: ProcessRef;
  /** Connections accepted so far. */
  accepted(): number;
  signal(signal: NodeJS.Signals): void;
}

export interface SlotServerOptions {
  /** Descriptors to inherit and to listen on. */
  readonly fds?: readonly number[];
  /** Or what to give to listen() instead. */
  readonly listen?: object;
  /** A function body that gets `socket`; the default keeps the connection open until the client ends it. */
  readonly serve?: string;
  /** Or the HTTP status to answer with. */
  readonly status?: number;
  /** Put a shell between, so that the server is a child in the group. */
  readonly behindShell?: boolean;
}

export async function startSlotServer(options: SlotServerOptions): Promise<SlotServer> {
  const { fds = [], behindShell = false } = options;
  const script = scriptOf(options);
  const [command, args] = behindShell
    ? ['sh', ['-c', '"$0" -e "$1"; true', process.execPath, script]]
    : [process.execPath, ['-e', script]];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit', ...fds], detached: true });
  const { pid } = child;
  const startTicks = pid === undefined ? undefined : startTicksOf(pid);
  if (pid === undefined || startTicks === undefined || child.stdout === null)
    throw new Error('the server did not start');
  let accepted = 0;
  let listening = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'accepted') accepted++;
    if (line === 'listening' && ++listening === Math.max(1, fds.length)) resolve();
  });
  const exited = once(child, 'exit');
  child.once('exit', (code) => reject(new Error(`the server exited with ${code}`)));
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL');
    await exited;
  };
  try {
    await promise;
  } catch (error) {
    await end();
    throw error;
  }
  return {
    process: { pid, startTicks },
    accepted: () => accepted,
    signal: (signal) => void process.kill(-pid, signal),
    [Symbol.asyncDispose]: end,
  };
}

function scriptOf({ fds = [], listen, serve, status }: SlotServerOptions): string {
  const targets = JSON.stringify(listen === undefined ? fds.map((_, at) => ({ fd: 3 + at })) : [listen]);
  const server =
    status === undefined
      ? `require('node:net').createServer((socket) => { ${serve ?? 'socket.resume();'} })`
      : `require('node:http').createServer((request, response) => { response.statusCode = ${status}; response.end(request.url); })`;
  return `
    for (const target of ${targets}) {
      const server = ${server};
      server.on('connection', (socket) => { socket.on('error', () => {}); console.log('accepted'); });
      server.listen(target, () => console.log('listening'));
    }`;
}
