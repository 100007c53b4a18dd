import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { History, historyPath } from '../../../src/cli/shell/history.ts';
import { lineWords } from '../../../src/cli/shell/words.ts';

describe('a line', () => {
  test.each([
    ['', []],
    ['  status   web:0 ', ['status', 'web:0']],
    ['curl web:0 /a?b=1&c=2 -H "X-Why: \\"me\\" \\\\"', ['curl', 'web:0', '/a?b=1&c=2', '-H', 'X-Why: "me" \\']],
    ["signal 'HUP' a''b x\\ y \"\"", ['signal', 'HUP', 'ab', 'x y', '']],
    ['scale web +1', ['scale', 'web', '+1']],
    ["'\\'", ['\\']],
  ])('%j has the words %j', (line, words) => {
    expect(lineWords(line)).toEqual(words);
  });

  test.each(["pid 'x", 'pid "x\\"', 'pid x\\'])('%j is not closed', (line) => {
    expect(lineWords(line)).toBeUndefined();
  });
});

describe('the history', () => {
  const directory = mkdtempSync(join(tmpdir(), 'portherd-history-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test('is kept in a file that only its user reads, the newest line first', () => {
    const path = join(directory, 'new/history');
    const history = new History(path, never);
    for (const line of ['status', 'status', ' secret', 'pid', '', 'status']) history.add(line);
    expect(history.lines).toEqual(['status', 'pid', 'status']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(new History(path, never).lines).toEqual(['status', 'pid', 'status']);
  });

  test('has at most 1000 lines', () => {
    const path = join(directory, 'long');
    writeFileSync(path, Array.from({ length: 1_500 }, (_, at) => `pid ${at}\n`).join(''));
    const history = new History(path, never);
    expect([history.lines.length, history.lines[0], history.lines.at(-1)]).toEqual([1_000, 'pid 1499', 'pid 500']);
    expect(readFileSync(path, 'utf8').split('\n').slice(0, 1)).toEqual(['pid 500']);
  });

  test('that cannot be kept is told once, and remembered until the end', () => {
    const told: string[] = [];
    const history = new History(join(directory, 'new/history/inside'), (why) => told.push(why));
    history.add('one');
    history.add('two');
    expect([history.lines, told.length]).toEqual([['two', 'one'], 1]);
  });

  test('is state, in the words of the XDG base directory specification', () => {
    expect(historyPath('h', { XDG_STATE_HOME: '/s' })).toBe('h');
    expect(historyPath(undefined, { XDG_STATE_HOME: '/s' })).toBe('/s/portherd/history');
    expect(historyPath(undefined, { XDG_STATE_HOME: 'relative' })).toMatch(/^\/.*\/\.local\/state\/portherd\/history$/);
  });
});

function never(why: string): void {
  expect.unreachable(why);
}
