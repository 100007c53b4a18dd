/** Waiting in tests: for a condition with a deadline, never for a time. */
export interface UntilOptions {
  /** What is waited for, as the end of the sentence "waited 5000 ms for …". */
  readonly what: string;
  /** ms; half a minute unless given: it costs nothing when all is well, and a busy machine may be five times as slow. */
  readonly deadline?: number;
  /** Between two looks, ms. */
  readonly interval?: number;
  /** Said when it fails: what there was instead. */
  readonly explain?: () => unknown;
}

/** Looks until `probe` gives something other than undefined or false. A probe that throws is asked again, and quoted at the end. */
export async function until<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { what, deadline = 30_000, interval = 20, explain }: UntilOptions,
): Promise<T> {
  const since = performance.now();
  for (;;) {
    let trouble = '';
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (thrown) {
      trouble = `\nlast look: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    }
    if (performance.now() - since > deadline) {
      const seen = explain === undefined ? '' : `\n${describe(explain())}`;
      throw new Error(`waited ${deadline} ms for ${what}${trouble}${seen}`);
    }
    await pause(interval);
  }
}

/** Resolves with what the promise gives, or with undefined after `ms`; leaves no timer behind. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController();
  try {
    return await Promise.race([promise, pause(ms, stop.signal).then(() => undefined)]);
  } finally {
    stop.abort();
  }
}

/** Ends early, without an error, when `stop` fires. */
export function pause(ms: number, stop?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const finish = (): void => {
    clearTimeout(timer);
    stop?.removeEventListener('abort', finish);
    resolve();
  };
  const timer = setTimeout(finish, ms);
  stop?.addEventListener('abort', finish);
  if (stop?.aborted) finish();
  return promise;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 1);
}
