import type { PortherdError } from './errors.ts';

/** An operating error is a value: the caller decides. Programmer errors throw (see assert.ts). */
export type Result<T, E = PortherdError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function ok(): Result<undefined, never>;
export function ok<T>(value: T): Result<T, never>;
export function ok(value?: unknown): Result<unknown, never> {
  return { ok: true, value };
}

export function err<E>(error: E): Result<never, E> {
  return { ok: false, error };
}
