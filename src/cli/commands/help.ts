import type { Command } from '../session.ts';

export const help: Command = {
  name: 'help',
  words: '[command]',
  summary: 'Show the commands, or one of them with examples',
  completes: ['command'],
  examples: [['portherdctl help roll', 'the same as `portherdctl roll --help`']],

  async run({ words, json, screen, help: pageOf }) {
    const [topic] = words;
    // supervisorctl exits with 0 here too.
    const page = pageOf(topic) ?? `*** No help on ${topic}`;
    screen.print(json ? JSON.stringify({ help: page }) : page);
    return 0;
  },
};
