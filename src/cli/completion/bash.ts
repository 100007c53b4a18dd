import type { CommandRow, CompletionTable, OptionRow, Words } from './table.ts';

/** A completion script for bash 4.3 and newer. Needs nothing of the package bash-completion. */
export function bashScript({ tool, options, commands }: CompletionTable): string {
  const cases = (row: CommandRow): string => {
    const flags = row.options.flatMap((option) => option.flags).join(' ');
    const [files, texts] = [takers(row.options, 'file'), takers(row.options, 'text')];
    return `    ${row.names.join('|')}) flags='${flags}' files='|${files}|' texts='|${texts}|' ;;`;
  };
  return `# bash completion for ${tool}, made by \`${tool} completion bash\`
_${tool}() {
  local line=\${COMP_LINE:0:COMP_POINT} cmd= flags= files= texts= list= cur word at pos=0
  local -a words asks=()
  # COMP_WORDS is cut at colons, which names have.
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur=\${words[-1]}
  flags='${options.flatMap((option) => option.flags).join(' ')}' files='|${takers(options, 'file')}|' texts='|${takers(options, 'text')}|'
  for ((at = 1; at < \${#words[@]} - 1; at++)); do
    word=\${words[at]}
    if [[ $word == --*=* && '|${daemonFlags.join('|')}|' == *"|\${word%%=*}|"* ]]; then
      asks+=("$word")
    elif [[ $word == -* && $files$texts == *"|$word|"* ]]; then
      if ((at == \${#words[@]} - 2)); then
        [[ $files == *"|$word|"* ]] && compopt -o default
        COMPREPLY=()
        return
      fi
      # Which daemon is meant, for the names below.
      [[ '|${daemonFlags.join('|')}|' == *"|$word|"* ]] && asks+=("$word" "\${words[at + 1]}")
      ((at++))
    elif [[ $word != -* && -z $cmd ]]; then
      cmd=$word
      case $cmd in
${commands.map((row) => `    ${cases(row)}`).join('\n')}
      esac
    elif [[ $word != -* ]]; then
      ((pos++))
    fi
  done
  if [[ $cur == -* ]]; then
    list=$flags
  elif [[ -z $cmd ]]; then
    list='${commands.flatMap(({ names }) => names).join(' ')}'
  else
    case $cmd:$pos in
${commands.flatMap((row) => row.words.map((words, at) => `      ${positions(row, at)}) ${source(words)} ;;`)).join('\n')}
    esac
  fi
  COMPREPLY=()
  for word in $list; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
  # bash replaces only what follows the last colon.
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local before=\${cur%"\${cur##*:}"}
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
}
complete -F _${tool} ${tool}
`;
}

function takers(rows: readonly OptionRow[], takes: OptionRow['takes']): string {
  return rows.flatMap((row) => (row.takes === takes ? row.flags : [])).join('|');
}

/** They say which daemon is meant. */
export const daemonFlags = ['-s', '--socket', '--serverurl', '-c', '--config', '--configuration', '-u', '--username'];

/** The last of the words stands for all that follow. */
function positions({ names, words }: CommandRow, at: number): string {
  return names.map((name) => `${name}:${at === words.length - 1 ? '*' : at}`).join('|');
}

function source(words: Words): string {
  switch (words.is) {
    case 'file':
      return 'compopt -o default';
    case 'fixed':
      return `list='${words.words.join(' ')}'`;
    case 'named':
      return `list=$("\${words[0]}" "\${asks[@]}" completion --names ${words.kind} 2>/dev/null)`;
  }
}
