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
    const read = expand(written.value, all, (name) => this.#source.env[name], expandedOptions.includes(option));
    if (read.ok) return read.value.text;
    const place = `${written.at.file}:${written.at.line}`;
    if (!this.#told.has(place))
      this.#problems.push({ at: written.at, text: `[${section.name}] ${option}: ${read.error}` });
    this.#told.add(place);
    return written.value;
  }

  /** Variables that had to be put in here and now; undefined when there are none. */
  variables(
    section: IniSection,
    option: string,
  ): { readonly known: readonly string[]; readonly unknown: readonly string[] } | undefined {
    if (expandedOptions.includes(option)) return undefined;
    const value = section.options.get(option)?.value ?? '';
    const names = [...value.matchAll(/(?<!%)%\(ENV_([^)]{1,128})\)/g)].map(([, name = '']) => name);
    if (names.length === 0) return undefined;
    const known = names.filter((name) => this.#source.env[name] !== undefined);
    return { known, unknown: names.filter((name) => !known.includes(name)) };
  }
}

/** Those of a program that portherd expands, too (expand-options.ts). */
const expandedOptions: readonly string[] = ['command', 'directory', 'environment', 'stdout_logfile', 'stderr_logfile'];
