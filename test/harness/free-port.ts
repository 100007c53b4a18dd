import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A TCP port that nobody holds now, on every address of this machine. Below ip_local_port_range (32768 and up), so that
 * no client's connection takes it as a source port between this check and its use; another test still may, so whoever
 * starts a server on it tries again with another.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
  throw new Error('a hundred random ports were all taken');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port);
    await once(server, 'listening');
    return true;
  } catch {
    return false; // EADDRINUSE is the answer that was asked for.
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
