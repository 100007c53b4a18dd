import { resolvePath } from '../../shared/resolve-path.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { none } from './outcome.ts';
import { splitWords } from './words.ts';

/** supervisord's kinds of value (datatypes.py). Errors are texts for the operator, without the place. */
export function booleanOf(text: string): Result<boolean, string> {
  const word = text.trim().toLowerCase();
  if (['true', 'yes', 'on', '1'].includes(word)) return ok(true);
  if (['false', 'no', 'off', '0'].includes(word)) return ok(false);
  return err(`"${text}" is neither true, yes, on, 1 nor false, no, off, 0`);
}

export function integerOf(text: string): Result<number, string> {
  const number = /^\s*[+-]?\d[\d_]*\s*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN;
  return Number.isSafeInteger(number) ? ok(number) : err(`"${text}" is no whole number`);
}

/** Bytes. */
export function sizeOf(text: string): Result<number, string> {
  const [, digits, unit = ''] = /^\s*(\d+)\s*(kb|mb|gb)?\s*$/i.exec(text) ?? [];
  const factor = { '': 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }[unit.toLowerCase()];
  if (digits === undefined || factor === undefined) return err(`"${text}" is no size such as 1024, 10KB, 50MB or 1GB`);
  return ok(Number(digits) * factor);
}

export function octalOf(text: string): Result<number, string> {
  return /^\s*(0o?)?[0-7]{1,4}\s*$/.test(text)
    ? ok(Number.parseInt(text.trim().replace(/^0o/, ''), 8))
    : err(`"${text}" is no octal mode`);
}

/** Separated by commas. */
export function listOfTexts(text: string): string[] {
  return text.trim() === '' ? [] : text.split(',').map((one) => one.trim());
}

/** `A="x",B='y, z',C=1`; commas and newlines separate, values with other characters than /.+-(): need quotes there, not here. */
export function environmentOf(text: string): Result<Record<string, string>, string> {
  const pairs: Record<string, string> = {};
  const pattern = /[\s,]*([^\s=,"']+)\s*=\s*("[^"]*"|'[^']*'|[^,\s"']*)(?=[\s,]|$)/gy;
  let end = 0;
  for (const [all, name = '', value = ''] of text.matchAll(pattern)) {
    end += all.length;
    pairs[name] = value.replace(/^(["'])(.*)\1$/s, '$2');
  }
  const rest = text.slice(end).replaceAll(/[\s,]/g, '');
  if (rest === '') return ok(pairs);
  return err(`cannot be read from ${JSON.stringify(rest.slice(0, 20))} on; it is NAME="value",NAME2='value 2'`);
}

/** A log: AUTO, NONE (also off), what the daemon itself writes to, or a path. */
export function logOf(text: string): 'auto' | 'none' | 'inherit' | 'syslog' | { readonly path: string } {
  const word = text.trim().toLowerCase();
  if (word === 'auto' || word === 'syslog') return word;
  if (word === 'none' || word === 'off' || word === '/dev/null') return 'none';
  if (/^\/(dev\/(stdout|stderr|fd\/[12]|tty|console)|proc\/(self|1)\/fd\/[12])$/.test(word)) return 'inherit';
  return { path: text.trim() };
}

/** shlex's words; undefined is an error: an open quote, or nothing at all. */
export function wordsOf(text: string): readonly string[] | undefined {
  const words = splitWords(text.trim());
  return words === undefined || words.length === 0 ? undefined : words;
}

/** `~` and `~/x` as supervisord expands them, `/a/../b` made plain. Undefined: empty, or the home of somebody else. */
export function pathOf(text: string, home: string | undefined): string | undefined {
  const path = home !== undefined && /^~(\/|$)/.test(text.trim()) ? `${home}${text.trim().slice(1)}` : text.trim();
  if (path === '' || path.startsWith('~')) return undefined;
  return path.startsWith('/') ? resolvePath('/', path) : path;
}

export const noPath = none('~ is not expanded', 'the whole path');
