import type { RpcFaultName } from './rpc-faults.ts';

/**
 * supervisord's XML-RPC as data: every method there is, its parameters, its answer, what it says of itself, and its own faults. Every
 * method can also give UNKNOWN_METHOD (asked by another name), INCORRECT_PARAMETERS and, but for `always`, SHUTDOWN_STATE. A name that
 * is not here is not a method, whatever its form (CVE-2017-11610).
 */
export interface RpcMethod {
  readonly help: string;
  readonly params: readonly RpcParam[];
  readonly returns: RpcType;
  readonly faults: readonly RpcFaultName[];
  /** It is answered while the daemon shuts down too. */
  readonly always?: true;
}

export interface RpcParam {
  readonly name: string;
  readonly type: RpcType;
  /** Also of these types; supervisord is not strict with some. */
  readonly also?: readonly RpcType[];
  readonly optional?: true;
}

export type RpcType = 'string' | 'int' | 'boolean' | 'array' | 'struct';

const name: RpcParam = { name: 'name', type: 'string' };
const wait: RpcParam = { name: 'wait', type: 'boolean', also: ['int'], optional: true };
const offset: RpcParam = { name: 'offset', type: 'int' };
const length: RpcParam = { name: 'length', type: 'int' };
const signal: RpcParam = { name: 'signal', type: 'string', also: ['int'] };
const none: readonly RpcParam[] = [];

const process = '`group:name`; a group’s own name means all its processes, as `group:*` and `group:` do.';
const results = 'An array with name, group, status (80, or a fault’s code) and description of each that was acted on.';
const readFrom =
  'From offset on, at most length bytes (0: all that fit in an answer). A negative offset with length 0 is the last so many bytes.';
const tailFrom =
  'At most length bytes from offset on, or the last ones if there are more: an array of them, the end of the log, and whether some were left out.';

const start: readonly RpcFaultName[] = [
  'BAD_NAME',
  'NO_FILE',
  'NOT_EXECUTABLE',
  'FAILED',
  'ABNORMAL_TERMINATION',
  'SPAWN_ERROR',
  'ALREADY_STARTED',
];
const read: readonly RpcFaultName[] = ['BAD_ARGUMENTS', 'NO_FILE', 'FAILED'];

const readStdout = {
  help: `What a process wrote to its standard output. ${readFrom}`,
  params: [name, offset, length],
  returns: 'string',
  faults: [...read, 'BAD_NAME'],
} as const satisfies RpcMethod;
const tailStdout = {
  help: `The end of a process’ standard output. ${tailFrom}`,
  params: [name, offset, length],
  returns: 'array',
  faults: ['BAD_NAME'],
} as const satisfies RpcMethod;
const readMain = {
  help: `The daemon’s own log. ${readFrom}`,
  params: [offset, length],
  returns: 'string',
  faults: read,
} as const satisfies RpcMethod;
const clearLogs = {
  help: 'Empties the logs of a process.',
  params: [name],
  returns: 'boolean',
  faults: ['BAD_NAME', 'FAILED'],
} as const satisfies RpcMethod;
const apiVersion = {
  help: 'The version of this interface.',
  params: none,
  returns: 'string',
  faults: [],
} as const satisfies RpcMethod;

export const rpcMethods = {
  'supervisor.addProcessGroup': {
    help: 'Takes a program from the config file into operation.',
    params: [name],
    returns: 'boolean',
    faults: ['BAD_NAME', 'ALREADY_ADDED', 'CANT_REREAD', 'FAILED'],
  },
  'supervisor.clearAllProcessLogs': {
    help: `Empties the logs of all processes. ${results}`,
    params: none,
    returns: 'array',
    faults: [],
  },
  'supervisor.clearLog': {
    help: 'Empties the daemon’s own log.',
    params: none,
    returns: 'boolean',
    faults: ['NO_FILE', 'FAILED'],
  },
  'supervisor.clearProcessLog': clearLogs,
  'supervisor.clearProcessLogs': clearLogs,
  'supervisor.getAPIVersion': apiVersion,
  'supervisor.getAllConfigInfo': {
    help: 'How each process is configured, in use or not.',
    params: none,
    returns: 'array',
    faults: [],
  },
  'supervisor.getAllProcessInfo': {
    help: 'State of every process; each as getProcessInfo has it.',
    params: none,
    returns: 'array',
    faults: [],
  },
  'supervisor.getIdentification': { help: 'What this daemon is called.', params: none, returns: 'string', faults: [] },
  'supervisor.getPID': { help: 'The daemon’s process id.', params: none, returns: 'int', faults: [] },
  'supervisor.getProcessInfo': {
    help: 'State of one process: name, group, start, stop, now (Unix seconds), state, statename, spawnerr, exitstatus, logfiles, pid, description.',
    params: [name],
    returns: 'struct',
    faults: ['BAD_NAME'],
  },
  'supervisor.getState': {
    help: 'State of the daemon: statecode, statename.',
    params: none,
    returns: 'struct',
    faults: [],
  },
  'supervisor.getSupervisorVersion': { help: 'The version of portherd.', params: none, returns: 'string', faults: [] },
  'supervisor.getVersion': apiVersion,
  'supervisor.readLog': readMain,
  'supervisor.readMainLog': readMain,
  'supervisor.readProcessLog': readStdout,
  'supervisor.readProcessStderrLog': { ...readStdout, help: readStdout.help.replace('output', 'error') },
  'supervisor.readProcessStdoutLog': readStdout,
  'supervisor.reloadConfig': {
    help: 'Reads the config file again and changes nothing: [[added, changed, removed]], names of programs.',
    params: none,
    returns: 'array',
    faults: ['CANT_REREAD'],
  },
  'supervisor.removeProcessGroup': {
    help: 'Takes a stopped program out of operation.',
    params: [name],
    returns: 'boolean',
    faults: ['BAD_NAME', 'STILL_RUNNING'],
  },
  'supervisor.restart': {
    help: 'The daemon replaces itself and applies its config file. Processes whose config is the same run on.',
    params: none,
    returns: 'boolean',
    faults: ['FAILED'],
  },
  'supervisor.sendProcessStdin': {
    help: 'Sends text to the standard input of a process. FAILED: it does not read it, and its pipe of 64 KiB is full.',
    params: [name, { name: 'chars', type: 'string' }],
    returns: 'boolean',
    faults: ['BAD_NAME', 'NO_FILE', 'FAILED', 'NOT_RUNNING'],
  },
  'supervisor.sendRemoteCommEvent': {
    help: 'Sends an event to the event listeners that want REMOTE_COMMUNICATION.',
    params: [
      { name: 'type', type: 'string' },
      { name: 'data', type: 'string' },
    ],
    returns: 'boolean',
    faults: [],
    always: true,
  },
  'supervisor.shutdown': {
    help: 'Stops all processes, then the daemon.',
    params: none,
    returns: 'boolean',
    faults: [],
  },
  'supervisor.signalAllProcesses': {
    help: `Sends a signal (HUP, SIGHUP or 1) to all processes. ${results}`,
    params: [signal],
    returns: 'array',
    faults: [],
  },
  'supervisor.signalProcess': {
    help: `Sends a signal (HUP, SIGHUP or 1) to ${process}`,
    params: [name, signal],
    returns: 'boolean',
    faults: ['BAD_NAME', 'BAD_SIGNAL', 'FAILED', 'NOT_RUNNING'],
  },
  'supervisor.signalProcessGroup': {
    help: `Sends a signal (HUP, SIGHUP or 1) to the processes of a group. ${results}`,
    params: [name, signal],
    returns: 'array',
    faults: ['BAD_NAME'],
  },
  'supervisor.startAllProcesses': {
    help: `Starts what does not run; with wait, until it is ready or has failed. ${results}`,
    params: [wait],
    returns: 'array',
    faults: [],
  },
  'supervisor.startProcess': {
    help: `Starts ${process} With wait, until it is ready or has failed.`,
    params: [name, wait],
    returns: 'boolean',
    faults: start,
  },
  'supervisor.startProcessGroup': {
    help: `Starts what does not run of a group; with wait, until it is ready or has failed. ${results}`,
    params: [name, wait],
    returns: 'array',
    faults: ['BAD_NAME'],
  },
  'supervisor.stopAllProcesses': {
    help: `Stops what runs; with wait, until it has ended. ${results}`,
    params: [wait],
    returns: 'array',
    faults: [],
  },
  'supervisor.stopProcess': {
    help: `Stops ${process} With wait, until it has ended.`,
    params: [name, wait],
    returns: 'boolean',
    faults: ['BAD_NAME', 'FAILED', 'NOT_RUNNING'],
  },
  'supervisor.stopProcessGroup': {
    help: `Stops what runs of a group; with wait, until it has ended. ${results}`,
    params: [name, wait],
    returns: 'array',
    faults: ['BAD_NAME'],
  },
  'supervisor.tailProcessLog': tailStdout,
  'supervisor.tailProcessStderrLog': { ...tailStdout, help: tailStdout.help.replace('output', 'error') },
  'supervisor.tailProcessStdoutLog': tailStdout,
  'system.listMethods': { help: 'The names of all methods.', params: none, returns: 'array', faults: [], always: true },
  'system.methodHelp': {
    help: 'What a method does.',
    params: [name],
    returns: 'string',
    faults: ['SIGNATURE_UNSUPPORTED'],
    always: true,
  },
  'system.methodSignature': {
    help: 'The types of a method: its answer’s, then its parameters’.',
    params: [name],
    returns: 'array',
    faults: ['SIGNATURE_UNSUPPORTED'],
    always: true,
  },
  'system.multicall': {
    help: 'Calls one after the other: structs with methodName and params. An array of what each answered, faults as structs.',
    params: [{ name: 'calls', type: 'array' }],
    returns: 'array',
    faults: ['INCORRECT_PARAMETERS'],
    always: true,
  },
} as const satisfies Readonly<Record<string, RpcMethod>>;

export type RpcMethodName = keyof typeof rpcMethods;

export function isRpcMethod(called: string): called is RpcMethodName {
  return Object.hasOwn(rpcMethods, called);
}
