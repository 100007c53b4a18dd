import type { Command } from '../session.ts';

export const exit: Command = {
  name: 'exit',
  aliases: ['quit', 'EOF'],
  words: '',
  summary: 'Leave the shell; also quit, and Ctrl-D',
  examples: [['portherdctl -i status', 'a shell, after the status; exit leaves it']],

  /** Outside of the shell there is nothing to leave; supervisorctl exits with 0. */
  run: () => Promise.resolve(0),
};
