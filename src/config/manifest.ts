import { failure, messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/** What package.json says about starting the app. */
export interface Manifest {
  readonly name: string | undefined;
  /** scripts.start, what `npm start` gives to a shell. */
  readonly start: string | undefined;
  /** scripts.prestart, which `npm start` runs before. */
  readonly prestart: string | undefined;
  readonly main: string | undefined;
}

/** `path` is for messages. Errors: CONFIG_INVALID. What has another type than npm's is taken as not there. */
export function readManifest(text: string, path: string): Result<Manifest> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    return err(failure('CONFIG_INVALID', `${path} is not JSON: ${messageOf(thrown)}`, 'Correct it; npm needs it too.'));
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return err(failure('CONFIG_INVALID', `${path} does not hold an object`, 'Correct it; npm needs it too.'));
  }
  const scripts = fieldOf(parsed, 'scripts');
  return ok({
    name: textOf(fieldOf(parsed, 'name')),
    start: textOf(fieldOf(scripts, 'start')),
    prestart: textOf(fieldOf(scripts, 'prestart')),
    main: textOf(fieldOf(parsed, 'main')),
  });
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
