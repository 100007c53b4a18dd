import { daemonFlags } from './bash.ts';
import type { CommandRow, CompletionTable, OptionRow, Words } from './table.ts';

/** A completion script for fish 3. */
export function fishScript({ tool, options, commands }: CompletionTable): string {
  const fn = `__${tool}`;
  const takers = [...options, ...commands.flatMap((row) => row.options)].filter(({ takes }) => takes !== 'nothing');
  return `# fish completion for ${tool}, made by \`${tool} completion fish\`

# The command, and the words after it, without options and their values.
function ${fn}_words
    set -l skip 0
    set -l found
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if contains -- $word ${[...new Set(takers.flatMap((row) => row.flags))].filter((flag) => !isSwitchSomewhere(flag, commands)).join(' ')}
            set skip 1
        else if not string match -q -- '-*' $word
            set -a found $word
        end
    end
    test -n "$found"; and printf '%s\\n' $found
end

function ${fn}_begins --description 'Is the command itself still to be typed?'
    test (count (${fn}_words)) -eq 0
end

function ${fn}_at --description 'Is this word COUNT of COMMAND?'
    set -l words (${fn}_words)
    test (count $words) -ge 1; and contains -- $words[1] (string split '|' $argv[1])
    or return 1
    set -l at (math (count $words) - 1)
    test $argv[2] = any; or test $at = $argv[2]; or begin
        string match -q -- '*+' $argv[2]; and test $at -ge (string replace + '' $argv[2])
    end
end

# What the daemon knows, of the one that the command line means.
function ${fn}_names
    set -l tokens (commandline -opc)
    set -l asks
    for at in (seq 2 (math (count $tokens) - 1))
        contains -- $tokens[$at] ${daemonFlags.join(' ')}; and set -a asks $tokens[$at] $tokens[(math $at + 1)]
        string match -q -- '--*=*' $tokens[$at]; and contains -- (string split -m 1 = -- $tokens[$at])[1] ${daemonFlags.join(' ')}; and set -a asks $tokens[$at]
    end
    $tokens[1] $asks completion --names $argv[1] 2>/dev/null
end

complete -c ${tool} -f
${options.map((row) => `complete -c ${tool} ${optionWords(row)}`).join('\n')}
${commands.map((row) => commandLines(tool, fn, row)).join('\n')}
`;
}

/** \`-p\` takes a value as the tool's option, and as one of some commands it may not. */
function isSwitchSomewhere(flag: string, commands: readonly CommandRow[]): boolean {
  return commands.some(({ options }) => options.some((row) => row.takes === 'nothing' && row.flags.includes(flag)));
}

function commandLines(tool: string, fn: string, row: CommandRow): string {
  const { names, summary, own, words } = row;
  const named = names.map((name) => `complete -c ${tool} -n ${fn}_begins -a ${name} -d ${quoted(summary)}`);
  const switches = own.map(
    (option) => `complete -c ${tool} -n '${fn}_at ${quotedInside(names)} any' ${optionWords(option)}`,
  );
  const each = words.map((kind, at) => {
    const place = at === words.length - 1 ? `${at}+` : String(at);
    return `complete -c ${tool} -n '${fn}_at ${quotedInside(names)} ${place}' ${source(fn, kind)}`;
  });
  return [...named, ...switches, ...each].join('\n');
}

function optionWords({ flags, doc, takes }: OptionRow): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const value = { nothing: '', text: ' -x', file: ' -r -F' }[takes];
  return `${names.join(' ')}${value} -d ${quoted(doc)}`;
}

function source(fn: string, words: Words): string {
  switch (words.is) {
    case 'file':
      return '-F';
    case 'fixed':
      return `-a '${words.words.join(' ')}'`;
    case 'named':
      return `-a '(${fn}_names ${words.kind})'`;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Within single quotes. */
function quotedInside(names: readonly string[]): string {
  return `"${names.join('|')}"`;
}
