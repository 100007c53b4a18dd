import type * as control from '../protocol/control.ts';
import type { CurlLine } from '../protocol/control-curl.ts';
import type { ReloadReply } from '../protocol/control-reload.ts';
import type { StdinReply } from '../protocol/control-stdin.ts';
import type { RebalanceLine, RebalanceProgress } from '../protocol/control-rebalance.ts';
import { stateCodes } from '../shared/states.ts';
import { fields, flag, list, number, oneOf, optional, type Shape, tagged, text } from './fits.ts';

/** The shapes of protocol/control.ts. A reply that fits may be trusted. */

const state = oneOf(Object.keys(stateCodes));

/** `code` may be a newer daemon's; `exit` and the texts are what counts. */
export const errorBody = fields<control.ErrorBody>({ code: text, message: text, advice: text, exit: number });

const slotStatus = fields<control.SlotStatus>({
  name: text,
  slot: number,
  state,
  statecode: number,
  pid: optional(number),
  uptimeMs: optional(number),
  generation: number,
  ready: flag,
  listener: optional(text),
  weight: number,
  restarts: number,
  stalledMs: optional(number),
  hung: optional(fields<{ agoMs: number; why: string }>({ agoMs: number, why: text })),
  failure: optional(text),
  stoppedAt: optional(number),
  exitCode: optional(number),
  exitSignal: optional(text),
  leaving: list(fields<control.SlotStatus['leaving'][number]>({ pid: number, step: text })),
  logs: fields<control.SlotStatus['logs']>({ stdout: text, stderr: text }),
  rssBytes: optional(number),
  cpuPercent: optional(number),
});

const rollProgress = fields<control.RollProgress>({
  program: text,
  generation: number,
  total: number,
  done: number,
  active: list(number),
  rollingBack: flag,
});

const programStatus = fields<control.ProgramStatus>({
  name: text,
  generation: number,
  workers: number,
  bind: oneOf(['slot', 'worker']),
  listen: list(fields<control.ProgramStatus['listen'][number]>({ host: text, port: number })),
  roll: optional(rollProgress),
  events: optional(fields<NonNullable<control.ProgramStatus['events']>>({ waiting: number, discarded: number })),
  slots: list(slotStatus),
});

const daemonStatus = fields<control.DaemonStatus>({
  pid: number,
  version: text,
  node: text,
  uptimeMs: number,
  rssBytes: number,
  config: optional(text),
  shuttingDown: flag,
});

const slotConnections = fields<control.SlotConnections>({
  name: text,
  slot: number,
  state,
  pid: optional(number),
  open: optional(number),
  total: optional(number),
  requests: optional(number),
  inFlight: optional(number),
  share: optional(number),
  kernel: optional(number),
  unaccepted: optional(number),
  residual: optional(number),
  queue: optional(number),
  backlog: optional(number),
  drops: optional(number),
  weight: number,
});

/** What a roll tells; an update too. */
export const rollLines = {
  progress: fields<Line<'progress'>>({ t: text, roll: rollProgress }),
  replaced: fields<Line<'replaced'>>({ t: text, program: text, slot: number, pid: number, tookMs: number }),
  failed: fields<Line<'failed'>>({ t: text, program: text, slot: number, why: text, lastWords: list(text) }),
  rolledBack: fields<Line<'rolledBack'>>({ t: text, program: text, slots: number }),
  finished: fields<Line<'finished'>>({ t: text, programs: list(text), tookMs: number, error: optional(errorBody) }),
};

type Line<Tag extends string> = Extract<control.RollLine, { t: Tag }>;

export const refusalReply = fields<{ readonly error: control.ErrorBody }>({ error: errorBody });

export const statusReply = fields<control.StatusReply>({ daemon: daemonStatus, programs: list(programStatus) });

export const connectionsReply = fields<control.ConnectionsReply>({
  programs: list(
    fields<control.ConnectionsReply['programs'][number]>({
      name: text,
      slots: list(slotConnections),
      skew: optional(number),
      residual: optional(number),
    }),
  ),
  ageMs: number,
  incomplete: optional(text),
});

const slotBalance = fields<control.SlotBalance>({
  name: text,
  slot: number,
  state,
  open: optional(number),
  target: optional(number),
  deficit: optional(number),
  factor: number,
  lagMs: optional(number),
  elu: optional(number),
  queue: number,
  stalledMs: optional(number),
  weight: number,
  reason: text,
});

export const balanceReply = fields<control.BalanceReply>({
  programs: list(
    fields<control.BalanceReply['programs'][number]>({
      name: text,
      policy: text,
      steering: optional(fields<control.SteeringReply>({ by: text, why: optional(text) })),
      arrivals: number,
      ageMs: optional(number),
      slots: list(slotBalance),
    }),
  ),
});

export const availReply = fields<control.AvailReply>({
  programs: list(
    fields<control.AvailReply['programs'][number]>({
      name: text,
      inUse: flag,
      autostart: flag,
      priority: number,
      workers: number,
    }),
  ),
});

export const slotResultsReply = list(fields<control.SlotResult>({ name: text, error: optional(errorBody) }));

export const restartReply = fields<control.RestartReply>({ stopped: slotResultsReply, started: slotResultsReply });

export const scaleReply = fields<control.ScaleReply>({ program: text, from: number, to: number });

export const stdinReply = fields<StdinReply>({ pid: number });

export const reloadReply = fields<ReloadReply>({ pid: number, version: text, uptimeMs: number });

export const shutdownReply = fields<{ readonly pid: number }>({ pid: number });

export const rollLine: Shape<control.RollLine> = tagged(rollLines);

const rebalanced = fields<RebalanceProgress>({
  program: text,
  workers: number,
  skewBefore: number,
  skew: number,
  left: number,
  asked: number,
  tookMs: number,
});

export const rebalanceLine: Shape<RebalanceLine> = tagged({
  progress: fields<{ t: string; rebalance: unknown }>({ t: text, rebalance: rebalanced }),
  balanced: fields<{ t: string; rebalance: unknown }>({ t: text, rebalance: rebalanced }),
  unbalanced: fields<{ t: string; rebalance: unknown; why: string }>({ t: text, rebalance: rebalanced, why: text }),
  finished: rollLines.finished,
});

const headers = list(list(text));

export const curlLine: Shape<CurlLine> = tagged({
  head: fields<Extract<CurlLine, { t: 'head' }>>({
    t: text,
    pid: number,
    address: text,
    port: number,
    httpVersion: text,
    status: number,
    reason: text,
    headers,
    attempts: number,
  }),
  body: fields<Extract<CurlLine, { t: 'body' }>>({ t: text, base64: text }),
  finished: fields<Extract<CurlLine, { t: 'finished' }>>({
    t: text,
    bytes: number,
    tookMs: number,
    error: optional(errorBody),
  }),
});
