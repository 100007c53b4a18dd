import { connect, type Socket } from 'node:net';
import { within } from './until.ts';

/** Long-lived connections that come one after the other, evenly over a time. They say nothing. */
export interface GradualConnections extends Disposable {
  readonly sockets: readonly Socket[];
}

export async function openGradually(port: number, count: number, overMs: number): Promise<GradualConnections> {
  const sockets: Socket[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let connected = 0;
  const since = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(count, Math.ceil(((performance.now() - since) / overMs) * count));
    while (sockets.length < due) {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('error', reject);
      socket.once('connect', () => {
        connected += 1;
        if (connected === count) resolve();
      });
      sockets.push(socket);
    }
    if (sockets.length === count) clearInterval(timer);
  }, 5);
  try {
    const done = await within(
      overMs + 10_000,
      promise.then(() => true),
    );
    if (done !== true) throw new Error(`${connected} of ${count} connections after ${overMs + 10_000} ms`);
  } finally {
    clearInterval(timer);
  }
  return {
    sockets,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
