import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Connections that say nothing; `reset` tells how many the server has reset. */
export interface OpenConnections extends Disposable {
  readonly sockets: readonly Socket[];
  reset(): number;
}

/** Resolves when all handshakes are done. */
export async function openConnections(host: string, port: number, count: number): Promise<OpenConnections> {
  let resets = 0;
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ host, port });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') resets++;
    });
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return {
    sockets,
    reset: () => resets,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
