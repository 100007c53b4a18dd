import { errorBody } from '../../protocol/control.ts';
import { givenAuthorization } from '../choose-place.ts';
import { DaemonClient } from '../client.ts';
import { reportFailure } from '../failure.ts';
import { notOurs, parsePlace } from '../place.ts';
import type { Command } from '../session.ts';
import { status } from './status.ts';

/** The shell takes what it opens for the commands that follow; see shell.ts. */
export const open: Command = {
  name: 'open',
  words: 'URL',
  summary: 'Show the status of another daemon; the shell stays with it',
  details:
    'http://host:port or unix:///path. Credentials are those of -u and -p. Exits with 1 for any other URL, else 0.',
  completes: ['file'],
  examples: [
    ['portherdctl open unix:///run/other/control.sock', 'its status; in the shell, go on with that daemon'],
    ['portherdctl -u me open http://10.0.0.7:9001', 'only look'],
  ],

  async run(session) {
    const { words, flags } = session;
    const [url = '', ...more] = words;
    // Not those of -c: they are that daemon's.
    const place = more.length === 0 && url.includes('://') ? parsePlace(url, givenAuthorization(flags)) : undefined;
    if (place?.ok !== true) {
      const error = { code: 'BAD_ARGUMENTS', message: notOurs } as const;
      return reportFailure(session, { ...errorBody(error), exit: 1 });
    }
    await status.run({ ...session, words: [], client: new DaemonClient(place.value) });
    return 0;
  },
};
