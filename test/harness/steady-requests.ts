import { getText } from './get-text.ts';

/** One request, each on a connection of its own. */
export interface SteadyRequest {
  /** performance.now() at its begin, and how long it took; undefined while it is open. */
  readonly at: number;
  tookMs: number | undefined;
  /** The body, or what went wrong. */
  text: string;
  failed: boolean;
}

/** Requests at a pace that does not care how fast the answers come, as clients of a service are. */
export interface SteadyRequests extends AsyncDisposable {
  readonly all: readonly SteadyRequest[];
  /** Sends no more, and waits for what is open. */
  stop(): Promise<readonly SteadyRequest[]>;
}

/** `path` is asked for each request when it is a function. */
export function startRequests(port: number, perSecond: number, path: string | (() => string) = '/'): SteadyRequests {
  const all: SteadyRequest[] = [];
  const open = new Set<Promise<void>>();
  const since = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - since) * perSecond) / 1_000;
    while (all.length < due) {
      const done = request(port, typeof path === 'string' ? path : path(), all);
      open.add(done);
      void done.finally(() => open.delete(done));
    }
  }, 2);
  const stop = async (): Promise<readonly SteadyRequest[]> => {
    clearInterval(timer);
    await Promise.all(open);
    return all;
  };
  return {
    all,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

async function request(port: number, path: string, all: SteadyRequest[]): Promise<void> {
  const one: SteadyRequest = { at: performance.now(), tookMs: undefined, text: '', failed: false };
  all.push(one);
  try {
    one.text = await getText(port, path);
  } catch (thrown) {
    one.failed = true;
    one.text = String(thrown);
  }
  one.tookMs = performance.now() - one.at;
}
