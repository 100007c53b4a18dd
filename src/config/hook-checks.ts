import type { HookConfig } from './hook-config.ts';
import type { Problem } from './problems.ts';
import type { Config } from './schema.ts';

/** Rules between a hook's options, and with the programs. A URL and headers hold secrets: no text shows them. */
export function checkHooks({ hooks, programs }: Config): Problem[] {
  const names = new Set(programs.map(({ name }) => name));
  const tooMany: Problem = { path: ['hooks'], at: 'key', text: `${hooks.length} hooks; at most ${hooksMax} are taken` };
  return [...(hooks.length > hooksMax ? [tooMany] : []), ...hooks.flatMap((hook) => checkHook(hook, names))];
}

/** Each may have a process, or a connection, of its own at any time. */
const hooksMax = 32;

function checkHook(hook: HookConfig, programs: ReadonlySet<string>): Problem[] {
  const problems: Problem[] = [];
  const { name, command, url, headers, backoff } = hook;
  const wrong = (key: readonly (string | number)[], text: string, at: Problem['at'] = 'value'): void => {
    problems.push({ path: ['hooks', name, ...key], at, text });
  };
  if (!/^[a-z\d][\w.-]{0,63}$/i.test(name))
    wrong([], 'not a name for a hook; write 1 to 64 letters, digits, dots, _ or -, the first a letter or digit', 'key');
  if (command === undefined && url === undefined) wrong([], 'missing; write a command or a url', 'key');
  if (command !== undefined && url !== undefined) wrong(['url'], 'there is a command, too; keep one of them', 'key');
  if (url !== undefined) for (const text of urlProblems(url)) wrong(['url'], text);
  if (url === undefined && Object.keys(headers).length > 0)
    wrong(['headers'], 'only a url has headers; remove them', 'key');
  for (const [header, value] of Object.entries(headers))
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      wrong(['headers', header], 'its value has a line break or another character that no header can hold');
  if (backoff.initial > backoff.max) wrong(['backoff', 'initial'], 'longer than max; write a shorter one');
  hook.programs.forEach((program, index) => {
    if (!programs.has(program)) wrong(['programs', index], `there is no program ${program}`);
  });
  return problems;
}

function urlProblems(url: string): string[] {
  if (!URL.canParse(url)) return ['not a URL; write one such as https://example.com/path'];
  const { protocol, username, password } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return ['write an http or https URL'];
  try {
    decodeURIComponent(username + password);
    return [];
  } catch {
    return ['the name or password in it is not percent-encoded; write %25 for a %'];
  }
}
