import { expect, test } from 'vitest';
import { HookGate } from '../../../src/linux/hook-gate.ts';

const { signal } = new AbortController();

/** A gate in a time that only passes by what it waits for, and by what starts. */
class Scene {
  now = 0;
  readonly gate = new HookGate({
    now: () => this.now,
    pause: async (ms, abort) => {
      await Promise.resolve();
      if (!abort.aborted) this.now += ms;
    },
  });

  /** When it began, ms. */
  start(takesMs: number, { atLeastMs = 0, hurried = false, abort = signal } = {}): Promise<number | undefined> {
    const begin = (): number => {
      const begun = this.now;
      this.now += takesMs;
      return begun;
    };
    return this.gate.pass(begin, atLeastMs, hurried, abort);
  }
}

test('what hooks start takes a twentieth of the time, in the order in which they came', async () => {
  const scene = new Scene();
  const all = [scene.start(2), scene.start(3), scene.start(0, { atLeastMs: 1 }), scene.start(1)];
  expect(await Promise.all(all)).toEqual([0, 40, 100, 119]);
});

test('one slow start does not shut it for long, and a hurried one does not wait', async () => {
  const scene = new Scene();
  expect(await scene.start(1_000)).toBe(0);
  expect(await scene.start(1_000, { hurried: true })).toBe(1_000);
  expect(await scene.start(0)).toBe(2_500);
});

test('who gives up lets the next one through', async () => {
  const scene = new Scene();
  const stop = new AbortController();
  await scene.start(2);
  const [first, second] = [scene.start(0, { abort: stop.signal }), scene.start(0)];
  stop.abort();
  expect([await first, await second]).toEqual([undefined, 40]);
});
