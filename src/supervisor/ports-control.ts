import type {
  AvailReply,
  BalanceReply,
  ConnectionsReply,
  NamesRequest,
  RestartReply,
  RollLine,
  RollRequest,
  ScaleReply,
  ScaleRequest,
  SignalRequest,
  SlotResult,
  StatusReply,
} from '../protocol/control.ts';
import type { CurlLine, CurlRequest } from '../protocol/control-curl.ts';
import type { ReloadReply } from '../protocol/control-reload.ts';
import type {
  ProgramResult,
  ProgramsRequest,
  RereadReply,
  UpdateLine,
  UpdateRequest,
} from '../protocol/control-update.ts';
import type { StdinReply, StdinRequest } from '../protocol/control-stdin.ts';
import type { RebalanceLine, RebalanceRequest } from '../protocol/control-rebalance.ts';
import type { Result } from '../shared/result.ts';

/** What the control socket's requests end in. Arguments are parsed, answers are the protocol's. */
export interface Control {
  status(detail: boolean): Promise<StatusReply>;
  connections(): Promise<ConnectionsReply>;
  balance(): BalanceReply;
  avail(): Result<AvailReply>;
  start(request: NamesRequest): Promise<Result<readonly SlotResult[]>>;
  stop(request: NamesRequest): Promise<Result<readonly SlotResult[]>>;
  restart(request: NamesRequest): Promise<Result<RestartReply>>;
  signal(request: SignalRequest): Result<readonly SlotResult[]>;
  stdin(request: StdinRequest): Promise<Result<StdinReply>>;
  /** Tells line by line, the last one is `finished`; an error means that nothing was begun. */
  roll(request: RollRequest, tell: (line: RollLine) => void): Promise<Result<undefined>>;
  scale(request: ScaleRequest): Promise<Result<ScaleReply>>;
  /** Tells line by line, the last one is `finished`; an error means that nothing was begun. */
  rebalance(request: RebalanceRequest, tell: (line: RebalanceLine) => void): Promise<Result<undefined>>;
  reread(): Result<RereadReply>;
  /** Tells line by line, the last one is `done`; an error means that nothing was begun. */
  update(request: UpdateRequest, tell: (line: UpdateLine) => void): Promise<Result<undefined>>;
  /** A program of the config file comes into operation, or a stopped one leaves it. */
  add(request: ProgramsRequest): Result<readonly ProgramResult[]>;
  remove(request: ProgramsRequest): Result<readonly ProgramResult[]>;
  /** Tells line by line, the last one is `finished`; an error means that no head was told. */
  curl(request: CurlRequest, tell: (line: CurlLine) => Promise<void>, abort: AbortSignal): Promise<Result<undefined>>;
  shutdown(): Result<{ readonly pid: number }>;
  /** The process replaces itself, with new code and the config as it is then; workers and clients stay. */
  reload(): Promise<Result<ReloadReply>>;
}
