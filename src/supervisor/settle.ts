import type { Fact } from '../core/events.ts';
import type { Supervisor } from './supervisor.ts';

/**
 * Waits for the world to answer: `decide` sees every fact of the program (and `undefined` after each decision) until it
 * gives an answer. At the deadline the answer is `undefined`.
 */
export function settle<T>(
  supervisor: Supervisor,
  program: string,
  deadlineMs: number,
  decide: (fact: Fact | undefined) => T | undefined,
): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<T | undefined>();
  const timer = setTimeout(() => finish(undefined), Math.min(deadlineMs, timerMsMax));
  const unwatch = supervisor.watch((name, fact) => {
    if (name !== program) return;
    const answer = decide(fact);
    if (answer !== undefined) finish(answer);
  });
  function finish(answer: T | undefined): void {
    clearTimeout(timer);
    unwatch();
    resolve(answer);
  }
  const already = decide(undefined);
  if (already !== undefined) finish(already);
  return promise;
}

/** setTimeout takes a signed 32-bit number of milliseconds. */
const timerMsMax = 2 ** 31 - 1;
