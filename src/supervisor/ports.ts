import type { Config, ProgramConfig } from '../config/schema.ts';
import type { Beat } from '../protocol/channel.ts';
import type { CurlLine, CurlRequest } from '../protocol/control-curl.ts';
import type { PortherdError } from '../shared/errors.ts';
import type { Result } from '../shared/result.ts';
import type { LogReading } from './ports-logs.ts';
import type { Steering } from './ports-steering.ts';
import type { WorkerStdin } from './ports-stdin.ts';
import type { StateFile, Successor } from './ports-survival.ts';

/**
 * The seam between deciding and the machine. linux/ implements these, a file each; simulation and tests put a fake world
 * behind them. Adapters hold no opinions: they do what they are told and report what happened.
 */
export interface Ports {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly listeners: Listeners;
  readonly steering: Steering;
  readonly probes: Probes;
  readonly diagnosis: Diagnosis;
  readonly census: Census;
  readonly curl: Curl;
  readonly channel: Channel;
  readonly workerLogs: WorkerLogs;
  readonly logReading: LogReading;
  readonly workerStdin: WorkerStdin;
  readonly machine: Machine;
  readonly state: StateFile;
  readonly successor: Successor;
  readonly configFile: ConfigFile;
  readonly portCheck: PortCheck;
  readonly log: Log;
}

/** Files that the workers write by themselves. */
export interface WorkerLogs {
  paths(program: ProgramConfig, slot: number): { readonly stdout: string; readonly stderr: string };
  /** Bytes in the file now, 0 without one. */
  endOf(path: string): number;
  /** The end of what was written since `from` (bytes), at most lastWordsBytesMax, as printable lines. */
  lastWords(path: string, from: number): readonly string[];
}

export interface Machine {
  readonly pid: number;
  readonly node: string;
  /** Resident bytes of the daemon itself. */
  rss(): number;
  /** A secret that nobody can guess. */
  token(): string;
  /** Memory and CPU of these processes; those that are gone are absent. Bounded in time. */
  sample(
    pids: readonly number[],
  ): Promise<ReadonlyMap<number, { readonly rssBytes: number; readonly cpuPercent: number }>>;
}

export interface ConfigFile {
  /** Absolute; undefined under `portherd serve`. */
  readonly path: string | undefined;
  /** Reads and validates it again. NO_CONFIG_FILE without one. */
  read(): Result<Config>;
}

export interface Clock {
  /** Monotonic milliseconds: a step of the wall clock changes nothing. */
  now(): number;
  /** Unix milliseconds, for showing to people only. */
  wall(): number;
  /** Calls back once at `at` (monotonic ms); a later call replaces it, undefined cancels it. */
  wakeAt(at: number | undefined, wake: () => void): void;
}

/** A process is its pid and its start time: a pid alone may already be somebody else's. */
export interface ProcessRef {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTicks: number;
}

export interface SpawnRequest {
  readonly program: ProgramConfig;
  readonly slot: number;
  /** Unique for the daemon's life. */
  readonly worker: number;
  readonly generation: number;
  readonly token: string;
}

export interface ExitReport {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** The process itself; its whole group; or itself and those of its group that have one of these sockets (inodes) open. */
export type SignalScope = 'process' | 'group' | { readonly holding: readonly number[] };

export interface Processes {
  /**
   * What a new generation is started from: the directory with its symbolic links resolved, so that a later deploy does not
   * change what this generation means. Errors: NO_FILE, NOT_EXECUTABLE.
   */
  prepare(program: ProgramConfig): Result<ProgramConfig>;
  /** In its own process group, logs on O_APPEND descriptors, slot descriptors inherited. */
  spawn(request: SpawnRequest, onExit: (exit: ExitReport) => void): Result<ProcessRef>;
  /** Tells the end of a process that a former supervisor started; its exit is known only if it is a child of this process. */
  adopt(process: ProcessRef, onExit: (exit: ExitReport) => void): void;
  /** Something points to its end: an adopted process is looked at soon. */
  suspect(process: ProcessRef): void;
  /** The process that has this pid now; undefined for a zombie. */
  identify(pid: number): ProcessRef | undefined;
  /** False when the process is gone (or the pid is another's by now). */
  signal(target: ProcessRef, signal: NodeJS.Signals, scope: SignalScope): boolean;
}

export interface SlotListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly fd: number;
  readonly inode: number;
}

export interface QueueReading {
  /** Connections that wait to be accepted. */
  readonly queue: number;
  /** Its limit (listen's backlog as the kernel cut it). */
  readonly backlog: number;
  /** SYNs and ACKs dropped because the queue was full, since the socket exists. */
  readonly drops: number;
}

/** The slots' sockets. With `bind: worker` there are none and every method answers with nothing. */
export interface Listeners {
  /** Binds and listens for these slots in order, so that the kernel's group index is the slot number. All or nothing. */
  open(program: ProgramConfig, slots: readonly number[]): Result<undefined>;
  /** Gives up the supervisor's reference; the socket dies with its last one. */
  close(program: string, slots: readonly number[]): void;
  /** listen(2) again: a worker's own listen() has set its backlog to 511. True when one had stopped listening altogether. */
  restoreBacklog(program: string, slot: number): boolean;
  of(program: string, slot: number): readonly SlotListener[];
  /** Of all slots, per port in the order of the kernel's group; without those that systemd keeps for us anyway. */
  own(program: string): readonly (SlotListener & { readonly slot: number })[];
  /** One reading per port. */
  queues(program: string, slot: number): readonly QueueReading[];
  /** Half-open handshakes (SYN_RECV) of the program's ports, as `address:port>address:port`. */
  halfOpen(program: string): readonly string[];
  /** Accepts and resets what waits in a slot that will not be served any more; answers how many. */
  flush(program: string, slot: number): number;
}

/** What can be known of a port before it is opened. */
export interface PortCheck {
  /** PORT_IN_USE names the holder, also when it would let others join its SO_REUSEPORT group. */
  free(host: string, port: number): Result<undefined>;
  /** What the kernel makes of a backlog, when that is less than wanted. */
  backlogCut(wanted: number): number | undefined;
}

/** One program's part of a count: where it listens, and who serves in its slots, leaving workers included. */
export interface CensusOrder {
  readonly program: string;
  /** No `host`: the workers bind as they like. */
  readonly places: readonly { readonly host?: string; readonly port: number }[];
  readonly slots: readonly { readonly slot: number; readonly processes: readonly ProcessRef[] }[];
}

export interface SlotCount {
  /** Connections that the workers' process groups have descriptors of. */
  readonly kernel: number;
  /** Connections that wait in the accept queues of their listeners. */
  readonly unaccepted: number;
}

export interface CensusCount {
  /** Undefined when it could not be counted. */
  of(program: string, slot: number): SlotCount | undefined;
  /** How many were looked at: that is the work, 6 to 10 µs each. */
  readonly descriptors: number;
  /** Why something could not be counted. */
  readonly incomplete?: string;
}

/** Connections as the kernel sees them, for programs in any language. Works in short turns; not for every tick. */
export interface Census {
  count(orders: readonly CensusOrder[]): Promise<CensusCount>;
}

export interface ProbeRequest {
  readonly program: ProgramConfig;
  readonly slot: number;
  readonly process: ProcessRef;
  /** `accept`: the worker's process group accepted a connection on every port; `http`: it answered 2xx or 3xx on the path. */
  readonly want: 'accept' | 'http';
  readonly timeoutMs: number;
}

/** A connection to one slot through the shared port, and proof of which process took it. */
export interface Probes {
  probe(request: ProbeRequest): Promise<Result<undefined, string>>;
}

/** What a process that does not serve is doing, in a line for people. Changes nothing about it. */
export interface Diagnosis {
  of(process: ProcessRef): Promise<string>;
}

export interface CurlOrder {
  readonly program: ProgramConfig;
  readonly slot: number;
  readonly request: CurlRequest;
  /** The process that serves in the slot now, as a roll may replace it meanwhile; an error ends it. */
  readonly serving: () => Result<ProcessRef>;
}

/** A request to one worker through the shared port; the asker's patience is the pace. */
export interface Curl {
  /** Tells head, body and `finished`; an error means that no head was told. `abort` ends it without a word. */
  ask(order: CurlOrder, tell: (line: CurlLine) => Promise<void>, abort: AbortSignal): Promise<Result<undefined>>;
}

export type ChannelEvent =
  | { readonly is: 'attached'; readonly worker: number; readonly pid: number }
  | { readonly is: 'detached'; readonly worker: number }
  | {
      readonly is: 'listening';
      readonly worker: number;
      readonly host: string;
      readonly port: number;
      readonly adopted: boolean;
    }
  | { readonly is: 'ready'; readonly worker: number }
  | { readonly is: 'strayed'; readonly worker: number; readonly why: string }
  | { readonly is: 'beat'; readonly worker: number; readonly beat: Beat }
  | { readonly is: 'drained'; readonly worker: number };

/** The supervisor's end of the workers' channel. Tokens decide who is who; a malformed frame closes that connection only. */
export interface Channel {
  expect(worker: number, token: string): void;
  forget(worker: number): void;
  /** Asks for a beat now. False when the worker has no connection, as with `drain`. */
  report(worker: number): boolean;
  drain(worker: number, idleMs: number, totalMs: number): boolean;
  /** Asks so many more connections to leave. */
  shed(worker: number, count: number): boolean;
}

export type LogFields = Readonly<Record<string, unknown>> & { readonly event: string };

/** Constant messages; everything that varies is a field. info: an operator would like to know; warn: we coped; error: we could not. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields & { readonly error: PortherdError | string }, message: string): void;
}
