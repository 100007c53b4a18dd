import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../../../src/cli/command-line.ts';
import { portherdctl } from '../../../src/cli/tool.ts';

function read(...args: string[]) {
  const reading = readCommandLine(portherdctl, args);
  if (!reading.ok) return reading.error;
  const { command, words, flags } = reading.value;
  return { command, words, socket: flags.text('socket'), json: flags.has('json') };
}

function flagsOf(...args: string[]) {
  const reading = readCommandLine(portherdctl, args);
  if (!reading.ok) throw new Error(reading.error.message);
  return reading.value.flags;
}

function watch(...args: string[]) {
  const reading = readCommandLine(portherdctl, ['connections', ...args]);
  return reading.ok && [reading.value.flags.has('watch'), reading.value.flags.text('watch')];
}

describe('readCommandLine', () => {
  test('takes the tool’s options before and after the command', () => {
    expect(read('-s', '/a', 'status', 'web', '--json')).toEqual({
      command: 'status',
      words: ['web'],
      socket: '/a',
      json: true,
    });
    expect(read('status', '--socket=/a')).toMatchObject({ socket: '/a' });
  });

  test('keeps +1, -1 and names of digits as words', () => {
    expect(read('scale', 'web', '+1')).toMatchObject({ words: ['web', '+1'] });
    expect(read('scale', '007', '-1')).toMatchObject({ words: ['007', '-1'] });
  });

  test('takes what follows -- as words', () => {
    expect(read('status', '--', '--json')).toMatchObject({ words: ['--json'], json: false });
  });

  test('an option that may stand without its value', () => {
    expect([watch(), watch('-w'), watch('-w', '5')]).toEqual([
      [false, undefined],
      [true, ''],
      [true, '5'],
    ]);
  });

  test('of an option that is given twice the last counts, or all where it may be given several times', () => {
    const reading = readCommandLine(portherdctl, [
      'curl',
      'web:0',
      '-m',
      '1',
      '-H',
      'A: 1',
      '-m',
      '2',
      '-H',
      'B: 2',
      '-i',
      '-i',
    ]);
    if (!reading.ok) throw new Error(reading.error.message);
    const { flags, words } = reading.value;
    expect([flags.text('timeout'), flags.texts('header'), flags.has('include')]).toEqual(['2', ['A: 1', 'B: 2'], true]);
    expect(words).toEqual(['web:0']);
  });

  test('refuses an unknown option, and says which one was meant', () => {
    expect(read('status', '--jsno')).toEqual({
      code: 'BAD_ARGUMENTS',
      message: 'unknown option --jsno',
      advice: 'Did you mean --json?',
    });
    expect(read('-x', 'status')).toMatchObject({ code: 'BAD_ARGUMENTS', message: 'unknown option -x' });
    expect(read('status', '--no-json')).toMatchObject({ message: 'unknown option --no-json' });
  });

  test('refuses an option without its value', () => {
    expect(read('status', '-s')).toMatchObject({ code: 'BAD_ARGUMENTS', message: 'option --socket needs URL' });
  });

  test('a command’s own short option is its own, the tool’s long one remains', () => {
    const flags = flagsOf('curl', 'web:0', '-i', '-p', '8080');
    expect([flags.has('include'), flags.has('interactive'), flags.text('port'), flags.has('password')]).toEqual([
      true,
      false,
      '8080',
      false,
    ]);
    expect(flagsOf('curl', 'web:0', '--password', 'x').text('password')).toBe('x');
    expect(flagsOf('-p', 'x', 'curl', 'web:0').text('password')).toBe('x');
  });

  test('knows supervisorctl’s options by their names', () => {
    const flags = flagsOf('--serverurl', 'unix:///a', '--configuration=c', '-r', 'h', '-i', 'status');
    expect([flags.text('socket'), flags.text('config'), flags.text('history-file'), flags.has('interactive')]).toEqual([
      'unix:///a',
      'c',
      'h',
      true,
    ]);
  });

  test('leaves an unknown command to the caller, its options too', () => {
    expect(read('stauts', '--whatever')).toMatchObject({ command: 'stauts' });
    expect(read()).toMatchObject({ command: undefined });
  });
});
