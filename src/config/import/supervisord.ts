import type { PortherdError } from '../../shared/errors.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { report } from '../problems.ts';
import type { IniPlace, IniProblem, IniSection } from './ini.ts';
import { ProgramNames } from './names.ts';
import { type Draft, type Imported, none, type Note, noteOf, type Outcome } from './outcome.ts';
import { PortsTaken } from './ports.ts';
import { daemonRules, namedSectionRules } from './supervisord-daemon.ts';
import { readFiles, type SupervisordSource } from './supervisord-files.ts';
import { type Common, type Group, programsOf } from './supervisord-section.ts';
import { environmentOf, listOfTexts } from './supervisord-values.ts';
import { Values } from './supervisord-expansion.ts';

/**
 * supervisord.conf → programs of portherd. Every option written in it has a note; the options themselves are in the tables of
 * supervisord-program.ts, -logs.ts, -fcgi.ts, -listener.ts and -daemon.ts. Errors: CONFIG_INVALID with FILE:LINE, for what supervisord refuses.
 */
export function importSupervisord(source: SupervisordSource): Result<Imported> {
  const files = readFiles(source);
  if (!files.ok) return err(refusal(files.error));
  const { ini, notes, here } = files.value;
  const problems: IniProblem[] = [...ini.problems];
  const values = new Values(source, here, problems);
  const home = source.env['HOME'];

  const own = ini.sections.find(({ name }) => name === 'supervisord');
  const groups = groupsOf(ini.sections, values, problems);
  const common: Common = {
    home,
    directory: textOf(own, 'directory', values),
    umask: textOf(own, 'umask', values),
    environment: environmentIn(own, values, problems),
    groups,
    names: new ProgramNames(),
    ports: new PortsTaken(),
    values,
    problems,
  };
  const daemonNotes: Note[] = [...notes];
  let settings = {};
  const programs: Draft[] = [];
  for (const section of ini.sections) {
    const [kind = '', name] = section.name.split(/:(.*)/s);
    if ((kind === 'program' || kind === 'fcgi-program' || kind === 'eventlistener') && name !== undefined) {
      programs.push(...programsOf(section, kind, name.trim(), common));
    } else {
      const read = sectionNotes(section, kind, name, common);
      daemonNotes.push(...read.notes);
      settings = { ...settings, ...read.settings };
    }
  }
  if (programs.length === 0 && problems.length === 0) {
    problems.push({
      at: { file: source.file, line: 1 },
      text: 'no [program:x] section in it, nor in what it includes',
    });
  }
  if (problems.length > 0) return err(refusal(problems));
  const daemon = { name: '', from: '[supervisord]', settings, notes: daemonNotes };
  return ok({ kind: 'supervisord', file: source.file, daemon, programs });
}

/** Each once (processes of one program make the same mistake), in the order of the files and their lines. */
function refusal(problems: readonly IniProblem[]): PortherdError {
  const files = [...new Set(problems.map(({ at }) => at.file))];
  const once = new Map(problems.map((problem) => [`${problem.at.file}\0${problem.at.line}\0${problem.text}`, problem]));
  const sorted = [...once.values()].toSorted(
    (a, b) => files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line,
  );
  const error = report(
    'CONFIG_INVALID',
    sorted.map(({ text }, index) => ({ path: [index], at: 'value', text })),
    ({ path: [index] }) => {
      const at = sorted[Number(index)]?.at;
      return { label: at === undefined ? '' : `${at.file}:${at.line}`, order: Number(index) };
    },
  );
  return { ...error, advice: 'Correct it there; supervisord refuses it, too.' };
}

function sectionNotes(
  section: IniSection,
  kind: string,
  name: string | undefined,
  { values, problems, home }: Common,
): { notes: readonly Note[]; settings: object } {
  const notes: Note[] = [];
  let settings = {};
  const tell = (option: string, written: string, outcome: Outcome, at: IniPlace): void => {
    if (outcome.fate === 'wrong') problems.push({ at, text: `[${section.name}] ${option}: ${outcome.text}` });
    else {
      notes.push(noteOf(section.name, option, written, outcome));
      settings = { ...settings, ...outcome.set };
    }
  };
  if (kind === 'group' || kind === 'include') return { notes: kind === 'group' ? groupNotes(section) : [], settings };
  const view = { home, text: (option: string) => values.expanded(section, option, {}) };
  const named = name === undefined ? undefined : namedSectionRules[kind];
  const rules = daemonRules[kind];
  for (const [option, { value, at }] of section.options) {
    const text = values.expanded(section, option, {}) ?? value;
    const rule = named ?? (rules !== undefined && Object.hasOwn(rules, option) ? rules[option] : undefined);
    if (rule !== undefined) tell(option, value, rule(text, view), at);
    else
      tell(
        option,
        value,
        none(rules === undefined ? 'supervisord knows no such section' : 'supervisord knows no such option'),
        at,
      );
  }
  return { notes, settings };
}

function groupsOf(sections: readonly IniSection[], values: Values, problems: IniProblem[]): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  for (const section of sections) {
    const [, name] = /^group:(.*)$/s.exec(section.name) ?? [];
    if (name === undefined) continue;
    const priority = textOf(section, 'priority', values);
    for (const member of listOfTexts(textOf(section, 'programs', values) ?? '')) {
      const known = sections.some((one) => one.name === `program:${member}` || one.name === `fcgi-program:${member}`);
      const at = section.options.get('programs')?.at ?? section.at;
      if (known) groups.set(member, { name: name.trim(), priority });
      else problems.push({ at, text: `[${section.name}] names the unknown program ${member}` });
    }
    if (!section.options.has('programs')) problems.push({ at: section.at, text: `[${section.name}] has no programs` });
  }
  return groups;
}

function groupNotes(section: IniSection): readonly Note[] {
  const how = {
    programs: 'its members are programs of their own here; name them all where the group was named',
    priority: 'it became the priority of each member; inside the group they have no order',
  };
  return [...section.options].map(([option, { value }]) => {
    const text = option === 'programs' || option === 'priority' ? how[option] : undefined;
    const outcome =
      text === undefined ? none('supervisord knows no such option') : { fate: 'approximated' as const, set: {}, text };
    return noteOf(section.name, option, value, outcome);
  });
}

function environmentIn(
  section: IniSection | undefined,
  values: Values,
  problems: IniProblem[],
): Record<string, string> {
  const option = section?.options.get('environment');
  if (section === undefined || option === undefined) return {};
  const pairs = environmentOf(values.expanded(section, 'environment', {}) ?? '');
  if (pairs.ok) return pairs.value;
  problems.push({ at: option.at, text: `[supervisord] environment: ${pairs.error}` });
  return {};
}

function textOf(section: IniSection | undefined, option: string, values: Values): string | undefined {
  return section === undefined ? undefined : values.expanded(section, option, {});
}
