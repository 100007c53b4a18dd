import yargs, { type Argv } from 'yargs';
import { didYouMean } from '../shared/did-you-mean.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';

/**
 * The command lines of portherd and portherdctl: `tool [options] command [options] [words]`. The only file that knows yargs. It
 * says what was asked; running it is the tool's business. Their help: help-page.ts.
 */
export interface ToolSpec {
  readonly name: string;
  readonly summary: string;
  readonly options: OptionSpecs;
  readonly commands: readonly CommandSpec[];
  readonly examples: readonly Example[];
}

export interface CommandSpec {
  readonly name: string;
  /** Other words for the same. */
  readonly aliases?: readonly string[];
  /** The words it takes, as in its usage line: `[program…]`. */
  readonly words: string;
  /** One line without a full stop, for the list of commands. */
  readonly summary: string;
  readonly details?: string;
  readonly options?: OptionSpecs;
  readonly examples: readonly Example[];
  /** What each word is, for completion; the last one stands for all that follow. */
  readonly completes?: readonly WordKind[];
}

/**
 * name: program, slot or `all` · program, slot: one that runs · configured: a program of the config file too, or `all` ·
 * hook: by its name · command: of this tool · file · signal, stream, shell, hookVerb: a fixed set.
 */
export type WordKind =
  | 'name'
  | 'program'
  | 'slot'
  | 'configured'
  | 'hook'
  | 'hookVerb'
  | 'command'
  | 'file'
  | 'signal'
  | 'stream'
  | 'shell';

export interface OptionSpec {
  /** Short and other names; supervisorctl's long ones too. A command's own take precedence over the tool's. */
  readonly alias?: string | readonly string[];
  /** What follows it: `PATH`, or `[SECONDS]` when that may be left out. Absent: it is a switch. */
  readonly value?: string;
  /** It may be given several times, and every one counts; of others the last does. */
  readonly many?: true;
  readonly doc: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
export type Example = readonly [line: string, meaning: string];

export interface Reading {
  /** The first word; undefined when there is none. It need not be a known command. */
  readonly command: string | undefined;
  readonly words: readonly string[];
  readonly flags: Flags;
}

/** The options given. */
export class Flags {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  has(name: string): boolean {
    const value = this.#values.get(name);
    return value !== undefined && value !== false;
  }

  /** Empty when it was given without its optional value. */
  text(name: string): string | undefined {
    return this.texts(name).at(-1);
  }

  /** Of one that may be given several times. */
  texts(name: string): readonly string[] {
    return [this.#values.get(name)].flat().filter((value) => typeof value === 'string');
  }
}

/** Options may stand before the command (the tool's) and after it (the tool's and the command's own). */
export function readCommandLine(tool: ToolSpec, args: readonly string[]): Result<Reading> {
  const before = parse(tool.options, args, { untilWord: true });
  if (!before.ok) return before;
  const [command, ...rest] = before.value.words;
  if (command === undefined) return ok({ command, words: [], flags: new Flags(before.value.values) });
  const spec = commandNamed(tool.commands, command);
  // An unknown command is the caller's to report; its options may be anything.
  if (spec === undefined) return ok({ command, words: rest, flags: new Flags(before.value.values) });
  const after = parse(optionsOf(tool, spec), rest, { untilWord: false });
  if (!after.ok) return after;
  return ok({
    command,
    words: after.value.words,
    flags: new Flags(new Map([...before.value.values, ...after.value.values])),
  });
}

export function commandNamed<Spec extends CommandSpec>(commands: readonly Spec[], word: string): Spec | undefined {
  return commands.find(({ name, aliases }) => name === word || aliases?.includes(word));
}

/** What may follow the command: its own options, then the tool's. `curl -i` is curl's. */
export function optionsOf(tool: ToolSpec, spec: CommandSpec): OptionSpecs {
  const own = spec.options ?? {};
  const taken = new Set(Object.entries(own).flatMap(([name, option]) => [name, ...aliasesOf(option)]));
  const common = Object.entries(tool.options).filter(([name]) => !taken.has(name));
  const free = common.map(([name, option]) => [
    name,
    { ...option, alias: aliasesOf(option).filter((alias) => !taken.has(alias)) },
  ]);
  return { ...own, ...Object.fromEntries(free) };
}

export function aliasesOf({ alias = [] }: OptionSpec): readonly string[] {
  return typeof alias === 'string' ? [alias] : alias;
}

interface Parsed {
  readonly words: readonly string[];
  readonly values: ReadonlyMap<string, unknown>;
}

function parse(options: OptionSpecs, args: readonly string[], { untilWord }: { untilWord: boolean }): Result<Parsed> {
  const {
    _: words,
    $0: _tool,
    ...given
  } = bare(options)
    .parserConfiguration({
      'halt-at-non-option': untilWord,
      // `scale web +1` and names made of digits are words, not numbers.
      'parse-positional-numbers': false,
      'parse-numbers': false,
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': true,
      'strip-aliased': true,
    })
    .parseSync([...args]);
  const values = new Map<string, unknown>();
  for (const [name, written] of Object.entries(given)) {
    const spec = options[name];
    if (spec === undefined) return err(unknownOption(name, options));
    const value: unknown = Array.isArray(written) && spec.many !== true ? written.at(-1) : written;
    if (value === '' && spec.value !== undefined && !spec.value.startsWith('[')) {
      return err(failure('BAD_ARGUMENTS', `option --${name} needs ${spec.value}`));
    }
    if (value !== undefined) values.set(name, value);
  }
  return ok({ words: words.map(String), values });
}

function unknownOption(name: string, options: OptionSpecs): PortherdError {
  const written = name.length === 1 ? `-${name}` : `--${name}`;
  const near = name.length === 1 ? undefined : didYouMean(name, Object.keys(options));
  return failure(
    'BAD_ARGUMENTS',
    `unknown option ${written}`,
    near === undefined ? undefined : `Did you mean --${near}?`,
  );
}

/** Nothing of yargs' own: no help, version, locale, exit. */
function bare(options: OptionSpecs): Argv {
  const page = yargs().detectLocale(false).help(false).version(false).exitProcess(false).fail(false);
  for (const [name, option] of Object.entries(options)) {
    page.option(name, { alias: aliasesOf(option), type: option.value === undefined ? 'boolean' : 'string' });
  }
  return page;
}
