import { err, ok } from '../shared/result.ts';
import { parseSize } from '../shared/size.ts';
import { type Kind, type Read, wrong } from './kinds.ts';

/** The kinds of value that say how a process is started: account, umask, resource limit. Knows neither users nor limits of this machine. */

/** A name, or its number. */
export function account(expects: string): Kind<string> {
  return {
    expects,
    json: {
      anyOf: [
        { type: 'string', pattern: accountName.source },
        { type: 'integer', minimum: 0, maximum: idMax },
      ],
    },
    read: (value) => {
      if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= idMax)
        return ok(String(value));
      return typeof value === 'string' && accountName.test(value) ? ok(value) : wrong(value, expects);
    },
  };
}

export function isAccount(text: string): boolean {
  return accountName.test(text);
}

/** What useradd(8) takes, and more: directories of companies have dots and capitals. */
const accountName = /^[\w][\w.@-]{0,63}\$?$/;
/** (uid_t) -1 means none (setreuid(2)). */
const idMax = 2 ** 32 - 2;

/** YAML reads an unquoted 022 as twenty-two, so only the quoted form is taken. */
export function umask(): Kind<number> {
  const expects = "an octal mask in quotes, such as '022'";
  return {
    expects,
    json: { type: 'string', pattern: '^0?[0-7]{3}$' },
    read: (value) =>
      typeof value === 'string' && /^0?[0-7]{3}$/.test(value) ? ok(Number.parseInt(value, 8)) : wrong(value, expects),
  };
}

/** As setrlimit(2) has it. */
export interface ResourceLimit {
  readonly soft: LimitValue;
  readonly hard: LimitValue;
}

export type LimitValue = number | 'unlimited';

/** `1024`, `unlimited`, or `1024:4096` for a soft limit below the hard one. Of bytes: `512MB`. */
export function resourceLimit(of: 'number' | 'bytes' | 'seconds'): Kind<ResourceLimit> {
  const one = { number: 'a whole number', bytes: 'a size such as 512MB', seconds: 'whole seconds' }[of];
  const expects = `${one}, unlimited, or two of them as soft:hard`;
  return {
    expects,
    json: {
      anyOf: [
        { type: 'integer', minimum: 0 },
        { type: 'string', pattern: '^[^:]+(:[^:]+)?$' },
      ],
    },
    read: (value): Read<ResourceLimit> => {
      if (typeof value !== 'number' && typeof value !== 'string') return wrong(value, expects);
      const [first = '', second, ...more] = String(value).split(':');
      const soft = limitValue(first, of);
      const hard = second === undefined ? soft : limitValue(second, of);
      if (soft === undefined || hard === undefined || more.length > 0) return wrong(value, expects);
      if (hard !== 'unlimited' && (soft === 'unlimited' || soft > hard))
        return err([{ text: `the soft limit of ${value} is above the hard one; write the lower one first`, path: [] }]);
      return ok({ soft, hard });
    },
  };
}

function limitValue(text: string, of: 'number' | 'bytes' | 'seconds'): LimitValue | undefined {
  if (text === 'unlimited') return text;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (of !== 'bytes') return undefined;
  const size = parseSize(text);
  return size.ok ? size.value : undefined;
}
