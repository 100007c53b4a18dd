import { version as own } from '../../shared/version.ts';
import { reportFailure, reportMisuse } from '../failure.ts';
import { statusReply } from '../replies.ts';
import type { Command } from '../session.ts';

export const version: Command = {
  name: 'version',
  words: '',
  summary: 'Print the daemon’s version, and this program’s on stderr',
  examples: [
    ['portherdctl version', 'of both'],
    ['portherdctl --version', 'of portherdctl alone; needs no daemon'],
  ],

  async run(session) {
    if (session.words.length > 0) return reportMisuse(session, 'version', 'version accepts no arguments', 1);
    const answer = await session.client.get('/v1/status', statusReply);
    if (!answer.ok) return reportFailure(session, answer.error);
    const { version } = answer.value.daemon;
    const node = answer.value.daemon.node.replace(/^v/, '');
    // On stdout as supervisorctl has it: nothing but the daemon's.
    session.screen.print(session.json ? JSON.stringify({ daemon: version, node, portherdctl: own }) : version);
    if (!session.json) session.screen.note(`daemon ${version} (Node ${node}), portherdctl ${own}`);
    return 0;
  },
};
