import { didYouMean } from '../shared/did-you-mean.ts';
import { formatDuration, parseDuration } from '../shared/duration.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { formatSize, parseSize } from '../shared/size.ts';

/**
 * The kinds of value an option can have: what may be written, said in words (error texts and OPTIONS.md use the same ones) and as JSON
 * Schema, and how it is read. Knows no option and nothing of zod; kinds with a grammar of their own are in program-kinds.ts.
 */
export interface Kind<T> {
  /** Follows "write …": `a whole number from 1 to 65535`. */
  readonly expects: string;
  readonly json: JsonSchema;
  readonly read: (value: unknown) => Read<T>;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is wrong, and where inside the value (`[1]` is its second item). */
export interface Wrong {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

export type Read<T> = Result<T, readonly Wrong[]>;

export function wholeNumber(min: number, max: number): Kind<number> {
  const expects = `a whole number from ${min} to ${max}`;
  return {
    expects,
    json: { type: 'integer', minimum: min, maximum: max },
    read: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
        ? ok(value)
        : wrong(value, expects),
  };
}

export function decimal(min: number, max: number): Kind<number> {
  const expects = `a number from ${min} to ${max}`;
  return {
    expects,
    json: { type: 'number', minimum: min, maximum: max },
    read: (value) => (typeof value === 'number' && value >= min && value <= max ? ok(value) : wrong(value, expects)),
  };
}

/** Exactly one of these; a near miss is named. */
export function oneOf<const V extends readonly (string | boolean)[]>(...values: V): Kind<V[number]> {
  const expects = values
    .map(String)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');
  return {
    expects,
    json: { enum: values },
    read: (value) => {
      const found = values.find((one) => one === value);
      if (found !== undefined) return ok(found);
      const meant = typeof value === 'string' ? didYouMean(value, values.map(String)) : undefined;
      return wrong(value, expects, meant === undefined ? undefined : `did you mean ${meant}?`);
    },
  };
}

/** `10s`, `1m30s`, `500ms`, `2h` in milliseconds; the bounds are milliseconds too. */
export function duration(min: number, max: number): Kind<number> {
  const expects = `a duration from ${formatDuration(min)} to ${formatDuration(max)}`;
  return {
    expects,
    json: {
      type: 'string',
      pattern: '^(\\d+(\\.\\d+)?h)?(\\d+(\\.\\d+)?m)?(\\d+(\\.\\d+)?s)?(\\d+(\\.\\d+)?ms)?$',
      minLength: 2,
    },
    read: (value) => {
      if (typeof value !== 'string' && typeof value !== 'number') return wrong(value, expects);
      const parsed = parseDuration(value);
      if (!parsed.ok) return err([{ text: parsed.error, path: [] }]);
      return parsed.value >= min && parsed.value <= max ? ok(parsed.value) : wrong(value, expects);
    },
  };
}

/** A duration, or the word that stands for none. */
export function durationOr<Word extends string>(word: Word, min: number, max: number): Kind<number | Word> {
  const some = duration(min, max);
  const expects = `${some.expects}, or ${word}`;
  return {
    expects,
    json: { anyOf: [some.json, { const: word }] },
    read: (value) => {
      if (value === word) return ok(word);
      const read = some.read(value);
      return read.ok || typeof value === 'number' ? read : wrong(value, expects);
    },
  };
}

/** `512KB`, `50MB`, `2GB` in bytes, or the word that stands for none. */
export function sizeOr<Word extends string>(word: Word, min: number, max: number): Kind<number | Word> {
  const expects = `a size from ${formatSize(min)} to ${formatSize(max)}, or ${word}`;
  return {
    expects,
    json: { anyOf: [{ type: 'string', pattern: '^\\d+(\\.\\d+)?(B|KB|MB|GB|TB)$' }, { const: word }] },
    read: (value) => {
      if (value === word) return ok(word);
      if (typeof value !== 'string' && typeof value !== 'number') return wrong(value, expects);
      const parsed = parseSize(value);
      if (!parsed.ok) return err([{ text: parsed.error, path: [] }]);
      return parsed.value >= min && parsed.value <= max ? ok(parsed.value) : wrong(value, expects);
    },
  };
}

/** Text without NUL (no path, argument or environment value can hold one), checked by `pattern` if given. */
export function text(expects: string, pattern?: RegExp): Kind<string> {
  return {
    expects,
    json: { type: 'string', ...(pattern === undefined ? {} : { pattern: pattern.source }) },
    read: (value) =>
      typeof value === 'string' && !value.includes('\0') && (pattern?.test(value) ?? true)
        ? ok(value)
        : wrong(value, typeof value === 'number' ? `it in quotes: '${value}'` : expects),
  };
}

/** Not resolved here: the directory of the file is not known to a kind. `~` and `$HOME` are the shell's, and no shell reads this. */
export function path(expects = 'a path, absolute or relative to the config file'): Kind<string> {
  const plain = text(expects, /^[^~]/);
  return {
    ...plain,
    read: (value) =>
      typeof value === 'string' && value.startsWith('~')
        ? wrong(value, 'the whole path; ~ is not expanded')
        : plain.read(value),
  };
}

/** Each item is of `kind`; errors name the item. */
export function listOf<T>(kind: Kind<T>, min: number, max: number): Kind<T[]> {
  const expects = `a list of ${min} to ${max} items, each ${kind.expects}`;
  return {
    expects,
    json: { type: 'array', items: kind.json, minItems: min, maxItems: max },
    read: (value) => {
      if (!Array.isArray(value) || value.length < min || value.length > max) return wrong(value, expects);
      return collect(value.map((item, index): [number, Read<T>] => [index, kind.read(item)]));
    },
  };
}

/** The first kind that reads it wins; nothing of the others' errors is told, so `expects` must cover all. */
export function either<A, B>(
  first: Kind<A>,
  second: Kind<B>,
  expects = `${first.expects}, or ${second.expects}`,
): Kind<A | B> {
  return {
    expects,
    json: { anyOf: [first.json, second.json] },
    read: (value) => {
      const one = first.read(value);
      if (one.ok) return one;
      const other = second.read(value);
      return other.ok ? other : wrong(value, expects);
    },
  };
}

/** The items' values in order, or every item's errors with its index (or key) in front of their paths. */
export function collect<T>(items: readonly (readonly [string | number, Read<T>])[]): Read<T[]> {
  const wrongs = items.flatMap(([key, read]) =>
    read.ok ? [] : read.error.map((one) => ({ text: one.text, path: [key, ...one.path] })),
  );
  return wrongs.length > 0 ? err(wrongs) : ok(items.flatMap(([, read]) => (read.ok ? [read.value] : [])));
}

/** The one form of an error text: what is there, and what to write instead. */
export function wrong(value: unknown, expects: string, hint = `write ${expects}`): Read<never> {
  return err([{ text: wrongText(value, expects, hint), path: [] }]);
}

export function wrongText(value: unknown, expects: string, hint = `write ${expects}`): string {
  if (value === undefined) return `missing; write ${expects}`;
  if (value === null) return `nothing is written here; write ${expects}`;
  return `${show(value)} is not valid; ${hint}`;
}

/** Enough to recognise it, on one line and without control characters. */
function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'a map';
}
