import { ok, type Result } from '../shared/result.ts';
import type { Place, Problem } from './problems.ts';

/**
 * Joins a config with the files that its `include` names, as values, before anything is checked. An included file holds programs and nothing
 * else; its paths start at its own directory. Reads no file: `ConfigContext.include` does.
 */
export interface ConfigSource {
  readonly value: unknown;
  readonly locate: (problem: Problem) => Place;
}

export interface IncludedFile extends ConfigSource {
  /** Absolute. */
  readonly directory: string;
}

export interface Joined extends ConfigSource {
  /** Of programs that are written in an included file: the directory at which their paths start. */
  readonly homes: ReadonlyMap<string, string>;
}

/** Problems: a program that is written twice (with both places), anything but programs in an included file. */
export function joinIncluded(
  main: ConfigSource,
  files: readonly IncludedFile[],
): Result<Joined, { problems: readonly Problem[]; locate: ConfigSource['locate'] }> {
  const problems: Problem[] = [];
  const owners = new Map<string, number>();
  const homes = new Map<string, string>();
  const programs: Record<string, unknown> = {};
  const sources = [main, ...files];
  // A problem of the included files has its file's number in front of its path, until it is located.
  const add = (file: number, problem: Problem): void => {
    problems.push({ ...problem, path: [file, ...problem.path] });
  };
  for (const [file, { value }] of sources.entries()) {
    if (file > 0) for (const problem of strange(value)) add(file, problem);
    for (const [name, program] of Object.entries(programsOf(value))) {
      const first = owners.get(name);
      if (first !== undefined) {
        const path = ['programs', name];
        const there = sources[first]?.locate({ path, at: 'key', text: '' }).label.replace(/: programs.*$/s, '');
        add(file, { path, at: 'key', text: `this program is also at ${there}; keep one of them` });
        continue;
      }
      owners.set(name, file);
      programs[name] = program;
      const directory = files[file - 1]?.directory;
      if (directory !== undefined) homes.set(name, directory);
    }
  }
  const inFile = (file: number, problem: Problem): Place => {
    const place = (sources[file] ?? main).locate(problem);
    return { label: place.label, order: place.order + file * fileStride };
  };
  if (problems.length > 0) {
    const locate = ({ path: [file, ...path], ...rest }: Problem): Place => inFile(Number(file), { ...rest, path });
    return { ok: false, error: { problems, locate } };
  }
  const locate = (problem: Problem): Place => {
    const [top, name] = problem.path;
    return inFile(top === 'programs' ? (owners.get(String(name)) ?? 0) : 0, problem);
  };
  const value = files.length > 0 && isMap(main.value) ? { ...main.value, programs } : main.value;
  return ok({ value, locate, homes });
}

/** Longer than any config, so that problems are told file by file. */
const fileStride = 2 ** 31;

function strange(value: unknown): Problem[] {
  if (value === null || value === undefined) return [];
  if (!isMap(value)) return [{ path: [], at: 'value', text: 'not a config; write a map with programs in it' }];
  const others = Object.keys(value).filter((key) => key !== 'programs');
  const notMap = value['programs'] !== undefined && value['programs'] !== null && !isMap(value['programs']);
  return [
    ...others.map((key) => atKey(key, 'an included file holds programs only; write this in the first file')),
    ...(notMap ? [atKey('programs', 'write a map of names to programs')] : []),
  ];
}

function atKey(key: string, text: string): Problem {
  return { path: [key], at: 'key', text };
}

function programsOf(value: unknown): Readonly<Record<string, unknown>> {
  const programs = isMap(value) ? value['programs'] : undefined;
  return isMap(programs) ? programs : {};
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
