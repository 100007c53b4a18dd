import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { reportMisuse } from '../failure.ts';
import type { Command } from '../session.ts';

/**
 * Hands over to `portherd doctor`, which lies beside this program: looking at the machine needs FFI and the config's schema, and
 * every other command would start later if they were in here.
 */
export const doctor: Command = {
  name: 'doctor',
  words: '',
  summary: 'Look at this machine, the config and the daemon, and say what is wrong',
  details: 'The same as `portherd doctor`. Exits with 1 when something is a failure, else 0.',
  examples: [['portherdctl doctor', 'what may be wrong here; needs no daemon']],

  async run(session) {
    const { words, flags } = session;
    if (words.length > 0) return reportMisuse(session, 'doctor', 'doctor accepts no arguments', 2);
    const given = ['socket', 'config'].flatMap((name) => {
      const value = flags.text(name);
      return value === undefined ? [] : [`--${name}`, value];
    });
    const switches = ['json', 'no-color'].flatMap((name) => (flags.has(name) ? [`--${name}`] : []));
    const self = realpathSync(process.argv[1] ?? '');
    const portherd = join(dirname(self), `main${extname(self)}`);
    // The other commands start without it.
    const { spawn } = await import('node:child_process');
    // Ended by the terminal's Ctrl-C with us; every wait in it has a deadline of its own.
    const child = spawn(process.execPath, [portherd, 'doctor', ...given, ...switches], { stdio: 'inherit' });
    const [code]: unknown[] = await once(child, 'exit');
    return typeof code === 'number' ? code : 1;
  },
};
