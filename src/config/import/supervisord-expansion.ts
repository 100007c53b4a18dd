import { expand } from './expand.ts';
import type { IniPlace, IniProblem, IniSection } from './ini.ts';
import type { SupervisordSource } from './supervisord-files.ts';

/** Values with their %()s expanded as supervisord would, here and now. A bad one is a problem, told once. */
export class Values {
  readonly #source: SupervisordSource;
  readonly #here: (at: IniPlace) => string;
  readonly #problems: IniProblem[];
  readonly #told = new Set<string>();

  constructor(source: SupervisordSource, here: (at: IniPlace) => string, problems: IniProblem[]) {
    this.#source = source;
    this.#here = here;
    this.#problems = problems;
  }

  /** Undefined when the option is not written. `names` besides here and host_node_name. */
  expanded(
    section: IniSection,
    option: string,
    names: Readonly<Record<string, string | number | null>>,
  ): string | undefined {
    const written = section.options.get(option);
    if (written === undefined) return undefined;
    const all = { here: this.#here(written.at), host_node_name: this.#source.host, ...names };
    const read = expand(valueOf(section, option), all, (name) => this.#source.env[name]);
    if (read.ok) return read.value.text;
    const place = `${written.at.file}:${written.at.line}`;
    if (!this.#told.has(place))
      this.#problems.push({ at: written.at, text: `[${section.name}] ${option}: ${read.error}` });
    this.#told.add(place);
    return written.value;
  }

  /** How far an option's %(ENV_X)s were known; undefined when it has none. */
  variables(
    section: IniSection,
    option: string,
  ): { readonly known: readonly string[]; readonly unknown: readonly string[] } | undefined {
    const names = [...valueOf(section, option).matchAll(/(?<!%)%\(ENV_([^)]+)\)/g)].map(([, name = '']) => name);
    if (names.length === 0) return undefined;
    const known = names.filter((name) => this.#source.env[name] !== undefined);
    return { known, unknown: names.filter((name) => !known.includes(name)) };
  }
}

/** A="%(ENV_A)s" says that A is inherited. It is in portherd anyway, and what it holds had better not be written down. */
function valueOf(section: IniSection, option: string): string {
  const value = section.options.get(option)?.value ?? '';
  return option === 'environment'
    ? value.replaceAll(/(?<=^|[\s,])([^\s=,"']{1,256})\s*=\s*(["']?)%\(ENV_\1\)s\2(?=[\s,]|$)/g, '')
    : value;
}
