import { err, ok } from '../shared/result.ts';
import { slotsMax } from '../shared/limits.ts';
import { parseSignal, type SignalName } from '../shared/signal-name.ts';
import { commandWords } from './command-words.ts';
import { collect, type Kind, listOf, type Read, text, wholeNumber, wrong } from './kinds.ts';

/** The kinds with a grammar of their own: command, workers, host, signal, environment, file mode. */

/** A line in shell quoting, or the words themselves. The first word is the program to run. */
export function command(): Kind<string[]> {
  const expects = 'a command line such as node server.js, or a list of its words';
  // execve(2) takes some 2 MB of arguments in all; a thousand words are already somebody's mistake.
  const list = listOf(text('text'), 1, 1_000);
  return {
    expects,
    json: { anyOf: [{ type: 'string', minLength: 1 }, list.json] },
    read: (value) => {
      if (Array.isArray(value)) return checkedCommand(list.read(value), expects);
      if (typeof value !== 'string' || value.includes('\0')) return wrong(value, expects);
      const words = commandWords(value);
      return words.ok ? checkedCommand(words, expects) : err([{ text: words.error, path: [] }]);
    },
  };
}

function checkedCommand(words: Read<string[]>, expects: string): Read<string[]> {
  if (!words.ok) return words;
  const [first] = words.value;
  if (first === undefined || first === '') return wrong('', expects);
  const assignment = /^([A-Za-z_]\w*)=/.exec(first);
  if (assignment === null) return words;
  return err([{ text: `no shell runs the command; write ${assignment[1]} under environment instead`, path: [] }]);
}

/** A count, or a share of the cores, which only the resolver knows. `auto` is all of them. */
export type Workers = { readonly count: number } | { readonly percent: number };

export function workers(): Kind<Workers> {
  const count = wholeNumber(1, slotsMax);
  const expects = `auto, ${count.expects}, or a share of the cores from 1% to 1000%`;
  return {
    expects,
    json: { anyOf: [{ const: 'auto' }, count.json, { type: 'string', pattern: '^([1-9]\\d{0,2}|1000)%$' }] },
    read: (value) => {
      if (value === 'auto') return ok({ percent: 100 });
      const number = count.read(value);
      if (number.ok) return ok({ count: number.value });
      const percent = typeof value === 'string' ? /^([1-9]\d{0,2}|1000)%$/.exec(value) : null;
      return percent === null ? wrong(value, expects) : ok({ percent: Number(percent[1]) });
    },
  };
}

/** A share in percent; 0.05 for 5%. */
export function share(): Kind<number> {
  const expects = 'a share from 1% to 100%';
  return {
    expects,
    json: { type: 'string', pattern: '^([1-9]\\d?|100)%$' },
    read: (value) => {
      const percent = typeof value === 'string' ? /^([1-9]\d?|100)%$/.exec(value) : null;
      return percent === null ? wrong(value, expects) : ok(Number(percent[1]) / 100);
    },
  };
}

/** An address, not a name: a name's addresses change, a listener's do not. IPv6 in its shortest form, so that equal ones compare equal. */
export function host(): Kind<string> {
  const expects = 'an IPv4 or IPv6 address, such as 127.0.0.1, 0.0.0.0, :: or ::1';
  return {
    expects,
    json: { type: 'string', pattern: '^[0-9a-fA-F:.]+$' },
    read: (value) => {
      if (typeof value !== 'string') return wrong(value, expects);
      if (isIPv4(value)) return ok(value);
      // The URL parser's hosts are the standard's (WHATWG URL, "host parsing"): no zone, shortest form.
      if (/^[\da-f:.]+$/i.test(value) && URL.canParse(`http://[${value}]/`)) {
        return ok(new URL(`http://[${value}]/`).hostname.slice(1, -1));
      }
      return value === 'localhost' ? wrong(value, expects, 'write 127.0.0.1 or ::1') : wrong(value, expects);
    },
  };
}

function isIPv4(value: string): boolean {
  return (
    /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(value) && value.split('.').every((part) => Number(part) <= 255)
  );
}

/** Those by which a server is asked to stop. SIGSTOP and the like would not end it, faults are not ours to fake. */
const stopSignals = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGKILL'] as const;

export function stopSignal(): Kind<SignalName> {
  const names = stopSignals.map((name) => name.slice('SIG'.length));
  const expects = `one of ${names.join(', ')}, with or without SIG, or its number`;
  return {
    expects,
    json: { anyOf: [{ enum: [...names, ...stopSignals] }, { type: 'integer', minimum: 1, maximum: 31 }] },
    read: (value) => {
      const known = typeof value === 'string' || typeof value === 'number' ? parseSignal(value) : undefined;
      const allowed = stopSignals.find((name) => name === known);
      return allowed === undefined ? wrong(value, expects) : ok(allowed);
    },
  };
}

/** Set by portherd for each worker; what the config says would be lost without a word. */
const reserved = /^(PORTHERD_.*|LISTEN_FDS|LISTEN_PID|LISTEN_FDNAMES)$/;

export function isReservedVariable(name: string): boolean {
  return reserved.test(name);
}

export function environment(): Kind<Record<string, string>> {
  const expects = 'a map of names to texts';
  // A number's spelling is lost when YAML has read it (0600, 1.10), so quotes are asked for.
  const value = text('text');
  return {
    expects,
    json: { type: 'object', additionalProperties: value.json, propertyNames: { pattern: '^[^=\\u0000]+$' } },
    read: (written) => {
      if (typeof written !== 'object' || written === null || Array.isArray(written)) return wrong(written, expects);
      const pairs = Object.entries(written).map(([name, one]): [string, Read<[string, string]>] => {
        if (name === '' || /[=\0]/.test(name)) return [name, wrong(name, 'a name without = in it')];
        if (reserved.test(name)) return [name, wrong(name, '', 'portherd sets it itself; remove it')];
        const read = value.read(one);
        return [name, read.ok ? ok([name, read.value]) : read];
      });
      const read = collect(pairs);
      return read.ok ? ok(Object.fromEntries(read.value)) : read;
    },
  };
}

/** YAML reads an unquoted 0600 as six hundred, so only the quoted form is taken. The owner must be able to connect (unix(7)). */
export function fileMode(): Kind<number> {
  const expects = "an octal mode in quotes, such as '0600'; the owner's 6 must be in it";
  return {
    expects,
    json: { type: 'string', pattern: '^0?[67][0-7]{2}$' },
    read: (value) =>
      typeof value === 'string' && /^0?[67][0-7]{2}$/.test(value)
        ? ok(Number.parseInt(value, 8))
        : wrong(value, expects),
  };
}
