import { connect, type Socket } from 'node:net';
import { within } from './until.ts';

/** Long-lived connections that come one after the other over a time. They say nothing. */
export interface GradualConnections extends Disposable {
  readonly sockets: readonly Socket[];
}

/** `evenly`: one each overMs ÷ count; `randomly`: each at any moment, as strangers do who know nothing of each other. */
export async function openGradually(
  port: number,
  count: number,
  overMs: number,
  pace: 'evenly' | 'randomly' = 'evenly',
): Promise<GradualConnections> {
  const moments = Array.from({ length: count }, (_, at) => (pace === 'evenly' ? at / count : Math.random()) * overMs);
  moments.sort((one, other) => one - other);
  const sockets: Socket[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let connected = 0;
  const since = performance.now();
  const timer = setInterval(() => {
    const now = performance.now() - since;
    while ((moments[sockets.length] ?? Number.POSITIVE_INFINITY) <= now) {
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
      overMs + 30_000,
      promise.then(() => true),
    );
    if (done !== true) throw new Error(`${connected} of ${count} connections after ${overMs + 30_000} ms`);
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
