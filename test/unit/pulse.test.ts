import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Beat } from '../../src/protocol/channel.ts';
import { type Counts, Pulse } from '../../src/worker/pulse.ts';

const none: Counts = {
  open: 0,
  total: 0,
  requests: 0,
  inFlight: 0,
  closedIdle: 0,
  closedHard: 0,
  shedding: 0,
  shed: 0,
};

let now = 0;
let counts = none;
let open = true;
let beats: { readonly at: number; readonly beat: Beat }[] = [];

beforeEach(() => {
  now = 1_000;
  counts = none;
  open = true;
  beats = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** In steps that end where timers are due. */
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 10) {
    now += 10;
    vi.advanceTimersByTime(10);
  }
}

function started(): Pulse {
  const pulse = new Pulse({
    counts: () => counts,
    changes: () => counts.open + counts.requests,
    send: (beat) => {
      if (open) beats.push({ at: now - 1_000, beat });
      return open;
    },
  });
  pulse.start();
  pulse.beat();
  return pulse;
}

test('a connection after a quiet time is told within 10 ms, those that follow it within 100', () => {
  const pulse = started();
  pass(710);
  counts = { ...none, open: 1 };
  pulse.stir();
  pass(10);
  expect(beats.map(({ at }) => at)).toEqual([0, 720]);
  for (let step = 2; step <= 6; step++) {
    counts = { ...none, open: step };
    pulse.stir();
    pass(40);
  }
  expect(beats.map(({ at, beat }) => [at, beat.open]).slice(1)).toEqual([
    [720, 1],
    [820, 4],
    [920, 6],
  ]);
});

test('where many come at once they are told each quarter of a second', () => {
  const pulse = started();
  for (let step = 1; step <= 60; step++) {
    counts = { ...none, open: step };
    pulse.stir();
    pass(10);
  }
  const [, first = 0, second = 0] = beats.map(({ at }) => at);
  expect(second - first).toBeGreaterThanOrEqual(240);
  expect(beats.length).toBeLessThanOrEqual(4);
});

test('news that cannot be told are not tried more often than anything else', () => {
  const pulse = started();
  pass(300);
  open = false;
  counts = { ...none, open: 1 };
  pulse.stir();
  const tried = vi.spyOn(performance, 'eventLoopUtilization');
  pass(1_000);
  expect(tried.mock.calls.length / 2).toBeLessThanOrEqual(1_000 / 50 + 1);
});

test('while nothing changes there is a beat each second', () => {
  started();
  pass(3_200);
  expect(beats.map(({ at }) => at)).toEqual([0, 1_000, 2_000, 3_000]);
});

test('what changes is told within a quarter of a second, and not more often', () => {
  started();
  pass(400);
  counts = { ...counts, open: 1 };
  pass(100);
  expect(beats.map(({ at }) => at)).toEqual([0, 500]);
  for (let step = 0; step < 20; step++) {
    counts = { ...counts, requests: counts.requests + 1 };
    pass(50);
  }
  expect(beats.map(({ at }) => at)).toEqual([0, 500, 750, 1_000, 1_250, 1_500]);
});

test('how late its own timer is goes into the next beat, and is forgotten after it', () => {
  started();
  pass(200);
  now += 380;
  pass(50);
  expect(beats.at(-1)).toMatchObject({ at: 0, beat: { lagMs: 0 } });
  pass(1_000);
  expect(beats.at(-1)).toMatchObject({ beat: { lagMs: 380 } });
  pass(1_000);
  expect(beats.at(-1)).toMatchObject({ beat: { lagMs: 0 } });
});

test('a beat that did not go out is not told: the next one says what it would have', () => {
  started();
  open = false;
  counts = { ...counts, open: 1 };
  now += 700;
  pass(900);
  expect(beats).toHaveLength(1);
  open = true;
  pass(250);
  expect(beats).toHaveLength(2);
  expect(beats.at(-1)).toMatchObject({ beat: { open: 1, lagMs: 700 } });
});

test('while something changes the loop is looked at each 50 ms: a shorter delay shows too', () => {
  started();
  counts = { ...counts, requests: 1 };
  pass(250);
  expect(beats.at(-1)).toMatchObject({ at: 250, beat: { lagMs: 0 } });
  for (let step = 0; step < 4; step++) {
    counts = { ...counts, requests: counts.requests + 1 };
    pass(30);
    if (step === 1) now += 40;
    pass(20);
  }
  counts = { ...counts, requests: counts.requests + 1 };
  pass(50);
  expect(beats.at(-1)).toMatchObject({ beat: { requests: 6, lagMs: 40 } });
});

test('utilisation is a share in hundredths', () => {
  started().beat();
  for (const { beat } of beats) {
    expect(beat.elu).toBeGreaterThanOrEqual(0);
    expect(beat.elu).toBeLessThanOrEqual(1);
    expect(beat.elu).toBe(Number(beat.elu.toFixed(2)));
  }
});
