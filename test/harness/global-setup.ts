import { watchForLeaks } from './leaks.ts';
import { prepareNodes } from './nodes.ts';

let leaks: ReturnType<typeof watchForLeaks> | undefined;

/** Around the whole integration suite, in vitest's own process. */
export async function setup(): Promise<void> {
  await prepareNodes();
  leaks = watchForLeaks();
}

/** Nothing may outlive the tests: what does fails the run. */
export async function teardown(): Promise<void> {
  await leaks?.end();
}
