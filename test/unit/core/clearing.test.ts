import { expect, test } from 'vitest';
import { beginClearing, type Clearing, isClear, look } from '../../../src/core/clearing.ts';

/** One look after another, each when the one before asked for it. */
function looks(...seen: readonly (readonly [queue: number, ...halfOpen: string[]])[]): Clearing {
  return seen.reduce(
    (clearing, [queue, ...halfOpen]) => look(clearing, queue, halfOpen, clearing.nextLook),
    beginClearing(0),
  );
}

test('a listener is clear after two looks in a row that find nothing', () => {
  expect(isClear(beginClearing(0))).toBe(false);
  expect(isClear(looks([0]))).toBe(false);
  expect(isClear(looks([0], [0]))).toBe(true);
  expect(isClear(looks([0], [1], [0]))).toBe(false);
});

test('the first look comes after the old steering program is out of use', () => {
  expect(beginClearing(1_000).nextLook).toBe(1_020);
});

test('handshakes of the first look are waited for, one by one', () => {
  expect(isClear(looks([0, 'a', 'b'], [0, 'b'], [0, 'b'], [0, 'b']))).toBe(false);
  expect(isClear(looks([0, 'a', 'b'], [0, 'b'], [0], [0]))).toBe(true);
});

test('handshakes that begin later are with other listeners, and are not waited for', () => {
  expect(isClear(looks([0], [0, 'c', 'd']))).toBe(true);
  expect(isClear(looks([0, 'a'], [0, 'c'], [0, 'c']))).toBe(true);
});

test('a handshake that is gone from the list may be in the queue: the queue is waited out after it', () => {
  expect(isClear(looks([0, 'a'], [1], [1], [0]))).toBe(false);
  expect(isClear(looks([0, 'a'], [1], [1], [0], [0]))).toBe(true);
});
