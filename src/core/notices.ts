/**
 * What to tell systemd, and when (sd_notify(3)): a pure step from what was told to what is to be told now.
 *
 *   STARTING ──every autostart program came──▶ READY ◀──over── RELOADING
 *       │                                        │  ──reloading──▶ │
 *       └────────────────stopping────────────────┴──▶ STOPPING ◀───┘
 *
 * STATUS changes at most once a second. What takes long asks for more time again and again, as long as it goes on and no
 * longer than its bound: so a supervisor that hangs asks for none, and a worker that cannot be killed gets no eternity.
 */
export interface Notices {
  readonly is: 'STARTING' | 'READY' | 'RELOADING' | 'STOPPING';
  /** When that began, monotonic ms. */
  readonly since: number;
  readonly status: string;
  readonly statusAt: number;
  /** When time was asked for last. */
  readonly extendedAt: number;
}

export interface Situation {
  readonly phase: 'running' | 'reloading' | 'stopping';
  readonly programs: readonly ProgramSituation[];
  /** How long starting, reloading and stopping everything may take by the config, ms. */
  readonly bounds: Bounds;
}

export interface Bounds {
  readonly startMs: number;
  readonly reloadMs: number;
  readonly stopMs: number;
}

export interface ProgramSituation {
  readonly name: string;
  readonly autostart: boolean;
  readonly wanted: number;
  /** Slots whose worker is ready; that may still get there by themselves; that are FATAL. */
  readonly ready: number;
  readonly coming: number;
  readonly fatal: number;
  /** Workers that are still there on their way out. */
  readonly leaving: number;
  /** Open ones; undefined when no worker tells. */
  readonly connections: number | undefined;
  readonly roll: { readonly done: number; readonly total: number } | undefined;
}

/** One datagram's lines. RELOADING=1 still lacks its MONOTONIC_USEC, which is the sender's. */
export type Message = readonly string[];

export function newNotices(now: number): Notices {
  return { is: 'STARTING', since: now, status: '', statusAt: -Infinity, extendedAt: -Infinity };
}

export function noticesFor(told: Notices, situation: Situation, now: number): readonly [Notices, ...Message[]] {
  const [next, ...news] = advance(told, situation, now);
  const [extended, ...more] = extend(next, situation.bounds, now);
  const text = statusText(situation);
  // A change of state shows at once; a change of numbers may wait.
  const due = text !== extended.status && (news.length > 0 || now - extended.statusAt >= statusMsMin);
  if (!due) return [extended, ...news.map((line) => [line]), ...more];
  const status = `STATUS=${text}`;
  const messages = news.length > 0 ? news.map((line) => [line, status]) : [[status]];
  return [{ ...extended, status: text, statusAt: now }, ...messages, ...more];
}

/** `web 4/4 ready, 1532 connections; api 1/2 ready, 1 FATAL` */
export function statusText({ phase, programs }: Situation): string {
  const prefix = phase === 'running' ? '' : `${phase}: `;
  const shown = programs.slice(0, programsShownMax).map((program) => describe(program, phase === 'stopping'));
  const more = programs.length - shown.length;
  return `${prefix}${[...shown, ...(more > 0 ? [`${more} more`] : [])].join('; ')}`;
}

/** systemctl status shows one line. */
const programsShownMax = 8;
const statusMsMin = 1_000;
/** Asked for each time, and how often: four late ones in a row may be missed. */
const extensionMs = 20_000;
const extendEveryMs = 4_000;

function advance(told: Notices, { phase, programs }: Situation, now: number): readonly [Notices, ...string[]] {
  const become = (is: Notices['is'], line: string): readonly [Notices, string] => [
    { ...told, is, since: now, extendedAt: -Infinity },
    line,
  ];
  if (told.is === 'STOPPING') return [told];
  if (phase === 'stopping') return become('STOPPING', 'STOPPING=1');
  switch (told.is) {
    case 'STARTING':
      return programs.some(({ autostart, coming }) => autostart && coming > 0) ? [told] : become('READY', 'READY=1');
    case 'READY':
      return phase === 'reloading' ? become('RELOADING', 'RELOADING=1') : [told];
    case 'RELOADING':
      return phase === 'reloading' ? [told] : become('READY', 'READY=1');
  }
}

function extend(told: Notices, bounds: Bounds, now: number): readonly [Notices, ...Message[]] {
  if (told.is === 'READY') return [told];
  const bound = { STARTING: bounds.startMs, RELOADING: bounds.reloadMs, STOPPING: bounds.stopMs }[told.is];
  if (now - told.since > bound || now - told.extendedAt < extendEveryMs) return [told];
  return [{ ...told, extendedAt: now }, [`EXTEND_TIMEOUT_USEC=${extensionMs * 1_000}`]];
}

function describe(program: ProgramSituation, stopping: boolean): string {
  const { name, wanted, ready, coming, fatal, leaving, connections, roll } = program;
  const open = connections === undefined ? [] : [`${connections} connection${connections === 1 ? '' : 's'}`];
  if (stopping) {
    const left = ready + coming + leaving;
    return left === 0 ? `${name} stopped` : `${name} ${[`${left} left`, ...open].join(', ')}`;
  }
  if (ready + coming + fatal === 0) return `${name} stopped`;
  const parts = [
    `${ready}/${wanted} ready`,
    ...(fatal > 0 ? [`${fatal} FATAL`] : []),
    ...(roll === undefined ? [] : [`rolling ${roll.done}/${roll.total}`]),
    ...open,
  ];
  return `${name} ${parts.join(', ')}`;
}
