import { describe, expect, test } from 'vitest';
import { readRange, tailRange } from '../../../src/shared/log-range.ts';
import { logText } from '../../../src/shared/log-text.ts';

/** Figures of supervisord 4.2.5's own readFile and tailFile over a file of 10 bytes. */
const size = 10;

describe('readProcessStdoutLog', () => {
  test.each([
    [0, 0, 0, 10],
    [0, 4, 0, 4],
    [3, 4, 3, 4],
    [3, 0, 3, 7],
    [8, 5, 8, 2],
    [10, 5, 10, 0],
    [99, 0, 10, 0],
    [-4, 0, 6, 4],
    [-99, 0, 0, 10],
  ])('offset %d, length %d is %d, %d', (offset, length, start, read) => {
    expect(readRange(size, offset, length, 100)).toEqual({ start, length: read });
  });

  test.each([
    [-1, 1],
    [0, -1],
    [-1, -1],
    [0.5, 0],
    [0, Number.NaN],
    [Number.POSITIVE_INFINITY, 0],
    [2 ** 53, 0],
  ])('offset %d, length %d is refused', (offset, length) => {
    expect(readRange(size, offset, length, 100)).toBeUndefined();
  });

  test('gives at most the limit: the first part, or of the end the last', () => {
    expect(readRange(size, 2, 0, 3)).toEqual({ start: 2, length: 3 });
    expect(readRange(size, -8, 0, 3)).toEqual({ start: 7, length: 3 });
  });
});

describe('tailProcessStdoutLog', () => {
  test.each([
    [0, 4, 6, 4, true],
    [0, 10, 0, 10, false],
    [0, 99, 0, 10, false],
    [6, 4, 6, 4, false],
    // supervisord gives the last `length` bytes, what was told before included.
    [8, 4, 6, 4, false],
    [10, 4, 10, 0, false],
    [99, 4, 10, 0, false],
    [0, 0, 10, 0, true],
    [-20, 4, 6, 4, true],
    [0, -4, 10, 0, true],
  ])('offset %d, length %d is %d, %d, overflow %s', (offset, length, start, read, overflow) => {
    expect(tailRange(size, offset, length, 100)).toEqual({ start, length: read, overflow });
  });

  test('gives at most the limit', () => {
    expect(tailRange(size, 0, 99, 3)).toEqual({ start: 7, length: 3, overflow: false });
  });

  test('takes whole numbers only', () => {
    expect(tailRange(size, 0.5, 4, 100)).toBeUndefined();
    expect(tailRange(size, 0, Number.NaN, 100)).toBeUndefined();
  });
});

describe('the text of a part of a log', () => {
  const bytes = new TextEncoder().encode('aä€😀z');

  test('leaves out what begins or ends within a character, wherever it is cut', () => {
    const whole = 'aä€😀z';
    for (let from = 0; from <= bytes.length; from++) {
      for (let to = from; to <= bytes.length; to++) {
        const text = logText(bytes.subarray(from, to));
        expect(text).not.toContain('\uFFFD');
        expect(whole).toContain(text);
      }
    }
    expect(logText(bytes)).toBe(whole);
  });

  test('shows other bytes as U+FFFD, and keeps a byte order mark', () => {
    expect(logText(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\uFFFDb');
    expect(logText(Uint8Array.of(0x61, 0xc3))).toBe('a');
    expect(logText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\uFEFFa');
    expect(logText(Uint8Array.of(0x61, 0xff))).toBe('a\uFFFD');
  });
});
