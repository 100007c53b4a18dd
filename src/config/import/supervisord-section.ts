import { didYouMean } from '../../shared/did-you-mean.ts';
import { slotsMax } from '../../shared/limits.ts';
import { usesOddNumber, usesProcessNumber } from './expand.ts';
import type { IniProblem, IniSection } from './ini.ts';
import type { ProgramNames } from './names.ts';
import { nothingExpanded } from './not-yet.ts';
import { differs, type Draft, none, type Note, noteOf, type Outcome } from './outcome.ts';
import type { PortsTaken } from './ports.ts';
import type { Values } from './supervisord-expansion.ts';
import { fcgiRules } from './supervisord-fcgi.ts';
import { listenerOnly, listenerRules } from './supervisord-listener.ts';
import { programRules } from './supervisord-program.ts';
import type { ProgramRule, ProgramView } from './supervisord-rule.ts';
import { integerOf } from './supervisord-values.ts';

/** What all programs of a file share. */
export interface Common {
  readonly home: string | undefined;
  readonly directory: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly umask: string | undefined;
  readonly groups: ReadonlyMap<string, Group>;
  readonly names: ProgramNames;
  readonly ports: PortsTaken;
  readonly values: Values;
  readonly problems: IniProblem[];
}

/** By the program that is in it. */
export interface Group {
  readonly name: string;
  readonly priority: string | undefined;
}

/**
 * One [program:x]: one program, with a worker for each process; or, where the processes differ from each other (%(process_num) in
 * what they run), a program for each.
 */
export function programsOf(
  section: IniSection,
  kind: ProgramView['kind'],
  name: string,
  common: Common,
): readonly Draft[] {
  const { problems } = common;
  const at = section.options.get('numprocs')?.at ?? section.at;
  const raw = (option: string): string | undefined => section.options.get(option)?.value;
  if (/[ :/]/.test(name) || name === '')
    problems.push({ at: section.at, text: `[${section.name}] is no name: no space, : or /` });
  const [processes, first] = [integerOf(raw('numprocs') ?? '1'), integerOf(raw('numprocs_start') ?? '0')];
  if (!processes.ok || !first.ok || processes.value < 0 || processes.value > slotsMax) {
    const what = processes.ok && first.ok ? `is from 0 to ${slotsMax} here` : 'and numprocs_start are whole numbers';
    problems.push({ at, text: `[${section.name}] numprocs ${what}` });
    return [];
  }
  const named = raw('process_name') ?? '%(program_name)s';
  if (processes.value > 1 && !usesProcessNumber(named)) {
    problems.push({ at, text: `[${section.name}] process_name needs %(process_num) in it when numprocs is above 1` });
  }
  const apart =
    processes.value > 1 &&
    (first.value === 0 ? differInOne : differInAny).some((option) => usesProcessNumber(raw(option)));
  const odd = processes.value > 1 && [...section.options.values()].some(({ value }) => usesOddNumber(value));
  const one = { section, kind, name, common };
  if (processes.value <= 1)
    return [draft(one, { name: common.names.take(name), number: first.value, workers: processes.value })];
  if (!apart && !odd) return [draft(one, { name: common.names.take(name), number: null, workers: processes.value })];
  return Array.from({ length: processes.value }, (_, index) => {
    const number = first.value + index;
    const own = common.values.expanded(section, 'process_name', namesOf(one, number)) ?? `${name}-${number}`;
    return draft(one, { name: common.names.take(own), number, workers: 1 }, index > 0);
  });
}

/** One for all workers here. */
const differInOne = ['directory', 'socket'];
/** With another first number than that of the first slot. */
const differInAny = [...differInOne, 'command', 'environment'];

interface One {
  readonly section: IniSection;
  readonly kind: ProgramView['kind'];
  readonly name: string;
  readonly common: Common;
}

function namesOf({ section, name, common }: One, number: number | null): Record<string, string | number | null> {
  const numprocs = Number(section.options.get('numprocs')?.value ?? 1);
  return { program_name: name, group_name: common.groups.get(name)?.name ?? name, process_num: number, numprocs };
}

/** `again`: its like has told everything already. */
function draft(one: One, is: { name: string; number: number | null; workers: number }, again = false): Draft {
  const { section, kind, name, common } = one;
  const { values, problems } = common;
  const text = (option: string): string | undefined => values.expanded(section, option, namesOf(one, is.number));
  const view: ProgramView = { ...common, name: is.name, kind, workers: is.workers, text };
  const rules: Readonly<Record<string, ProgramRule>> = {
    ...programRules,
    ...(kind === 'fcgi-program' ? fcgiRules(common.ports) : {}),
    ...(kind === 'eventlistener' ? { ...listenerRules, ...listenerOnly } : {}),
  };
  const apart = typeof is.number === 'number' && Number(text('numprocs') ?? 1) > 1;
  const notes: Note[] = [];
  let settings = {};
  const apply = (option: string, written: string | undefined, outcome: Outcome): void => {
    const at = section.options.get(option)?.at ?? section.at;
    if (outcome.fate === 'wrong') problems.push({ at, text: `[${section.name}] ${option}: ${outcome.text}` });
    else {
      settings = { ...settings, ...outcome.set };
      if (written !== undefined && !again) notes.push(noteOf(is.name, option, written, outcome));
    }
  };
  const group = common.groups.get(name);
  const adjusted = (option: string, outcome: Outcome): Outcome => {
    if (outcome.fate === 'wrong') return outcome;
    if (option === 'numprocs' && apart)
      return { ...(kind === 'eventlistener' ? eachItsOwnPool : eachItsOwn), set: outcome.set };
    if (option === 'priority' && group?.priority !== undefined) {
      return differs({}, `the group’s, ${group.priority}, took its place`);
    }
    return withVariables(outcome, values.variables(section, option));
  };
  for (const [option, rule] of Object.entries(rules)) {
    const value = text(option) ?? rule.absent;
    const written = section.options.get(option)?.value;
    if (value !== undefined) apply(option, written, adjusted(option, rule.read(value, view)));
  }
  for (const [option, { value }] of section.options) {
    if (!Object.hasOwn(rules, option)) apply(option, value, unknown(option, rules));
  }
  if (is.workers === 0) settings = { ...settings, autostart: false };
  const ofGroup = group?.priority === undefined ? undefined : programRules['priority']?.read(group.priority, view);
  if (ofGroup !== undefined) apply('priority', undefined, ofGroup);
  const where = `, ${section.at.file}:${section.at.line}`;
  if (is.name !== name && !apart) notes.push(noteOf(is.name, 'name', name, otherName(is.name)));
  const from = `[${section.name}]${again ? `, process ${is.number}` : where}`;
  return { name: is.name, from, settings, notes };
}

const eachItsOwn = differs(
  {},
  'each process differs by %(process_num) (workers count from 0), so each is a program of its own. Servers can share one port instead: one program with `workers` and `listen`',
);

const eachItsOwnPool = differs(
  {},
  'each process differs by %(process_num) (workers count from 0), so each is a program of its own, and each is told of every event',
);

function otherName(name: string): ReturnType<typeof differs> {
  return differs(
    {},
    `it is ${name} here: names are unique, of letters, digits, dots, _ and -, and all means every program`,
  );
}

function unknown(option: string, rules: object): Outcome {
  const meant = didYouMean(option, Object.keys(rules));
  return none(`supervisord knows no such option${meant === undefined ? '' : `; did it mean ${meant}?`}`);
}

function withVariables(outcome: Outcome, variables: ReturnType<Values['variables']>): Outcome {
  if (variables === undefined || outcome.fate === 'wrong') return outcome;
  const { known, unknown } = variables;
  const texts = [
    ...(outcome.fate === 'mapped' ? [] : [outcome.text]),
    ...(known.length > 0 ? [nothingExpanded.known(known)] : []),
    ...(unknown.length > 0 ? [nothingExpanded.unknown(unknown)] : []),
  ];
  return { fate: outcome.fate === 'none' ? 'none' : 'approximated', set: outcome.set, text: texts.join('; ') };
}
