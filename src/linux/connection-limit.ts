import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keeps a server at `most` connections by closing the one that has been without a request for longest, where
 * net.Server.maxConnections would turn away the newcomer: idle clients must not lock out the next command. A connection
 * with a request under way is never closed; when all have one, the newcomer goes.
 */
export function limitConnections(server: Server, most: number): void {
  const idle = new Set<Socket>(); // in the order in which they fell idle
  const busy = new Set<Socket>();

  server.on('connection', (socket: Socket) => {
    idle.add(socket);
    socket.once('close', () => {
      idle.delete(socket);
      busy.delete(socket);
    });
    const [oldest] = idle;
    if (idle.size + busy.size > most) oldest?.destroy();
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    busy.add(socket);
    response.once('close', () => {
      if (busy.delete(socket) && !socket.destroyed) idle.add(socket);
    });
  });
}
