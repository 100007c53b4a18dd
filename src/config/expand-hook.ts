import { forSlot } from '../shared/percent-text.ts';
import { expand, type Names } from './expand-options.ts';
import type { WrittenHook } from './hook-config.ts';
import type { Problem } from './problems.ts';

type Hooks = Readonly<Record<string, WrittenHook>>;

/** %(ENV_X)s and %(host_node_name)s in command, url and headers: secrets need not be in the file. */
export function expandHooks(written: Hooks, names: Names): { hooks: Record<string, WrittenHook>; problems: Problem[] } {
  const problems: Problem[] = [];
  const hooks = Object.entries(written).map(([name, hook]) => {
    const here = (text: string, ...path: readonly string[]): string => {
      const read = expand(text, names, 'daemon');
      problems.push(
        ...read.wrong.map((wrong): Problem => ({ path: ['hooks', name, ...path], at: 'value', text: wrong })),
      );
      // There is no slot: this makes %% a %.
      return forSlot(read.text, '', 0);
    };
    const { command, url, headers } = hook;
    const expanded: WrittenHook = {
      ...hook,
      command: command?.map((word) => here(word, 'command')),
      url: url === undefined ? undefined : here(url, 'url'),
      headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, here(value, 'headers', key)])),
    };
    return [name, expanded] as const;
  });
  return { hooks: Object.fromEntries(hooks), problems };
}
