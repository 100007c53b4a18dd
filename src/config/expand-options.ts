import { escapePercent, forSlot, programNames, replaceNames, slotNames } from '../shared/percent-text.ts';
import type { Path, Problem } from './problems.ts';
import type { ConfigContext } from './resolve.ts';
import type { WrittenProgram } from './schema.ts';

/**
 * %(ENV_X)s and %(host_node_name)s become what they are for the daemon, when it reads the file. What depends on the slot stays in the text
 * until a worker is started (shared/percent-text.ts). Nothing else than these options is expanded.
 */
export interface Expanded {
  readonly program: WrittenProgram;
  readonly problems: readonly Problem[];
}

export type Names = Required<Pick<ConfigContext, 'env' | 'host'>>;

export function expandProgram(name: string, written: WrittenProgram, names: Names): Expanded {
  const problems: Problem[] = [];
  const at = (path: Path): Path => ['programs', name, ...path];
  const here = (text: string, path: Path, perSlot = true): string => {
    const read = expand(text, names, perSlot ? 'slot' : 'program');
    problems.push(...read.wrong.map((wrong): Problem => ({ path: at(path), at: 'value', text: wrong })));
    return read.text;
  };
  // One directory for all slots: it is looked up once for a generation, so that a deployment meanwhile mixes no releases.
  const whole = (text: string, path: Path): string => forSlot(here(text, path, false), name, 0);
  const { command, directory, envFile, environment, logs } = written;
  const program: WrittenProgram = {
    ...written,
    command: command.map((word) => here(word, ['command'])),
    directory: whole(directory, ['directory']),
    envFile: envFile === undefined ? undefined : whole(envFile, ['envFile']),
    environment: Object.fromEntries(
      Object.entries(environment).map(([key, value]) => [key, here(value, ['environment', key])]),
    ),
    logs: { ...logs, stdout: here(logs.stdout, ['logs', 'stdout']), stderr: here(logs.stderr, ['logs', 'stderr']) },
  };
  return { program, problems };
}

/** `of`: what the text is there once for. */
export function expand(
  text: string,
  { env, host }: Names,
  of: 'slot' | 'program' | 'daemon',
): { text: string; wrong: readonly string[] } {
  const wrong: string[] = [];
  const expanded = replaceNames(text, ({ name, written }) => {
    if (programNames.includes(name) && of !== 'daemon') return undefined;
    if (slotNames.includes(name) && of !== 'daemon') {
      if (of === 'program') wrong.push(`${written} is another for each slot; this is one for all of them`);
      return undefined;
    }
    if (name === 'host_node_name') return escapePercent(host);
    const variable = /^ENV_(.+)$/.exec(name)?.[1];
    if (variable === undefined) {
      wrong.push(`${written} names nothing; write one of ${of === 'daemon' ? knownOfDaemon : known}, or %% for a %`);
      return undefined;
    }
    const value = env[variable];
    if (value !== undefined) return escapePercent(value);
    wrong.push(`${written}: ${variable} is not set in portherd’s environment; set it, or write %% for a %`);
    return undefined;
  });
  return { text: expanded, wrong };
}

const known = ['%(ENV_NAME)s', '%(program_name)s', '%(process_num)d', '%(slot)d', '%(host_node_name)s'].join(', ');
const knownOfDaemon = '%(ENV_NAME)s, %(host_node_name)s';
