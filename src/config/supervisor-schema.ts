import { either, listOf, oneOf, path, text, wholeNumber } from './kinds.ts';
import { defaultedSection, option, optional } from './option.ts';
import { fileMode, host } from './program-kinds.ts';

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
  http: defaultedSection('The same over TCP, for other machines and for tools that know no Unix sockets.', {
    port: optional(wholeNumber(1, 65_535), {
      doc: 'TCP port; none is opened unless given.',
      change: 'restart',
      example: 9001,
    }),
    host: option(host(), {
      doc: 'Address to bind. Other than loopback it needs credentials; there is no TLS, so put a proxy in front.',
      change: 'restart',
      default: '127.0.0.1',
    }),
    names: option(listOf(text('a host name', /^[\w.-]{1,253}$/), 0, 64), {
      doc: 'Names by which clients call it, besides addresses, localhost and this machine’s own name. Others are refused.',
      change: 'restart',
      default: [],
    }),
    username: optional(text('1 to 64 characters without a colon', /^[^:]{1,64}$/), {
      doc: 'For Basic authentication, with passwordFile.',
      change: 'restart',
      example: 'operator',
    }),
    passwordFile: optional(path(), {
      doc: 'Its first line is the password. Read when the daemon starts or reloads.',
      change: 'restart',
      example: 'http-password',
    }),
    tokenFile: optional(path(), {
      doc: 'Its first line is a token that is taken as well: Authorization: Bearer TOKEN.',
      change: 'restart',
      example: 'http-token',
    }),
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
