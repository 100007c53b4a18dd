import { isMainThread } from 'node:worker_threads';
import { readSettings } from './claim.ts';
import { startGuest } from './guest.ts';
import { guarded } from './guarded.ts';

/**
 * The guest inside somebody's app: loaded with `node --require dist/worker/preload.cjs` before the app, as one bundled file.
 *
 *   listen(port) ──▶ slot's descriptor ──▶ counts, beats ──▶ drain          (all through node:diagnostics_channel)
 *
 * It is inert without a token in the environment (grandchildren: the process that serves removes it) and in worker threads.
 * It never throws, never holds the process open, and the app serves on when the supervisor is gone.
 */
guarded(() => {
  const settings = isMainThread ? readSettings(process.env) : undefined;
  if (settings !== undefined) startGuest(settings);
})(undefined);
