import type { ToolSpec } from '../command-line.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { completionTable, shells } from './table.ts';
import { zshScript } from './zsh.ts';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** The completion script of a tool; undefined for an unknown shell. */
export function completionScript(tool: ToolSpec, shell: string): string | undefined {
  const known = shells.find((name) => name === shell);
  return known && scripts[known](completionTable(tool));
}
