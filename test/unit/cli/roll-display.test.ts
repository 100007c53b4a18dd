import { expect, test } from 'vitest';
import { progressLine } from '../../../src/cli/render/roll-text.ts';
import { RollDisplay } from '../../../src/cli/roll-display.ts';
import { type Screen, unpainted } from '../../../src/cli/screen.ts';
import { errorBody, type RollLine, type RollProgress } from '../../../src/protocol/control.ts';
import { failure } from '../../../src/shared/errors.ts';

function paper(terminal: boolean) {
  const printed: string[] = [];
  const drawn: string[] = [];
  const noted: string[] = [];
  const screen: Screen = {
    terminal,
    columns: 60,
    paint: unpainted,
    print: (text) => printed.push(text),
    bytes: (chunk) => printed.push(new TextDecoder().decode(chunk)),
    draw: (line) => drawn.push(line),
    note: (text) => noted.push(text),
    page: () => undefined,
  };
  return { screen, printed, drawn, noted };
}

/** Shows the lines, 100 ms apart. */
function show(terminal: boolean, lines: readonly RollLine[], waits = true) {
  const sheet = paper(terminal);
  let now = 0;
  using display = new RollDisplay(sheet.screen, waits, () => now);
  for (const line of lines) {
    display.show(line);
    now += 100;
  }
  return { ...sheet, failed: display.failed };
}

function progress(done: number, its: Partial<RollProgress> = {}): RollLine {
  const roll = { program: 'web', generation: 2, total: 2, done, active: [done], rollingBack: false, ...its };
  return { t: 'progress', roll };
}

const replaced = (slot: number): RollLine => ({ t: 'replaced', program: 'web', slot, pid: 50 + slot, tookMs: 180 });
const failed: RollLine = {
  t: 'failed',
  program: 'web',
  slot: 1,
  why: 'exited with code 1',
  lastWords: ['Error: boom', '\u001B[31mat x'],
};
const rollFailed = errorBody(failure('ROLL_FAILED', 'web:1: exited with code 1'));
const finished: RollLine = { t: 'finished', programs: ['web'], tookMs: 400 };

test('off a terminal every replaced slot is a line, then the sum', () => {
  const { printed, drawn, failed } = show(false, [progress(0), replaced(0), progress(1), replaced(1), finished]);
  expect(printed).toEqual([
    'web:0: replaced by pid 50 in 180 ms',
    'web:1: replaced by pid 51 in 180 ms',
    'web: rolled 2 workers to generation 2 in 400 ms',
  ]);
  expect(drawn).toEqual([]);
  expect(failed).toBe(false);
});

test('on a terminal one line is redrawn, then the sum', () => {
  const { printed, drawn } = show(true, [progress(0), replaced(0), progress(1), replaced(1), finished]);
  expect(drawn).toEqual([
    'web                            0/2  slot 0  0 ms',
    'web  ████████████              1/2  slot 1  200 ms',
  ]);
  expect(printed).toEqual(['web: rolled 2 workers to generation 2 in 400 ms']);
});

test('a failure shows the slot, why, its last words, and what it left behind', () => {
  const {
    printed,
    noted,
    failed: isFailed,
  } = show(false, [progress(0), replaced(0), failed, { ...finished, error: rollFailed }]);
  expect(printed.slice(1)).toEqual([
    'web:1: ERROR (roll failed: exited with code 1)',
    '    | Error: boom',
    '    | \uFFFD[31mat x',
    'web: 1 of 2 slots run the new code, old workers untouched in the others',
  ]);
  expect(noted).toEqual([`  ${rollFailed.advice}`]);
  expect(isFailed).toBe(true);
});

test('a failure in the first slot leaves all old workers untouched', () => {
  expect(show(false, [progress(0), failed, { ...finished, error: rollFailed }]).printed.at(-1)).toBe(
    'web: old workers untouched',
  );
});

test('a rollback is told', () => {
  const back: RollLine = { t: 'rolledBack', program: 'web', slots: 1 };
  const { printed } = show(false, [progress(0), replaced(0), failed, back, { ...finished, error: rollFailed }]);
  expect(printed.slice(-2)).toEqual([
    'web: rolled back 1 slot to the code before',
    'web: the other old workers untouched',
  ]);
});

test('a roll that ends for another reason says so', () => {
  const error = errorBody(failure('SHUTTING_DOWN', 'the daemon is shutting down'));
  expect(show(false, [progress(0), { ...finished, error }]).printed).toEqual(['ERROR: the daemon is shutting down']);
});

test('with --no-wait only the beginning is told', () => {
  const { printed } = show(true, [progress(0, { total: 4 }), { ...finished, tookMs: 0 }], false);
  expect(printed).toEqual(['web: roll to generation 2 has begun, 4 slots']);
});

test('the progress line never reaches the last column', () => {
  const roll = { program: 'w'.repeat(80), generation: 2, total: 2, done: 1, active: [], rollingBack: true };
  expect(progressLine(roll, 0, 60)).toHaveLength(59);
});
