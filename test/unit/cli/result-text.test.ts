import { describe, expect, test } from 'vitest';
import { resultDetail, resultLine, resultsExit } from '../../../src/cli/render/result-text.ts';
import { errorBody } from '../../../src/protocol/control.ts';
import { type ErrorCode, failure } from '../../../src/shared/errors.ts';

function failed(name: string, code: ErrorCode, message = 'why') {
  return { name, error: errorBody(failure(code, message)) };
}

describe('the lines are supervisorctl’s', () => {
  test.each([
    [{ name: 'web:0' }, 'web:0: started'],
    [failed('web:0', 'ALREADY_STARTED'), 'web:0: ERROR (already started)'],
    [failed('web:9', 'BAD_NAME'), 'web:9: ERROR (no such process)'],
    [failed('nope', 'BAD_NAME'), 'nope: ERROR (no such process)'],
    [failed('nope:*', 'BAD_NAME'), 'nope: ERROR (no such group)'],
    [failed('nope:', 'BAD_NAME'), 'nope: ERROR (no such group)'],
    [failed('web:0', 'SPAWN_ERROR'), 'web:0: ERROR (spawn error)'],
    [failed('web:0', 'ABNORMAL_TERMINATION'), 'web:0: ERROR (abnormal termination)'],
    [failed('web:0', 'NO_FILE'), 'web:0: ERROR (no such file)'],
    [failed('web:0', 'NOT_EXECUTABLE'), 'web:0: ERROR (file is not executable)'],
    [failed('web:0', 'PORT_IN_USE', '127.0.0.1:80 is held by pid 3'), 'web:0: ERROR (127.0.0.1:80 is held by pid 3)'],
  ])('%j', (result, line) => {
    expect(resultLine(result, 'started')).toBe(line);
  });

  test('of stop and signal', () => {
    expect(resultLine({ name: 'web:0' }, 'stopped')).toBe('web:0: stopped');
    expect(resultLine({ name: 'web:0' }, 'signalled')).toBe('web:0: signalled');
    expect(resultLine(failed('web:0', 'NOT_RUNNING'), 'stopped')).toBe('web:0: ERROR (not running)');
    expect(resultLine(failed('web:0', 'BAD_SIGNAL'), 'signalled')).toBe('web:0: ERROR (bad signal name)');
  });
});

describe('the exit codes are supervisorctl’s', () => {
  test.each([
    ['started', 'ALREADY_STARTED', 'web:0', 0],
    ['started', 'BAD_NAME', 'nope', 1],
    ['started', 'BAD_NAME', 'nope:*', 2],
    ['started', 'NO_FILE', 'web:0', 1],
    ['started', 'SPAWN_ERROR', 'web:0', 7],
    ['started', 'ABNORMAL_TERMINATION', 'web:0', 7],
    ['stopped', 'NOT_RUNNING', 'web:0', 0],
    ['stopped', 'BAD_NAME', 'nope:*', 1],
    ['signalled', 'NOT_RUNNING', 'web:0', 7],
    ['signalled', 'BAD_SIGNAL', 'web:0', 1],
    ['signalled', 'BAD_NAME', 'nope:*', 1],
  ] as const)('%s, %s of %s: %i', (deed, code, name, exit) => {
    expect(resultsExit([failed(name, code)], deed)).toBe(exit);
  });

  test('the last failure decides', () => {
    expect(resultsExit([failed('a:0', 'SPAWN_ERROR'), failed('b', 'BAD_NAME'), { name: 'c:0' }], 'started')).toBe(1);
    expect(resultsExit([{ name: 'c:0' }], 'started')).toBe(0);
  });
});

test('the detail says what the word leaves out', () => {
  expect(resultDetail({ name: 'web:0' })).toBeUndefined();
  expect(resultDetail(failed('web:0', 'NOT_RUNNING'))).toBeUndefined();
  expect(resultDetail(failed('web:0', 'SPAWN_ERROR', 'exited with code 3'))).toMatch(
    /^web:0: exited with code 3\n {2}See /,
  );
  expect(resultDetail(failed('web:0', 'SPAWN_ERROR', 'web:0: status 3'))).toMatch(/^web:0: status 3\n/);
});
