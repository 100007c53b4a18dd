import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { emptySlot, type Seat } from '../../../src/core/seat.ts';
import { newFleet } from '../../../src/core/fleet.ts';
import { LiveWorkers } from '../../../src/supervisor/live-workers.ts';
import { keepNotified, type Manager, type Notified } from '../../../src/supervisor/notify.ts';
import type { Program, Watcher } from '../../../src/supervisor/supervisor.ts';
import { web } from '../config/load-text.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const config = web('programs: { web: { command: node, workers: 1 } }');
const backoff: Seat = { is: 'BACKOFF', until: 5_000, why: 'it crashed' };
const fatal: Seat = { is: 'FATAL', why: 'it crashed', at: 0, nextFlush: Number.POSITIVE_INFINITY };

/** A supervisor of one slot, which sits as it is told, and decides nothing. */
function scene(seat: Seat, watchdogMs?: number) {
  const sent: string[] = [];
  const watchers = new Set<Watcher>();
  const programs = new Map<string, Program>();
  const state = { closing: false, decides: true, ticks: 0 };
  const sit = (next: Seat): void => {
    const fleet = { ...newFleet(1), slots: [{ ...emptySlot(0, 1), seat: next }] };
    programs.set('web', { config, fleet, launches: new Map() });
    for (const watcher of watchers) watcher('web', undefined);
  };
  sit(seat);
  const supervisor: Notified = {
    programs,
    workers: new LiveWorkers(),
    get closing() {
      return state.closing;
    },
    send(name) {
      state.ticks += 1;
      if (state.decides) for (const watcher of watchers) watcher(name, undefined);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    ports: {
      clock: { now: () => Date.now() - start, wall: () => 0, wakeAt: () => undefined },
      machine: { pid: 4711, node: '', rss: () => 0, token: () => '', sample: async () => new Map() },
    },
  };
  const start = Date.now();
  const manager: Manager = {
    present: true,
    watchdogMs,
    send: (lines) => sent.push(lines.join(' ')),
    monotonicUsec: () => 123n,
  };
  return { sent, state, sit, notify: keepNotified(supervisor, manager) };
}

const watchdogs = (sent: readonly string[]): number => sent.filter((line) => line === 'WATCHDOG=1').length;

describe('the service manager', () => {
  test('hears nothing before everything has been told to start, then that it is ready, at once', () => {
    const { sent, sit, notify } = scene(backoff);
    sit(backoff);
    expect(sent).toEqual([]);
    notify.begin();
    expect(sent.join()).not.toContain('READY=1');
    sit(fatal);
    expect(sent).toContain('READY=1 MAINPID=4711 STATUS=web 0/1 ready, 1 FATAL');
    notify.end();
  });

  test('hears of a reload with its time, and of its end; two at once are one', () => {
    const { sent, notify } = scene(fatal);
    notify.begin();
    const first = notify.reloading();
    const second = notify.reloading();
    first();
    expect(sent.at(-1)).toBe('EXTEND_TIMEOUT_USEC=20000000');
    second();
    expect(sent.map((line) => line.replace(/ STATUS=.*/, ''))).toEqual([
      'READY=1 MAINPID=4711',
      'RELOADING=1 MONOTONIC_USEC=123',
      'EXTEND_TIMEOUT_USEC=20000000',
      'READY=1 MAINPID=4711',
    ]);
    notify.end();
  });

  test('hears of the end as soon as it begins', () => {
    const { sent, state, sit, notify } = scene(fatal);
    notify.begin();
    state.closing = true;
    sit(fatal);
    expect(sent).toContain('STOPPING=1 STATUS=stopping: web stopped');
    notify.end();
    const before = sent.length;
    vi.advanceTimersByTime(60_000);
    expect(sent).toHaveLength(before);
  });
});

describe('the watchdog', () => {
  test('hears twice in its time that an event has gone through the queue', () => {
    const { sent, state, notify } = scene(fatal, 30_000);
    notify.begin();
    vi.advanceTimersByTime(60_000);
    expect(watchdogs(sent)).toBe(4);
    expect(state.ticks).toBe(4);
    notify.end();
  });

  test('hears nothing while events are queued and not decided, and again afterwards', () => {
    const { sent, state, notify } = scene(fatal, 30_000);
    notify.begin();
    state.decides = false;
    vi.advanceTimersByTime(90_000);
    expect(watchdogs(sent)).toBe(0);
    state.decides = true;
    vi.advanceTimersByTime(15_000);
    expect(watchdogs(sent)).toBe(1);
    notify.end();
  });

  test('hears nothing when a program’s alarm is long overdue', () => {
    const { sent, notify } = scene(backoff, 10_000);
    notify.begin();
    vi.advanceTimersByTime(15_000); // the pause was over at 5 s
    expect(watchdogs(sent)).toBe(3);
    vi.advanceTimersByTime(60_000);
    expect(watchdogs(sent)).toBe(3);
    notify.end();
  });

  test('is not fed when none was asked for', () => {
    const { sent, notify } = scene(fatal);
    notify.begin();
    vi.advanceTimersByTime(60_000);
    expect(watchdogs(sent)).toBe(0);
    notify.end();
  });
});
