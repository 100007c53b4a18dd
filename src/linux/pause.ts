import { setTimeout } from 'node:timers/promises';

/** Resolves after `ms`, or as soon as it is aborted. */
export async function pause(ms: number, abort: AbortSignal, { ref = true } = {}): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal: abort, ref });
  } catch (thrown) {
    if (!abort.aborted) throw thrown;
  }
}
