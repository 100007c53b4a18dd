import { describeError, errorCodes, failure, type PortherdError } from './shared/errors.ts';

/** What the commands of portherd tell a person, and the exit codes that go with it. */
export function say(text: string): number {
  console.log(text);
  return 0;
}

/** On stderr; the exit code is the error's. */
export function fail(error: PortherdError): number {
  console.error(`portherd: ${describeError(error)}`);
  return errorCodes[error.code].exit;
}

export function surplus(words: readonly string[]): PortherdError {
  return failure('BAD_ARGUMENTS', `unexpected: ${words.join(' ')}`, 'See `portherd help`.');
}
