import { isLoopback } from '../http-checks.ts';
import { fileMode, host as address } from '../program-kinds.ts';
import { differs, mapped, none, type Outcome, wrong } from './outcome.ts';
import { portOf } from './ports.ts';
import { withBoolean, withInteger } from './supervisord-rule.ts';
import { logOf, noPath, octalOf, pathOf, sizeOf } from './supervisord-values.ts';

/** What a rule for supervisord itself may look at. */
export interface DaemonView {
  readonly home: string | undefined;
  /** Of the same section, expanded. */
  readonly text: (option: string) => string | undefined;
}

export type DaemonRule = (text: string, view: DaemonView) => Outcome;

/** Every section of supervisord that is no program, with every option. Settings are paths in the file, from its top. */
export const daemonRules: Readonly<Record<string, Readonly<Record<string, DaemonRule>>>> = {
  supervisord: {
    logfile: (text, { home }) => {
      const log = logOf(text);
      return typeof log === 'object' ? pathSetting('supervisor.logFile', log.path, home) : ownLog;
    },
    logfile_maxbytes: (text) => (sizeOf(text).ok ? ownRotation : wrong(`"${text}" is no size`)),
    logfile_backups: (text) => withInteger(text, () => ownRotation),
    loglevel: (text) => {
      const level = levels[text.trim().toLowerCase()];
      if (level === undefined) return wrong(`"${text}" is no level; supervisord has ${Object.keys(levels).join(', ')}`);
      const set = { 'supervisor.logLevel': level };
      return level === text.trim().toLowerCase() ? mapped(set) : differs(set, `the nearest level is ${level}`);
    },
    pidfile: () => none('portherd writes no pid file', '`portherdctl pid`, or the service manager'),
    umask: (text) =>
      octalOf(text).ok
        ? differs({}, 'it became the umask of each program that has none')
        : wrong(`"${text}" is no octal mode`),
    nodaemon: (text) =>
      withBoolean(text, (yes) =>
        yes
          ? mapped()
          : differs({}, 'portherd run stays in the foreground; a service manager keeps it in the background'),
      ),
    silent: (text) =>
      withBoolean(text, (yes) =>
        yes ? none('portherd’s own log is on standard output', 'StandardOutput=null in its unit') : mapped(),
      ),
    minfds: (text) =>
      withInteger(text, (number) =>
        none(
          'portherd keeps the limits it was started with',
          `LimitNOFILE=${number} in its unit, or rlimits: { nofile: ${number} } in a program`,
        ),
      ),
    minprocs: (text) =>
      withInteger(text, (number) =>
        none(
          'portherd keeps the limits it was started with',
          `LimitNPROC=${number} in its unit, or rlimits: { nproc: ${number} } in a program`,
        ),
      ),
    nocleanup: (text) => withBoolean(text, (yes) => (yes ? mapped() : differs({}, 'portherd never removes log files'))),
    childlogdir: (text, { home }) => pathSetting('supervisor.logDir', text, home),
    user: (text) => none('portherd stays the user it was started as', `User=${text.trim()} in its unit`),
    directory: () => differs({}, 'it became the directory of each program that has none'),
    strip_ansi: (text) =>
      withBoolean(text, (yes) =>
        yes
          ? none('workers write their logs themselves, unchanged', 'turn colours off in the app (NO_COLOR=1)')
          : mapped(),
      ),
    environment: () => differs({}, 'it became part of each program’s environment'),
    identifier: () => none('a portherd is known by its control socket', '-s SOCKET'),
  },
  unix_http_server: {
    // Its directory is the run directory unless one is given, and that must have mode 0700.
    file: (text, { home }) => {
      const path = pathOf(text, home);
      if (path === undefined) return noPath;
      if (new TextEncoder().encode(path).length > socketPathBytesMax)
        return wrong(`${path} is too long for a Unix socket`);
      const set = { 'supervisor.controlSocket.path': path, 'supervisor.runDir': `${path.replace(/\.\w+$/, '')}.run` };
      return differs(set, 'portherd’s other files are in runDir, a directory of mode 0700');
    },
    chmod: (text) => {
      const mode = text.trim().replace(/^0o?/, '').padStart(4, '0');
      if (!octalOf(text).ok) return wrong(`"${text}" is no octal mode`);
      return fileMode().read(mode).ok
        ? mapped({ 'supervisor.controlSocket.mode': mode })
        : none(`mode ${text.trim()} would keep its owner out`, '0600 to 0777');
    },
    chown: () =>
      none(
        'the control socket belongs to the user of the daemon',
        'chgrp it in ExecStartPost= of the unit, with mode 0660',
      ),
    username: () => noPassword,
    password: () => noPassword,
  },
  inet_http_server: {
    port: (text, view) => tcpPlace(text, view),
    username: (_text, view) => credentials(view, (username) => usernameSetting(username)),
    password: (_text, view) => credentials(view, (_username, password) => passwordSetting(password)),
  },
  supervisorctl: {
    serverurl: () => none('portherdctl has no file of its own', '-c portherd.yaml, -s URL or $PORTHERD_SOCKET'),
    username: () => ofCommandLine,
    password: () => ofCommandLine,
    prompt: () => none('the prompt is portherdctl’s own'),
    history_file: () => none('portherdctl has no file of its own', '-r FILE'),
  },
};

/** Sections with a name after a colon, that are no programs. */
export const namedSectionRules: Readonly<Record<string, DaemonRule>> = {
  rpcinterface: (factory) =>
    factory.trim() === 'supervisor.rpcinterface:make_main_rpcinterface'
      ? mapped()
      : none('Python plugins cannot run in portherd', 'portherd’s own API under /v1'),
  ctlplugin: () => none('Python plugins cannot run in portherdctl', 'a script around portherdctl --json'),
};

const ownLog = differs({}, 'portherd’s own log is on standard output');
const ownRotation = differs({}, 'portherd’s own log is rotated at 50MB, 10 backups are kept');
const ofCommandLine = none('portherdctl has no file of its own', '-c portherd.yaml, -u and -p, or $PORTHERD_PASSWORD');
const noPassword = none('the control socket is protected by its mode alone', 'a mode and a group');

/** unix(7); the last byte is NUL. */
const socketPathBytesMax = 107;

function pathSetting(key: string, text: string, home: string | undefined): Outcome {
  const path = pathOf(text, home);
  return path === undefined ? noPath : mapped({ [key]: path });
}

/** Nobody gets in over the network without a password, other than there. */
function tcpPlace(text: string, view: DaemonView): Outcome {
  const [, name = '', digits] = /^(?:(.*):)?(\d+)$/.exec(text.trim()) ?? [];
  const port = portOf(digits);
  if (port === undefined) return wrong(`"${text}" is no host:port, *:port or :port`);
  const host = { '': '0.0.0.0', '*': '0.0.0.0', localhost: '127.0.0.1' }[name] ?? name;
  const set = { 'supervisor.http.port': port };
  if (isLoopback(host)) return mapped({ ...set, 'supervisor.http.host': host });
  if (!address().read(host).ok) return differs(set, `it listens on 127.0.0.1: ${name} is a name, not an address`);
  if (view.text('username') === undefined)
    return differs(set, 'it listens on 127.0.0.1: elsewhere portherd wants a password');
  return mapped({ ...set, 'supervisor.http.host': host });
}

function credentials({ text }: DaemonView, then: (username: string, password: string) => Outcome): Outcome {
  const [username, password] = [text('username'), text('password')];
  return username === undefined || password === undefined
    ? wrong('username and password need each other')
    : then(username, password);
}

function usernameSetting(username: string): Outcome {
  return /^[^:\0]{1,64}$/.test(username)
    ? mapped({ 'supervisor.http.username': username })
    : wrong('it has 1 to 64 characters and no colon');
}

function passwordSetting(password: string): Outcome {
  const what = password.startsWith('{SHA}') ? 'the password itself, not its hash,' : 'the password';
  return differs(
    { 'supervisor.http.passwordFile': passwordFile },
    `write ${what} into the file ${passwordFile} beside this one, mode 0600`,
  );
}

const passwordFile = 'http-password';

const levels: Readonly<Record<string, string>> = {
  critical: 'error',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'debug',
  blather: 'debug',
};
