import { reportMisuse } from '../failure.ts';
import type { Command } from '../session.ts';
import { readTailWords, showLog } from '../show-log.ts';

export const maintail: Command = {
  name: 'maintail',
  words: '[-N]',
  summary: 'Show the end of the daemon’s own log, and follow it with -f',
  details:
    'The last 1600 bytes, or N. There is one when supervisor.logFile is set; otherwise the log is the daemon’s standard output, ' +
    'under systemd the journal, and this says so and exits with 1.',
  options: { follow: { alias: 'f', doc: 'Go on with what is written' } },
  examples: [['portherdctl maintail -f', 'what the daemon does']],

  async run(session) {
    const read = await readTailWords(session, 'maintail', session.words);
    if (typeof read === 'number') return read;
    if (read.rest.length > 0) return reportMisuse(session, 'maintail', 'too many arguments', 1);
    const { flags } = session;
    return showLog(session, { command: 'maintail', stream: 'stdout', bytes: read.bytes, follow: flags.has('follow') });
  },
};
