import { didYouMean } from '../shared/did-you-mean.ts';
import { ok } from '../shared/result.ts';
import { type HookWord, hookWords } from './hook-events.ts';
import { collect, type Kind, type Read, text, wrong } from './kinds.ts';

/** The kinds with a grammar of their own: events, headers. */

export function hookWord(): Kind<HookWord> {
  const expects = 'all, problems, or the name of an event';
  return {
    expects,
    json: { enum: hookWords },
    read: (value) => {
      const found = hookWords.find((word) => word === value);
      if (found !== undefined) return ok(found);
      const meant = typeof value === 'string' ? didYouMean(value, hookWords) : undefined;
      const hint = meant === undefined ? `write ${hookWords.join(', ')}` : `did you mean ${meant}?`;
      return wrong(value, expects, hint);
    },
  };
}

/** Header names to values. What stands in a value is secret: no error shows it. */
export function headers(): Kind<Record<string, string>> {
  const expects = 'a map of header names to texts';
  const value = text('text');
  return {
    expects,
    json: {
      type: 'object',
      additionalProperties: value.json,
      propertyNames: { pattern: headerName.source },
      maxProperties: headersMax,
    },
    read: (written) => {
      if (typeof written !== 'object' || written === null || Array.isArray(written)) return wrong(written, expects);
      const entries = Object.entries(written);
      if (entries.length > headersMax) return wrong(written, `${expects}, at most ${headersMax}`);
      const pairs = entries.map(([name, one]): [string, Read<[string, string]>] => {
        if (!headerName.test(name)) return [name, wrong(name, 'a header’s name')];
        if (own.includes(name.toLowerCase())) return [name, wrong(name, '', 'portherd sets it itself; remove it')];
        const read = value.read(one);
        return [name, read.ok ? ok([name, read.value]) : read];
      });
      const read = collect(pairs);
      return read.ok ? ok(Object.fromEntries(read.value)) : read;
    },
  };
}

/** RFC 9110, token. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const headersMax = 32;

/** What the length and the end of a request are told by; another value would break it. */
const own = ['content-length', 'transfer-encoding', 'connection', 'content-type', 'host', 'expect', 'upgrade', 'te'];
