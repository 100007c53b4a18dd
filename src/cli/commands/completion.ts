import { errorBody } from '../../protocol/control.ts';
import { failure } from '../../shared/errors.ts';
import { completionSpec } from '../completion-spec.ts';
import { reportFailure, reportMisuse } from '../failure.ts';
import { isNamedKind, knownNames, namedKinds } from '../known-names.ts';
import type { Command } from '../session.ts';

export const completion: Command = {
  ...completionSpec('portherdctl'),
  details: 'The names of programs and slots are asked of the daemon as you press Tab; without one there are none.',
  options: {
    names: { value: 'KIND', doc: `Instead, the daemon’s names, as the scripts ask: ${namedKinds.join(', ')}` },
  },

  async run(session) {
    const { words, flags, json, screen, client, tool } = session;
    const kind = flags.text('names');
    if (kind !== undefined) {
      const names = isNamedKind(kind) ? await knownNames(client, kind) : [];
      if (json) screen.print(JSON.stringify(names));
      else for (const name of names) screen.print(name);
      return 0;
    }
    const [shell, ...more] = words;
    if (shell === undefined || more.length > 0)
      return reportMisuse(session, 'completion', 'completion requires a shell', 2);
    // Not loaded with the other commands, which start without them.
    const { completionScript } = await import('../completion/scripts.ts');
    const script = completionScript(tool, shell);
    if (script === undefined)
      return reportFailure(
        session,
        errorBody(
          failure(
            'BAD_ARGUMENTS',
            `no completion for ${JSON.stringify(shell)}`,
            'There is one for bash, zsh and fish.',
          ),
        ),
      );
    screen.print(json ? JSON.stringify({ shell, script }) : script.trimEnd());
    return 0;
  },
};
