import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { loadLibc } from '../../src/linux/libc.ts';
import { createTcpTable } from '../../src/linux/tcp-table.ts';
import { until } from './until.ts';

/** Connections that say nothing; `reset` tells how many the server has reset. */
export interface OpenConnections extends Disposable {
  readonly sockets: readonly Socket[];
  reset(): number;
}

/**
 * Resolves when all handshakes are done, at both ends: a client is connected when it has sent the last ACK, and on a busy machine
 * the kernel may take that in later, so that nothing waits in a queue yet. `halfOpen`: done at the clients' ends will do.
 */
export async function openConnections(
  host: string,
  port: number,
  count: number,
  { halfOpen = false }: { readonly halfOpen?: boolean } = {},
): Promise<OpenConnections> {
  let resets = 0;
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ host, port });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') resets++;
    });
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  if (!halfOpen) {
    const own = new Set(sockets.map(({ localPort }) => localPort));
    const left = (): number => table.halfOpen(port).filter(({ remote }) => own.has(remote.port)).length;
    await until(() => left() === 0, { what: 'the last ACKs to arrive', interval: 1, explain: left });
  }
  return {
    sockets,
    reset: () => resets,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const table = createTcpTable(loadLibc);
