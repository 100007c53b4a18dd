import type { StatusReply } from '../../protocol/control.ts';
import { reportFailure } from '../failure.ts';
import { slotsNamed } from '../names.ts';
import { statusReply } from '../replies.ts';
import type { Command, Session } from '../session.ts';

export const pid: Command = {
  name: 'pid',
  words: '[name… | all]',
  summary: 'Print the pid of the daemon or of workers',
  details: 'A slot without a process is 0. Exits with 7 then (but 0 for all), 1 for an unknown name.',
  completes: ['name'],
  examples: [
    ['portherdctl pid', 'the daemon’s'],
    ['portherdctl pid web:0', 'one worker’s'],
    ['portherdctl pid all', 'every worker’s, one a line'],
  ],

  async run(session) {
    const answer = await session.client.get('/v1/status', statusReply);
    if (!answer.ok) return reportFailure(session, answer.error);
    if (session.words.length > 0) return workerPids(session, answer.value);
    const daemon = answer.value.daemon.pid;
    session.screen.print(session.json ? JSON.stringify({ pid: daemon }) : String(daemon));
    return 0;
  },
};

function workerPids({ words, json, screen }: Session, { programs }: StatusReply): number {
  const all = words.includes('all');
  const found: { name: string; pid: number | null }[] = [];
  let exit = 0;
  for (const word of all ? ['all'] : words) {
    const slots = slotsNamed(programs, word);
    if (slots === undefined) {
      exit = 1;
      found.push({ name: word, pid: null });
      if (!json) screen.print(screen.paint('red', `No such process ${word}`));
    }
    for (const slot of slots ?? []) {
      if (slot.pid === undefined && !all) exit = 7;
      found.push({ name: slot.name, pid: slot.pid ?? 0 });
      if (!json) screen.print(String(slot.pid ?? 0));
    }
  }
  if (json) screen.print(JSON.stringify(found));
  return exit;
}
