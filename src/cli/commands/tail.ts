import { reportMisuse } from '../failure.ts';
import type { Command } from '../session.ts';
import { readTailWords, showLog } from '../show-log.ts';

export const tail: Command = {
  name: 'tail',
  words: '[-N] name [stdout|stderr]',
  summary: 'Show the end of a worker’s log, and follow it with -f',
  details:
    'The last 1600 bytes, or N, of stdout unless stderr is given. Of several workers (`web:*`, `all`) each line has the name in ' +
    'front. -f goes on with what is written, through rotations and restarts, until Ctrl-C; it reads the files itself where ' +
    'this user may, so it costs the daemon nothing. Exits with 1 for an unknown name, or when there is no log.',
  options: { follow: { alias: 'f', doc: 'Go on with what is written' } },
  completes: ['name', 'stream'],
  examples: [
    ['portherdctl tail web:0 stderr', 'its last words'],
    ['portherdctl tail -f web:*', 'all of them together'],
    ['portherdctl tail -100 web:0', '100 bytes'],
  ],

  async run(session) {
    const read = await readTailWords(session, 'tail', session.words);
    if (typeof read === 'number') return read;
    const { bytes, rest } = read;
    const [name, stream = 'stdout', ...more] = rest;
    if (name === undefined) return reportMisuse(session, 'tail', 'too few arguments', 1);
    if (more.length > 0) return reportMisuse(session, 'tail', 'too many arguments', 1);
    if (stream !== 'stdout' && stream !== 'stderr') return reportMisuse(session, 'tail', `bad channel ${stream}`, 1);
    return showLog(session, { command: 'tail', name, stream, bytes, follow: session.flags.has('follow') });
  },
};
