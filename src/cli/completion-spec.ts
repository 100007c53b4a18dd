import type { CommandSpec } from './command-line.ts';

/** `completion` of both tools. */
export function completionSpec(tool: string): CommandSpec {
  return {
    name: 'completion',
    words: 'bash | zsh | fish',
    summary: 'Print a script that completes what you type, for your shell',
    completes: ['shell'],
    examples: [
      [`${tool} completion bash`, `in ~/.bashrc: source <(${tool} completion bash)`],
      [`${tool} completion zsh`, `in ~/.zshrc, after compinit: source <(${tool} completion zsh)`],
      [`${tool} completion fish`, `keep it as ~/.config/fish/completions/${tool}.fish`],
    ],
  };
}
