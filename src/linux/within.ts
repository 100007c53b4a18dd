import { pause } from './pause.ts';

/** What the promise gives, or undefined after `ms`; what it waits for goes on then. Rejects as the promise does. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController();
  const late = pause(ms, stop.signal, { ref: false }).then(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
}
