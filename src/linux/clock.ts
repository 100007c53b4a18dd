import type { Clock } from '../supervisor/ports.ts';

/** setTimeout takes a signed 32-bit number of milliseconds (24.8 days); a larger one fires at once. */
const timerMsMax = 2 ** 31 - 1;

/** Monotonic time and one alarm. performance.now() is CLOCK_MONOTONIC since the process started. */
export function createClock(): Clock {
  let timer: NodeJS.Timeout | undefined;

  function wakeAt(at: number | undefined, wake: () => void): void {
    clearTimeout(timer);
    timer = undefined;
    if (at === undefined) return;
    // Rounded up and looked at again: libuv counts whole milliseconds and may call a fraction too early.
    const waitMs = Math.min(Math.max(Math.ceil(at - performance.now()), 0), timerMsMax);
    timer = setTimeout(() => {
      if (performance.now() < at) wakeAt(at, wake);
      else wake();
    }, waitMs);
  }

  return { now: () => performance.now(), wall: () => Date.now(), wakeAt };
}
