import { expect, test } from 'vitest';
import { logView, prefixes } from '../../../src/cli/log-lines.ts';
import { type Screen, unpainted } from '../../../src/cli/screen.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('one log goes out as it came, byte for byte', () => {
  const { screen, out } = fakeScreen(false);
  const view = logView(screen, false, 'web:0', undefined);
  view.bytes(Uint8Array.of(0xff, 0x0a));
  expect(out).toEqual([Uint8Array.of(0xff, 0x0a)]);
});

test('several are lines with names of one width in front, however they are cut', () => {
  const { screen, out } = fakeScreen(false);
  const [short, long] = prefixes(['web:0', 'worker:10']).map((prefix) => logView(screen, false, '', prefix));
  short?.bytes(bytes('he'));
  long?.bytes(bytes('other\n'));
  short?.bytes(bytes('llo €\nrest').subarray(0, 6));
  short?.bytes(bytes('llo €\nrest').subarray(6));
  short?.flush();
  expect(out).toEqual(['worker:10 | other', 'web:0     | hello €', 'web:0     | rest']);
});

test('as JSON each line is one', () => {
  const { screen, out } = fakeScreen(false);
  logView(screen, true, 'web:0', undefined).bytes(bytes('a "b"\nc\n'));
  expect(out).toEqual(['{"name":"web:0","line":"a \\"b\\""}', '{"name":"web:0","line":"c"}']);
});

test('a terminal gets the colours of a log, and nothing that would move its cursor or more', () => {
  const { screen, out } = fakeScreen(true);
  logView(screen, false, 'web:0', undefined).bytes(bytes('\u001B[31mred\u001B[0m\u001B[2J\u0007\r\nplain\n'));
  expect(out).toEqual(['\u001B[31mred\u001B[0m\uFFFD[2J\uFFFD\u001B[0m', 'plain']);
});

test('a line without an end is shown in parts', () => {
  const { screen, out } = fakeScreen(false);
  const [prefix] = prefixes(['web:0']);
  const view = logView(screen, false, 'web:0', prefix);
  for (let n = 0; n < 10; n++) view.bytes(bytes('x'.repeat(20_000)));
  expect(out.length).toBeGreaterThan(1);
});

test('what is missing is said beside', () => {
  const { screen, notes } = fakeScreen(false);
  logView(screen, false, 'web:0', undefined).gap('the log was emptied');
  expect(notes).toEqual(['web:0: some lines are missing here: the log was emptied']);
});

function fakeScreen(terminal: boolean): { screen: Screen; out: unknown[]; notes: string[] } {
  const out: unknown[] = [];
  const notes: string[] = [];
  const screen: Screen = {
    terminal,
    columns: 80,
    paint: unpainted,
    print: (text) => out.push(text),
    bytes: (chunk) => out.push(chunk),
    draw: () => undefined,
    note: (text) => notes.push(text),
    page: () => undefined,
  };
  return { screen, out, notes };
}
