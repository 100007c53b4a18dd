/**
 * Every error an operator can meet: its code, the exit code of the command that meets it, and what to do about it.
 * Exit codes follow supervisorctl where it has one: 1 generic, 2 invalid arguments or configuration,
 * 4 no daemon, 7 not running or did not stay up.
 */
export const errorCodes = {
  CONFIG_NOT_FOUND: {
    exit: 2,
    http: 500,
    advice: 'Give the file with -c FILE, or run `portherd serve SCRIPT --port PORT`.',
  },
  CONFIG_SYNTAX: { exit: 2, http: 422, advice: 'Correct the YAML at the line and column shown.' },
  CONFIG_INVALID: { exit: 2, http: 422, advice: 'See config/OPTIONS.md for each key, its unit and its bounds.' },
  NO_CONFIG_FILE: {
    exit: 1,
    http: 409,
    advice: 'This daemon runs without a file (portherd serve); restart it with other flags.',
  },
  NO_FILE: { exit: 2, http: 422, advice: 'Check `command` and `directory`; relative paths start at the config file.' },
  NO_LOG_DIRECTORY: {
    exit: 2,
    http: 422,
    advice: 'Make it, writable for this user, or change `logs` of the program.',
  },
  NO_ACCOUNT: { exit: 2, http: 422, advice: '`getent passwd` and `getent group` list them.' },
  NOT_PRIVILEGED: { exit: 2, http: 403, advice: 'Run the daemon as root, or leave the option out.' },
  NOT_EXECUTABLE: { exit: 2, http: 422, advice: 'chmod +x the file, or name its interpreter in `command`.' },
  FILE_EXISTS: { exit: 2, http: 409, advice: '--force replaces it.' },
  FILE_UNWRITABLE: { exit: 2, http: 500, advice: 'Run it as a user who may write there.' },
  PORT_IN_USE: { exit: 2, http: 409, advice: 'Stop the process shown, or give the program another port.' },
  PORT_FORBIDDEN: {
    exit: 2,
    http: 403,
    advice: 'Ports below 1024 need CAP_NET_BIND_SERVICE (see systemd/portherd.service).',
  },
  HOST_UNAVAILABLE: { exit: 2, http: 409, advice: 'No interface of this machine has the address; check `host`.' },
  LISTEN_FAILED: { exit: 2, http: 500, advice: 'The kernel refused the socket; the text has its reason.' },
  STEERING_REFUSED: {
    exit: 1,
    http: 500,
    advice: 'The kernel’s own hash spreads the connections now, also over slots that start or drain.',
  },
  FFI_UNAVAILABLE: { exit: 2, http: 500, advice: 'koffi could not load libc; use `bind: worker`, which needs no FFI.' },
  DAEMON_RUNNING: {
    exit: 2,
    http: 409,
    advice: 'Another portherd owns this run directory; use another -s SOCKET or stop it.',
  },
  RUN_DIR_BUSY: {
    exit: 1,
    http: 409,
    advice: 'A `portherd sweep` is at work there (or a daemon of another container); try again when it is through.',
  },
  RUN_DIR_UNSAFE: { exit: 2, http: 500, advice: 'The run directory must belong to you with mode 0700.' },
  LOG_DIR_UNUSABLE: {
    exit: 2,
    http: 500,
    advice: 'Create it for this user, or set supervisor.logDir to a directory that this user may write.',
  },
  DAEMON_ABSENT: {
    exit: 7,
    http: 503,
    advice: 'Start the daemon with `portherd run -c FILE`, or point -s at its socket.',
  },
  DAEMON_UNREACHABLE: {
    exit: 4,
    http: 503,
    advice: 'The daemon that made this socket is gone; start it with `portherd run -c FILE`.',
  },
  DAEMON_LOST: {
    exit: 1,
    http: 503,
    advice:
      'It has ended, or replaces itself: `portherdctl status` tells. What it was asked may be done; workers serve on.',
  },
  CONTROL_DENIED: { exit: 4, http: 403, advice: 'Run this as the user who runs the daemon, or as root.' },
  BAD_REPLY: { exit: 1, http: 502, advice: 'Is this the control socket of a portherd of the same version?' },
  BAD_ARGUMENTS: { exit: 2, http: 400, advice: '' },
  BAD_COMMAND: { exit: 1, http: 400, advice: '`portherdctl help` lists the commands.' },
  BAD_REQUEST: { exit: 1, http: 400, advice: 'See `portherdctl help`.' },
  BODY_TOO_LARGE: { exit: 1, http: 413, advice: 'A control request is at most 64 KiB.' },
  UNAUTHORIZED: { exit: 1, http: 401, advice: 'Give the user and password of supervisor.http (-u, -p).' },
  FOREIGN_REQUEST: { exit: 1, http: 403, advice: 'Call it by its address, or by a name in supervisor.http.names.' },
  TOO_MANY_STREAMS: { exit: 1, http: 503, advice: 'End one of them.' },
  NOT_FOUND: { exit: 1, http: 404, advice: 'See `portherdctl help`.' },
  BAD_NAME: { exit: 1, http: 404, advice: '`portherdctl avail` lists the programs.' },
  BAD_SIGNAL: { exit: 1, http: 400, advice: '`kill -l` lists the signals.' },
  BAD_COUNT: { exit: 2, http: 400, advice: 'Give a whole number from 1 to 512, or +N / -N.' },
  ALREADY_STARTED: { exit: 0, http: 409, advice: '' },
  NOT_RUNNING: { exit: 7, http: 409, advice: '' },
  SPAWN_ERROR: { exit: 7, http: 500, advice: 'See the worker’s stderr: `portherdctl status -v` shows its path.' },
  ABNORMAL_TERMINATION: {
    exit: 7,
    http: 500,
    advice: 'See the worker’s stderr: `portherdctl status -v` shows its path.',
  },
  ALREADY_ADDED: { exit: 0, http: 409, advice: '' },
  STILL_RUNNING: { exit: 1, http: 409, advice: 'Stop it first.' },
  ROLL_IN_PROGRESS: { exit: 1, http: 409, advice: 'Wait for it: `portherdctl status` shows how far it is.' },
  OVERTAKEN: { exit: 1, http: 409, advice: 'Another command came in between; `portherdctl status` shows what is.' },
  ROLL_FAILED: { exit: 7, http: 500, advice: 'The old workers still serve. Mend the build, then roll again.' },
  CANNOT_BALANCE: { exit: 1, http: 409, advice: '`portherdctl connections` shows where connections are.' },
  REBALANCE_IN_PROGRESS: { exit: 1, http: 409, advice: 'Wait for it; `portherdctl connections` shows how far it is.' },
  NOT_BALANCED: {
    exit: 1,
    http: 504,
    advice: 'Silent connections go with their next request; raw and upgraded ones stay until they end.',
  },
  HOOK_FAILED: { exit: 1, http: 502, advice: 'It was tried once. `portherdctl hooks` shows how the hook fares.' },
  RELOAD_UNSUPPORTED: {
    exit: 1,
    http: 501,
    advice: 'Run the daemon with Node 22.15 or newer; until then `systemctl restart` or a SIGKILL and a start do it.',
  },
  RELOAD_REFUSED: { exit: 1, http: 422, advice: 'What ran before runs on, unchanged. Mend it, then reload again.' },
  NO_LOG: { exit: 1, http: 404, advice: '`portherdctl status -v` shows where its output goes.' },
  BAD_RANGE: { exit: 1, http: 400, advice: '' },
  LOG_UNUSABLE: { exit: 1, http: 500, advice: 'May this user read and write it? Is there room on its disk?' },
  NO_STDIN: {
    exit: 1,
    http: 409,
    advice: '`stdin: pipe` of its program gives the next worker one that can be written to.',
  },
  STDIN_FULL: { exit: 1, http: 504, advice: 'It does not read its standard input, or too slowly.' },
  SHUTTING_DOWN: { exit: 1, http: 409, advice: '' },
  TIMED_OUT: { exit: 1, http: 504, advice: 'The daemon goes on; `portherdctl status` shows where it is.' },
  // portherdctl curl: exit codes are curl's.
  WORKER_UNREACHABLE: { exit: 7, http: 502, advice: 'See `portherdctl status` and the worker’s stderr.' },
  WORKER_SILENT: { exit: 28, http: 504, advice: 'Is its event loop blocked? See `portherdctl connections`.' },
  WORKER_HUNG_UP: { exit: 52, http: 502, advice: 'If the port speaks TLS, add --tls.' },
  WORKER_BROKE_OFF: { exit: 56, http: 502, advice: 'See the worker’s stderr: `portherdctl status -v` shows its path.' },
  TLS_FAILED: { exit: 35, http: 502, advice: 'If the port speaks plain HTTP, leave --tls out.' },
  CERTIFICATE_REFUSED: { exit: 60, http: 502, advice: 'Without --verify it is not checked.' },
  ANSWER_TOO_LARGE: { exit: 63, http: 502, advice: 'Ask the port itself for something that large.' },
  INTERNAL: { exit: 1, http: 500, advice: 'This is a bug in portherd; its log has the stack.' },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** `message` says what happened and where; `advice` overrides the registry's when the case has a better one. */
export interface PortherdError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string;
}

export function failure(code: ErrorCode, message: string, advice?: string): PortherdError {
  return advice === undefined ? { code, message } : { code, message, advice };
}

/** What a person reads, on one to two lines. */
export function describeError(error: PortherdError): string {
  const advice = error.advice ?? errorCodes[error.code].advice;
  return advice === '' ? error.message : `${error.message}\n  ${advice}`;
}

/** The text of something caught; errors from the system keep their code. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
