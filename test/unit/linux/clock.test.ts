import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClock } from '../../../src/linux/clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('it wakes once, at the time and not before', () => {
  const clock = createClock();
  const wake = vi.fn<() => void>();
  clock.wakeAt(clock.now() + 100.5, wake);
  vi.advanceTimersByTime(100);
  expect(wake).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(wake).toHaveBeenCalledTimes(1);
});

test('a later call replaces the alarm, undefined cancels it', () => {
  const clock = createClock();
  const [first, second] = [vi.fn<() => void>(), vi.fn<() => void>()];
  clock.wakeAt(clock.now() + 10, first);
  clock.wakeAt(clock.now() + 20, second);
  vi.advanceTimersByTime(30);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
  clock.wakeAt(clock.now() + 10, first);
  clock.wakeAt(undefined, first);
  vi.advanceTimersByTime(100);
  expect(first).not.toHaveBeenCalled();
});

test('a time that has passed is now', () => {
  const wake = vi.fn<() => void>();
  createClock().wakeAt(-5, wake);
  vi.advanceTimersByTime(1);
  expect(wake).toHaveBeenCalledTimes(1);
});

test('forty days are more than a timer can hold, and yet exact', () => {
  const clock = createClock();
  const wake = vi.fn<() => void>();
  const fortyDays = 40 * 24 * 3_600_000;
  clock.wakeAt(clock.now() + fortyDays, wake);
  vi.advanceTimersByTime(fortyDays - 1);
  expect(wake).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2);
  expect(wake).toHaveBeenCalledTimes(1);
});
