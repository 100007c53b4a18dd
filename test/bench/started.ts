/**
 * What a benchmark has started, so that Ctrl-C ends it as the benchmark's own end does: everything is disposed of, also what is
 * just being started. For the benchmark's process; there is one of these in it.
 */
const started = new Set<Promise<AsyncDisposable>>();
let interrupted = false;

/** Disposed of once: by the caller, or by a signal. */
export class Kept<T extends AsyncDisposable> implements AsyncDisposable {
  readonly it: T;
  #disposed: PromiseLike<void> | undefined;

  constructor(it: T) {
    this.it = it;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.it[Symbol.asyncDispose]();
    await this.#disposed;
  }
}

export async function keep<T extends AsyncDisposable>(start: () => Promise<T>): Promise<Kept<T>> {
  if (interrupted) throw new Error('interrupted');
  const kept = start().then((it) => new Kept(it));
  started.add(kept);
  try {
    return await kept;
  } catch (thrown) {
    started.delete(kept);
    throw thrown;
  }
}

/** From now on. A second Ctrl-C does not wait. */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
}

async function end(): Promise<void> {
  if (interrupted) process.exit(130);
  interrupted = true;
  console.error('\nending what was started …');
  const ended = await Promise.allSettled([...started].map(async (kept) => (await kept)[Symbol.asyncDispose]()));
  for (const one of ended) if (one.status === 'rejected') console.error(String(one.reason));
  process.exit(130);
}
