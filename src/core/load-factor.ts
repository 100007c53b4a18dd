import type { Reading } from './reading.ts';

/**
 * How much a slot can take beside one that has nothing to do: 1, down to `least`. A worker whose event loop is late, that has
 * no idle time left, whose queue is long or overflows gets fewer connections under policy `load`.
 */
export function loadFactor(reading: Reading, dropsBefore: number): number {
  const { lagMs = 0, elu = 0, queue, drops } = reading;
  const lag = 1 / (1 + Math.max(0, lagMs - lagUsualMs) / lagHalfMs);
  const busy = 1 - Math.max(0, elu - eluEasy);
  const waiting = 1 / (1 + queue / queueHalf);
  const dropping = drops > dropsBefore ? 0.5 : 1;
  return Math.max(least, lag * busy * waiting * dropping);
}

/** Seldom zero: a slot without any traffic would never show that it is well again. */
const least = 0.05;
/** An idle loop is measured as up to a timer's resolution late; 50 ms more and a slot gets half. */
const lagUsualMs = 20;
const lagHalfMs = 50;
/** Below 70 % the loop has room for what comes. */
const eluEasy = 0.7;
const queueHalf = 16;
