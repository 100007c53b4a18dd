import type { Clock } from '../supervisor/ports.ts';

/** setTimeout takes a signed 32-bit number of milliseconds (24.8 days); a larger one fires at once. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Monotonic time and one alarm. process.hrtime() is CLOCK_MONOTONIC, which counts from the machine's boot: a supervisor that
 * takes over reads its predecessor's times as its own. performance.now() is the same since the process started, and cheaper.
 */
export function createClock(): Clock {
  const [seconds, nanoseconds] = process.hrtime();
  const origin = seconds * 1_000 + nanoseconds / 1e6 - performance.now();
  const now = (): number => origin + performance.now();
  let timer: NodeJS.Timeout | undefined;

  function wakeAt(at: number | undefined, wake: () => void): void {
    clearTimeout(timer);
    timer = undefined;
    if (at === undefined) return;
    // Rounded up and looked at again: libuv counts whole milliseconds and may call a fraction too early.
    const waitMs = Math.min(Math.max(Math.ceil(at - now()), 0), timerMsMax);
    timer = setTimeout(() => {
      if (now() < at) wakeAt(at, wake);
      else wake();
    }, waitMs);
  }

  return { now, wall: () => Date.now(), wakeAt };
}
