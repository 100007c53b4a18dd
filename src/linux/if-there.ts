import { errorCodeOf } from './error-code.ts';

/** What asks for a file answers undefined when there is none; any other trouble is its caller's. */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (thrown) {
    const code = errorCodeOf(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw thrown;
  }
}
