import { importFilesMax } from '../../shared/limits.ts';
import { resolvePath } from '../../shared/resolve-path.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { expand } from './expand.ts';
import { type Ini, type IniPlace, type IniProblem, parseIni } from './ini.ts';
import type { Note } from './outcome.ts';

/** What an import needs to know of the machine; the caller reads files. */
export interface SupervisordSource {
  /** As messages show it. */
  readonly file: string;
  readonly text: string;
  /** Absolute, of that file: %(here)s. */
  readonly directory: string;
  /** %(host_node_name)s */
  readonly host: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Paths that match a pattern of the shell, sorted; none is no error. */
  readonly glob: (pattern: string) => readonly string[];
  readonly read: (path: string) => Result<string, string>;
}

export interface SupervisordFiles {
  readonly ini: Ini;
  readonly notes: readonly Note[];
  /** %(here)s of what stands at a place. */
  readonly here: (at: IniPlace) => string;
}

/** The file and what its [include] names: not what those include, as in supervisord. */
export function readFiles(source: SupervisordSource): Result<SupervisordFiles, readonly IniProblem[]> {
  const first = { file: source.file, text: source.text };
  const alone = parseIni([first]);
  const here = (at: IniPlace): string => (at.file === source.file ? source.directory : at.file.replace(/\/[^/]*$/, ''));
  const include = alone.sections.find(({ name }) => name === 'include');
  if (include === undefined) return ok({ ini: alone, notes: [], here });
  const option = include.options.get('files');
  if (option === undefined) return err([{ at: include.at, text: '[include] has no files' }]);
  const names = { here: source.directory, host_node_name: source.host };
  const expanded = expand(option.value, names, (name) => source.env[name]);
  if (!expanded.ok) return err([{ at: option.at, text: `files: ${expanded.error}` }]);

  const notes: Note[] = [];
  const note = (written: string, text: string): void => {
    const fate = text === '' ? 'mapped' : 'approximated';
    notes.push({ subject: 'include', option: 'files', written, fate, text, key: undefined });
  };
  const paths: string[] = [];
  for (const pattern of expanded.value.text.split(/\s+/).filter((one) => one !== '')) {
    const found = source.glob(resolvePath(source.directory, pattern));
    note(pattern, found.length === 0 ? 'no file matches it' : '');
    paths.push(...found);
  }
  if (paths.length > importFilesMax)
    return err([{ at: option.at, text: `${paths.length} files; at most ${importFilesMax} are read` }]);
  const texts = paths.map((path) => ({ path, text: source.read(path) }));
  const unreadable = texts.flatMap(({ path, text }) =>
    text.ok ? [] : [{ at: option.at, text: `cannot read ${path}: ${text.error}` }],
  );
  if (unreadable.length > 0) return err(unreadable);
  const included = texts.flatMap(({ path, text }) => (text.ok ? [{ file: path, text: text.value }] : []));
  return ok({ ini: parseIni([first, ...included]), notes, here });
}
