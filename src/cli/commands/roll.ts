import { reportFailure } from '../failure.ts';
import { follow } from '../follow.ts';
import { programsNamed } from '../names.ts';
import { rollLine } from '../replies.ts';
import { RollDisplay } from '../roll-display.ts';
import type { Command } from '../session.ts';

export const roll: Command = {
  name: 'roll',
  words: '[program… | all]',
  summary: 'Replace every worker, slot by slot, without losing a connection',
  details:
    'For each slot: the replacement starts on the same socket, proves that it is ready, and only then the old worker ' +
    'drains. The first that fails ends the roll: old workers stay, the slot and its last words are shown, the exit code is 7. ' +
    'Ctrl-C ends the waiting, not the roll.',
  options: { 'no-wait': { doc: 'Begin it and return at once' } },
  completes: ['program'],
  examples: [
    ['portherdctl roll web', 'after a deploy'],
    ['portherdctl roll', 'all programs'],
    ['portherdctl roll web --no-wait', 'watch it with `portherdctl status`'],
    ['portherdctl roll web --json', 'a JSON object a line, as it happens'],
  ],

  async run(session) {
    const wait = !session.flags.has('no-wait');
    using display = new RollDisplay(session.screen, wait, () => performance.now());
    const answer = await follow(session, {
      path: '/v1/roll',
      body: { programs: programsNamed(session.words), wait },
      line: rollLine,
      outcomeOf: (line) => (line.t === 'finished' ? line : undefined),
      show: (line) => display.show(line),
      goesOn: 'The roll goes on; `portherdctl status` shows how far it is.',
    });
    return answer.ok ? (answer.value.error?.exit ?? 0) : reportFailure(session, answer.error);
  },
};
