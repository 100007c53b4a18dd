import { either, oneOf, path, wholeNumber } from './kinds.ts';
import { defaultedSection, option, optional } from './option.ts';
import { fileMode } from './program-kinds.ts';

/** Every option of the daemon itself. A change of one needs a restart of the daemon. */
export const supervisorSchema = defaultedSection('The daemon itself; a change needs its restart.', {
  controlSocket: defaultedSection('The Unix socket that portherdctl talks to.', {
    path: optional(path(), {
      doc: 'After -s and $PORTHERD_SOCKET; else /run/portherd (root), $XDG_RUNTIME_DIR/portherd, or a directory in the temp dir.',
      change: 'restart',
      example: 'run/control.sock',
    }),
    mode: option(fileMode(), { doc: 'File mode of the socket.', change: 'restart', default: '0600' }),
  }),
  runDir: optional(path(), {
    doc: 'Where the workers’ channel lives; the control socket’s directory unless given. Mode 0700.',
    change: 'restart',
    example: 'run',
  }),
  logDir: optional(path(), {
    doc: 'Where logs: auto puts the workers’ files; else $LOGS_DIRECTORY (systemd), /var/log/portherd (root), or log in runDir.',
    change: 'restart',
    example: 'log',
  }),
  logFile: optional(path(), {
    doc: 'The daemon’s own log; standard output (under systemd, the journal) unless given. Rotated at 50MB, 10 backups.',
    change: 'restart',
    example: 'log/portherd.log',
  }),
  logLevel: option(oneOf('debug', 'info', 'warn', 'error'), {
    doc: 'Least severity that the daemon’s own log shows.',
    change: 'restart',
    default: 'info',
  }),
  exitOnFatal: option(either(wholeNumber(1, 255), oneOf(false), 'an exit code from 1 to 255, or false'), {
    doc: 'Exit code with which the daemon ends when a program is FATAL (for containers); false goes on.',
    change: 'restart',
    default: false,
  }),
});
