import { didYouMean } from '../shared/did-you-mean.ts';
import { type ErrorCode, failure, type PortherdError } from '../shared/errors.ts';
import type { Issue, OptionTree } from './option.ts';

/** What is wrong with a config, and how it is told: one line each, `FILE:LINE:COL: PATH: what is wrong; what would be right`. */
export interface Problem {
  readonly path: Path;
  /** Point at the key (unknown, missing, a bad name) or at its value. */
  readonly at: 'key' | 'value';
  readonly text: string;
}

export type Path = readonly (string | number)[];

/** Where a problem is, in words, and its place among the others. */
export interface Place {
  readonly label: string;
  readonly order: number;
}

/** More would scroll the first ones away. */
const shownMax = 10;

/** Finding a place costs a walk; of thousands of problems the first ones tell enough. */
const locatedMax = 50;

export function report(
  code: ErrorCode,
  problems: readonly Problem[],
  locate: (problem: Problem) => Place,
): PortherdError {
  const lines = problems
    .slice(0, locatedMax)
    .map((problem) => ({ place: locate(problem), text: problem.text }))
    .toSorted((a, b) => a.place.order - b.place.order)
    .slice(0, shownMax)
    .map(({ place, text }) => `${place.label}: ${text}`);
  const more = problems.length - lines.length;
  return failure(code, [...lines, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n'));
}

/** `programs.web.listen[0].port`; a name that is not a plain word is quoted: `programs["my app"]`. */
export function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}

export function problemOf(issue: Issue, tree: OptionTree): Problem {
  if (issue.is === 'wrong') return { path: issue.path, at: 'value', text: issue.text };
  return { path: [...issue.path, issue.key], at: 'key', text: unknownKey(issue.key, knownAt(tree, issue.path)) };
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = didYouMean(key, known);
  return `unknown key; ${meant === undefined ? `known here: ${known.join(', ')}` : `did you mean "${meant}"?`}`;
}

function knownAt(tree: OptionTree, path: Path): readonly string[] {
  const [step, ...rest] = path;
  if (step === undefined) return tree.is === 'section' ? Object.keys(tree.keys) : [];
  if (tree.is === 'section') {
    const inner = tree.keys[String(step)];
    return inner === undefined ? [] : knownAt(inner, rest);
  }
  return tree.is === 'option' ? [] : knownAt(tree.of, rest);
}
