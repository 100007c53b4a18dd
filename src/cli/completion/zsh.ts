import { daemonFlags } from './bash.ts';
import type { CommandRow, CompletionTable, OptionRow, Words } from './table.ts';

/** A completion script for zsh 5: to be sourced, or kept as `_portherdctl` in a directory of $fpath. */
export function zshScript({ tool, options, commands }: CompletionTable): string {
  return `#compdef ${tool}
# zsh completion for ${tool}, made by \`${tool} completion zsh\`
_${tool}() {
  local cmd word at
  local -a asks flags files texts
  local -i pos=0
  ${setOptions(options)}
  for ((at = 2; at < CURRENT; at++)); do
    word=$words[at]
    if [[ $word == --*=* ]]; then
      case \${word%%=*} in ${daemonFlags.join('|')}) asks+=($word) ;; esac
    elif (( $files[(Ie)$word] || $texts[(Ie)$word] )); then
      if ((at == CURRENT - 1)); then
        (( $files[(Ie)$word] )) && _files
        return
      fi
      # Which daemon is meant, for the names below.
      case $word in ${daemonFlags.join('|')}) asks+=($word $words[at+1]) ;; esac
      ((at++))
    elif [[ $word != -* && -z $cmd ]]; then
      cmd=$word
      case $cmd in
${commands.map((row) => `        ${row.names.join('|')}) ${setOptions(row.options)} ;;`).join('\n')}
      esac
    elif [[ $word != -* ]]; then
      ((pos++))
    fi
  done
  if [[ $words[CURRENT] == -* ]]; then
    _describe -o option flags
  elif [[ -z $cmd ]]; then
    local -a commands=(
${commands.flatMap((row) => row.names.map((name) => `      ${described(name, row.summary)}`)).join('\n')}
    )
    _describe -t commands command commands
  else
    case $cmd:$pos in
${commands.flatMap((row) => row.words.map((words, at) => `      ${positions(row, at)}) ${source(words)} ;;`)).join('\n')}
    esac
  fi
}
if [[ $funcstack[1] == _${tool} ]]; then
  _${tool} "$@"
else
  compdef _${tool} ${tool}
fi
`;
}

function setOptions(rows: readonly OptionRow[]): string {
  const flags = rows.flatMap((row) => row.flags.map((flag) => described(flag, row.doc)));
  const takers = (takes: OptionRow['takes']): string =>
    rows.flatMap((row) => (row.takes === takes ? row.flags : [])).join(' ');
  return `flags=(${flags.join(' ')}) files=(${takers('file')}) texts=(${takers('text')})`;
}

/** As _describe takes it: a colon divides, and a quote would end the word. */
function described(word: string, doc: string): string {
  return `'${word}:${doc.replaceAll('\\', '\\\\').replaceAll(':', '\\:').replaceAll("'", `'\\''`)}'`;
}

function positions({ names, words }: CommandRow, at: number): string {
  return names.map((name) => `${name}:${at === words.length - 1 ? '*' : at}`).join('|');
}

function source(words: Words): string {
  switch (words.is) {
    case 'file':
      return '_files';
    case 'fixed':
      return `compadd -- ${words.words.join(' ')}`;
    case 'named':
      // Whole lines: names have colons, at which _describe would cut them.
      return `compadd -- \${(f)"$($words[1] $asks completion --names ${words.kind} 2>/dev/null)"}`;
  }
}
