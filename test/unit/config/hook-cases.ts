import { problemEvents } from '../../../src/config/hook-events.ts';
import { count, type OptionCases, time } from './case-makers.ts';

const at = (key: string): string => `hooks.page.${key}`;
const names = '%(ENV_NAME)s, %(host_node_name)s';

/** Whom hooks tell, of what, and for how long they try. The environment has REGION, which is "eu 100%". */
export const hookCases: Readonly<Record<string, OptionCases>> = {
  'hooks.page.events': {
    good: [
      ['[fatal, rollFailed, fatal]', ['fatal', 'rollFailed']],
      ['[problems]', problemEvents],
    ],
    bad: [
      ['[fatel]', `${at('events')}[0]: "fatel" is not valid; did you mean fatal?`],
      [
        '[]',
        `${at('events')}: an empty list is not valid; write a list of 1 to 64 items, each all, problems, or the name of an event`,
      ],
      [
        'fatal',
        `${at('events')}: "fatal" is not valid; write a list of 1 to 64 items, each all, problems, or the name of an event`,
      ],
    ],
    marks: { '[fatel]': 'fatel' },
  },
  'hooks.page.programs': {
    good: [
      ['[web]', ['web']],
      ['[]', []],
    ],
    bad: [
      ['[wbe]', `${at('programs')}[0]: there is no program wbe`],
      ['["a b"]', `${at('programs')}[0]: "a b" is not valid; write a program’s name`],
    ],
    marks: { '[wbe]': 'wbe', '["a b"]': '"a b"' },
  },
  'hooks.page.command': {
    good: [
      ['notify-ops --urgent', ['notify-ops', '--urgent']],
      ['[sh, -c, "echo %(ENV_REGION)s 50%% %x"]', ['sh', '-c', 'echo eu 100% 50% %x']],
    ],
    bad: [
      [
        'a | b',
        `${at('command')}: no shell runs the command, so | would mean nothing; quote it, or write ["sh", "-c", "…"]`,
      ],
      ['"a %(slot)d"', `${at('command')}: %(slot)d names nothing; write one of ${names}, or %% for a %`],
      ['""', `${at('command')}: "" is not valid; write a command line such as node server.js, or a list of its words`],
    ],
  },
  'hooks.page.url': {
    good: [
      ['https://example.com/a%20b?c=d', 'https://example.com/a%20b?c=d'],
      ['"http://u:p@[::1]:80/%(host_node_name)s"', 'http://u:p@[::1]:80/north'],
    ],
    bad: [
      // Nothing of it is shown: it may be a secret.
      ['secret', `${at('url')}: not a URL; write one such as https://example.com/path`],
      ['ftp://secret', `${at('url')}: write an http or https URL`],
      ['"http://u:%zz@h"', `${at('url')}: the name or password in it is not percent-encoded; write %25 for a %`],
      [
        '"http://h/%(ENV_NONE)s"',
        `${at('url')}: %(ENV_NONE)s: NONE is not set in portherd’s environment; set it, or write %% for a %`,
      ],
      ['7', `${at('url')}: 7 is not valid; write it in quotes: '7'`],
    ],
  },
  'hooks.page.headers': {
    good: [
      ['{ authorization: "Bearer %(ENV_REGION)s" }', { authorization: 'Bearer eu 100%' }],
      ['{}', {}],
    ],
    bad: [
      ['{ "a b": x }', `${at('headers')}["a b"]: "a b" is not valid; write a header’s name`],
      ['{ Host: x }', `${at('headers.Host')}: "Host" is not valid; portherd sets it itself; remove it`],
      ['{ a: "x\\ny" }', `${at('headers.a')}: its value has a line break or another character that no header can hold`],
      ['[]', `${at('headers')}: an empty list is not valid; write a map of header names to texts`],
    ],
    marks: { '{ "a b": x }': 'x }', '{ Host: x }': 'x }', '{ a: "x\\ny" }': '"x' },
    loaderOnly: [],
  },
  'hooks.page.timeout': time(at('timeout'), ['100ms', 100], ['10m', 600_000], '11m'),
  'hooks.page.retries': count(at('retries'), 0, 100),
  'hooks.page.backoff.initial': {
    ...time(at('backoff.initial'), ['10ms', 10], ['1m', 60_000], '2h'),
    bad: [
      ['2m', `${at('backoff.initial')}: longer than max; write a shorter one`],
      ['9ms', `${at('backoff.initial')}: "9ms" is not valid; write a duration from 10ms to 1h`],
      ['2h', `${at('backoff.initial')}: "2h" is not valid; write a duration from 10ms to 1h`],
    ],
  },
  'hooks.page.backoff.max': {
    good: [
      ['1s', 1_000],
      ['1h', 3_600_000],
    ],
    bad: [['9ms', `${at('backoff.max')}: "9ms" is not valid; write a duration from 10ms to 1h`]],
  },
  'hooks.page.queue': count(at('queue'), 1, 1_000),
};
