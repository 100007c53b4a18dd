import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hookTarget } from '../../../src/config/hook-config.ts';
import {
  daemonEvents,
  factMeanings,
  type FactName,
  hookEvents,
  problemEvents,
} from '../../../src/config/hook-events.ts';
import type { Fact } from '../../../src/core/events.ts';
import { load, refusal } from './load-text.ts';

const programs = 'programs: { web: { command: node } }';

test.each([
  ['{ events: [all] }', 'hooks.page: missing; write a command or a url'],
  [
    '{ command: a }',
    'hooks.page.events: missing; write a list of 1 to 64 items, each all, problems, or the name of an event',
  ],
  ['{ events: [all], command: a, url: "http://h" }', 'hooks.page.url: there is a command, too; keep one of them'],
  ['{ events: [all], command: a, headers: { a: b } }', 'hooks.page.headers: only a url has headers; remove them'],
  ['{ events: [all], command: a, retrys: 1 }', 'hooks.page.retrys: unknown key; did you mean "retries"?'],
  [
    '7',
    'hooks.page: 7 is not valid; write a map of events, programs, command, url, headers, timeout, retries, backoff, queue',
  ],
])('a hook that is %s is refused', (written, text) => {
  const [code, ...lines] = refusal(`hooks: { page: ${written} }\n${programs}`);
  expect([code, ...lines.map((line) => line.replace(/^\S+ /, ''))]).toEqual(['CONFIG_INVALID', text]);
});

test('so are a name that is none, and more than 32', () => {
  const [, line] = refusal(`hooks: { "a b": { events: [all], command: a } }\n${programs}`);
  expect(line).toMatch(/not a name for a hook/);
  const many = Array.from({ length: 33 }, (_, at) => `h${at}: { events: [all], command: a }`).join(', ');
  expect(refusal(`hooks: { ${many} }\n${programs}`)[1]).toMatch(/33 hooks; at most 32 are taken$/);
});

test('no error shows what may be a secret', () => {
  for (const written of [
    'url: "sec ret://"',
    'url: "http://sec:%zret@h"',
    'url: [secret]',
    'url: "http://h", headers: { a: [secret] }',
  ]) {
    const lines = refusal(`hooks: { page: { events: [all], ${written} } }\n${programs}`).join('\n');
    expect(lines).not.toMatch(/sec|ret/);
  }
});

test.each([
  ['url: "https://u:p@example.com:8443/T0/secret?key=secret"', 'https://example.com:8443/…'],
  ['command: notify-ops --token secret', 'notify-ops …'],
  ['command: notify-ops', 'notify-ops'],
])('%s is shown as %s', (written, shown) => {
  expect(load(`hooks: { page: { events: [all], ${written} } }\n${programs}`).hooks.map(hookTarget)).toEqual([shown]);
});

test('what is left out has its default', () => {
  expect(load(`hooks: { page: { events: [fatal], command: a } }\n${programs}`).hooks).toEqual([
    {
      name: 'page',
      events: ['fatal'],
      programs: [],
      command: ['a'],
      directory: '/srv/app/config',
      headers: {},
      timeout: 10_000,
      retries: 5,
      backoff: { initial: 1_000, max: 60_000 },
      queue: 100,
    },
  ]);
});

test('an included file has no hooks', () => {
  expect(load(`include: [a.yaml]\nhooks: {}\n${programs}`).hooks).toEqual([]);
});

test('every event is one that core or the daemon’s log has', () => {
  expect(Object.keys(factMeanings)).toContain(asFact('fatal'));
  const source = new URL('../../../src/', import.meta.url);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const texts = files.map((file) => readFileSync(new URL(file, source), 'utf8')).join('\n');
  expect(daemonEvents.filter((name) => !texts.includes(`event: '${name}'`))).toEqual([]);
  expect(problemEvents.filter((name) => !hookEvents.includes(name))).toEqual([]);
});

/** Does not compile while a name of hook-events.ts is no fact; the other way round supervisor/hooks.ts does not. */
function asFact(name: FactName): Fact['event'] {
  return name;
}
