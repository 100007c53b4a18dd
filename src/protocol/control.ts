import { type ErrorCode, errorCodes, type PortherdError } from '../shared/errors.ts';
import type { ListenerState, StateName } from '../shared/states.ts';

/**
 * portherdctl ↔ supervisor: HTTP/1.1 with JSON under /v1 on the control socket.
 *
 * | request                      | body                          | reply                                             |
 * |------------------------------|-------------------------------|---------------------------------------------------|
 * | GET  /v1/status              |                               | StatusReply                                       |
 * | GET  /v1/connections         |                               | ConnectionsReply                                  |
 * | GET  /v1/balance             |                               | BalanceReply                                      |
 * | GET  /v1/avail               |                               | AvailReply                                        |
 * | POST /v1/start, /v1/stop     | NamesRequest                  | SlotResult[] when all are settled                 |
 * | POST /v1/restart             | NamesRequest                  | RestartReply when all are settled                 |
 * | POST /v1/signal              | SignalRequest                 | SlotResult[]                                      |
 * | POST /v1/stdin               | StdinRequest                  | StdinReply: see control-stdin.ts                  |
 * | POST /v1/roll                | RollRequest                   | RollLine… as NDJSON, the last one is `finished`   |
 * | POST /v1/scale               | ScaleRequest                  | ScaleReply when settled                           |
 * | POST /v1/rebalance           | RebalanceRequest              | RebalanceLine… as NDJSON, the last is `finished`  |
 * | POST /v1/reread, update, add, remove |                     | see control-update.ts                             |
 * | POST /v1/curl                | CurlRequest                   | CurlLine… as NDJSON, the last one is `finished`   |
 * | POST /v1/logs/…              |                               | see control-logs.ts                               |
 * | GET /v1/hooks, POST …/test   |                               | see control-hooks.ts                              |
 * | POST /v1/shutdown            |                               | {pid} at once; the socket closes when all stopped |
 *
 * An error is `{error: ErrorBody}` with the registry's HTTP status. Every reply has the header `portherd-version`.
 * portherdctl asks in HTTP/1.0, so that no reply is chunked: its own client over node:net starts 30 ms faster than node:http.
 * A client ignores fields and NDJSON lines that it does not know.
 */
export const controlVersion = 1;

/** Of the daemon, on every reply: portherdctl says so when it is not its own. */
export const versionHeader = 'portherd-version';

export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice: string;
  /** What the command that asked should exit with. */
  readonly exit: number;
}

export function errorBody(error: PortherdError): ErrorBody {
  const { exit, advice } = errorCodes[error.code];
  return { code: error.code, message: error.message, advice: error.advice ?? advice, exit };
}

/** `name`, `group:name`, `group:*`, `group:` or `all`, as supervisorctl takes them; a bare program name means all its slots. */
export interface NamesRequest {
  readonly names: readonly string[];
}

export interface SignalRequest extends NamesRequest {
  /** `HUP`, `SIGHUP` or `1`. */
  readonly signal: string;
}

/**
 * What start, stop and signal did, in the order of the names asked. A name that selects many (`all`, `web`, `web:*`) gives the
 * slots that were acted on, as supervisord does: `start all` is silent about those that run already. A slot's own name always
 * gives a result.
 */
export interface SlotResult {
  /** `web:0`; or the name as asked, when it is unknown. */
  readonly name: string;
  readonly error?: ErrorBody;
}

/** Stopped first, then started; a client that goes away in between changes nothing. */
export interface RestartReply {
  readonly stopped: readonly SlotResult[];
  readonly started: readonly SlotResult[];
}

export interface StatusReply {
  readonly daemon: DaemonStatus;
  readonly programs: readonly ProgramStatus[];
}

export interface DaemonStatus {
  readonly pid: number;
  readonly version: string;
  readonly node: string;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  /** The config file, or undefined under `portherd serve`. */
  readonly config?: string;
  readonly shuttingDown: boolean;
}

export interface ProgramStatus {
  readonly name: string;
  readonly generation: number;
  /** Number of slots wanted. */
  readonly workers: number;
  readonly bind: 'slot' | 'worker';
  readonly listen: readonly { readonly host: string; readonly port: number }[];
  readonly roll?: RollProgress;
  /** Of event listeners: events that wait for one, and those that were thrown away. */
  readonly events?: { readonly waiting: number; readonly discarded: number };
  readonly slots: readonly SlotStatus[];
}

export interface SlotStatus {
  /** `web:0` */
  readonly name: string;
  readonly slot: number;
  readonly state: StateName;
  readonly statecode: number;
  /** Of the serving (or starting, or stopping) worker. */
  readonly pid?: number;
  readonly uptimeMs?: number;
  readonly generation: number;
  readonly ready: boolean;
  /** Of an event listener: what its conversation is like. */
  readonly listener?: ListenerState;
  /** Of new connections, 0..1; 0 while it is not ready. */
  readonly weight: number;
  /** Processes started in this slot after the first. */
  readonly restarts: number;
  /** Its worker has served nobody for so long; new connections go elsewhere. */
  readonly stalledMs?: number;
  /** The last worker that was given up here as hung: how long ago, and what it was doing. */
  readonly hung?: { readonly agoMs: number; readonly why: string };
  /** Why it is in BACKOFF or FATAL. */
  readonly failure?: string;
  /** Unix ms of the last stop or exit; absent when it never ran. */
  readonly stoppedAt?: number;
  readonly exitCode?: number;
  readonly exitSignal?: string;
  /** Replaced or stopping processes that finish what is open. */
  readonly leaving: readonly { readonly pid: number; readonly step: string }[];
  readonly logs: { readonly stdout: string; readonly stderr: string };
  /** Of the serving process; absent when it is not running or not measured. */
  readonly rssBytes?: number;
  readonly cpuPercent?: number;
}

export interface ConnectionsReply {
  readonly programs: readonly {
    readonly name: string;
    readonly slots: readonly SlotConnections[];
    /** Of the slots that are RUNNING: the most connections ÷ the mean, 1 is even; absent when there are none. */
    readonly skew?: number;
    /** Of all slots together. */
    readonly residual?: number;
  }[];
  /** How old the count is: a costly one is given again for up to a second. */
  readonly ageMs: number;
  /** Why some slots have no `kernel`. */
  readonly incomplete?: string;
}

export interface SlotConnections {
  readonly name: string;
  readonly slot: number;
  readonly state: StateName;
  readonly pid?: number;
  /** From the workers of this slot, leaving ones included; absent for programs without the preload (other than Node). */
  readonly open?: number;
  readonly total?: number;
  readonly requests?: number;
  readonly inFlight?: number;
  /** Of the program's `open`, or of `kernel` where nobody counts: 0..1; absent while there are no connections. */
  readonly share?: number;
  /** The kernel's view: connections on the program's ports that the slot's processes hold. Absent without a process. */
  readonly kernel?: number;
  /** The kernel's view: connections in the accept queues of the listeners that they hold; with bind: worker too. */
  readonly unaccepted?: number;
  /** kernel − open: 0 when quiet. In traffic the two are read some ms apart. */
  readonly residual?: number;
  /** Of the slot's own sockets, summed over its ports; absent with bind: worker. */
  readonly queue?: number;
  readonly backlog?: number;
  readonly drops?: number;
  readonly weight: number;
}

/** Why a slot gets what it gets of the next connections. */
export interface BalanceReply {
  readonly programs: readonly {
    readonly name: string;
    readonly policy: 'connections' | 'load' | 'cpu' | 'hash';
    /** Absent while the program has no socket of its own open. */
    readonly steering?: SteeringReply;
    /** New connections per second, over the last second or so; of those whose workers count. */
    readonly arrivals: number;
    /** Since the last decision, ms; absent before the first. */
    readonly ageMs?: number;
    readonly slots: readonly SlotBalance[];
  }[];
}

/** How the kernel is told: by an eBPF program, a classic one, or not at all. */
export interface SteeringReply {
  readonly by: 'ebpf' | 'cbpf' | 'hash';
  /** Why not by something better: `no CAP_BPF`. */
  readonly why?: string;
}

export interface SlotBalance {
  readonly name: string;
  readonly slot: number;
  readonly state: StateName;
  /** Connections that it probably has: counted, waiting, and steered there since. Absent where nobody counts. */
  readonly open?: number;
  /** What it should have when the connections expected next have come; absent when it gets none. */
  readonly target?: number;
  /** target − open: what it gets of them. Below 0: it has more than its share. */
  readonly deficit?: number;
  /** 0.05 to 1: how much it can take beside an idle one; 1 but for policy load. */
  readonly factor: number;
  readonly lagMs?: number;
  /** Event-loop utilisation, 0..1. */
  readonly elu?: number;
  readonly queue: number;
  /** For how long it has served nobody. */
  readonly stalledMs?: number;
  /** Of new connections, 0..1. */
  readonly weight: number;
  /** In a few words. */
  readonly reason: string;
}

export interface AvailReply {
  readonly programs: readonly {
    readonly name: string;
    readonly inUse: boolean;
    readonly autostart: boolean;
    readonly priority: number;
    readonly workers: number;
  }[];
}

export interface RollProgress {
  readonly program: string;
  readonly generation: number;
  readonly total: number;
  readonly done: number;
  /** Slots being replaced now. */
  readonly active: readonly number[];
  readonly rollingBack: boolean;
}

export interface RollRequest {
  /** None means all. */
  readonly programs: readonly string[];
  /** False: one `progress` line for each program whose roll has begun, then `finished`, at once. */
  readonly wait: boolean;
}

export type RollLine =
  | { readonly t: 'progress'; readonly roll: RollProgress }
  /** `slot` was replaced: `pid` serves now. */
  | {
      readonly t: 'replaced';
      readonly program: string;
      readonly slot: number;
      readonly pid: number;
      readonly tookMs: number;
    }
  | {
      readonly t: 'failed';
      readonly program: string;
      readonly slot: number;
      readonly why: string;
      readonly lastWords: readonly string[];
    }
  | { readonly t: 'rolledBack'; readonly program: string; readonly slots: number }
  | {
      readonly t: 'finished';
      readonly programs: readonly string[];
      readonly tookMs: number;
      readonly error?: ErrorBody;
    };

/** `workers`: the wanted number. `by`: that many more (or, negative, fewer) than wanted now. Exactly one of them. */
export interface ScaleRequest {
  readonly program: string;
  readonly workers?: number;
  readonly by?: number;
}

export interface ScaleReply {
  readonly program: string;
  readonly from: number;
  readonly to: number;
}
