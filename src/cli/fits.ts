/**
 * Checks that JSON from the socket has the shape that the protocol promises. What it does not name may be there too (a newer
 * daemon's). Small, because zod would double the start of portherdctl.
 *
 * A check answers undefined, or what is wrong and where.
 */
export type Check = (value: unknown, at: string) => string | undefined;

/** A check after which a value may be trusted to be a `T`. */
export interface Shape<T> extends Check {
  /** Never there: it only ties the type to the check. */
  readonly means?: T;
}

export function fits<T>(shape: Shape<T>, value: unknown): value is T {
  return shape(value, '') === undefined;
}

export const text: Check = (value, at) => (typeof value === 'string' ? undefined : `${at} is not a string`);

export const number: Check = (value, at) => (Number.isFinite(value) ? undefined : `${at} is not a number`);

export const flag: Check = (value, at) => (typeof value === 'boolean' ? undefined : `${at} is not true or false`);

export function optional(check: Check): Check {
  return (value, at) => (value === undefined ? undefined : check(value, at));
}

export function oneOf(words: readonly string[]): Check {
  return (value, at) =>
    typeof value === 'string' && words.includes(value) ? undefined : `${at} is not one of ${words.join(', ')}`;
}

export function list<T>(check: Shape<T>): Shape<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) return `${at} is not a list`;
    for (const [index, item] of value.entries()) {
      const wrong = check(item, `${at}[${index}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** Does not compile while it forgets a field of `T`. */
export function fields<T>(checks: { readonly [Key in keyof T]-?: Check }): Shape<T> {
  const entries: [string, Check][] = Object.entries(checks);
  return (value, at) => {
    if (!isRecord(value)) return `${at} is not an object`;
    for (const [key, check] of entries) {
      const wrong = check(value[key], at === '' ? key : `${at}.${key}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** By the value of `t`; an object with another `t` is a newer daemon's and passes: nobody has a case for it. */
export function tagged(checks: Readonly<Record<string, Check>>): Check {
  return (value, at) => {
    if (!isRecord(value) || typeof value['t'] !== 'string') return `${at}t is not a string`;
    return checks[value['t']]?.(value, at);
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
