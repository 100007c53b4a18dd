import type { Context } from './context.ts';
import { announce, type SlotEffect } from './effects.ts';
import type { SlotEvent } from './events.ts';
import type { Worker } from './worker.ts';

/** A process that has not proved yet that it can serve. A time-out is a failure, never a success. */
export interface Starting {
  readonly worker: Worker;
  readonly deadline: number;
  /** Declared ports that it listens on, as the channel told. */
  readonly ports: readonly number[];
  /** When to ask from outside; Infinity while a probe is under way. */
  readonly nextProbe: number;
  /** The last probe's answer, shown when time runs out. */
  readonly doubt: string;
}

export type StartingStep =
  | { readonly is: 'starting'; readonly starting: Starting; readonly effects: readonly SlotEffect[] }
  | { readonly is: 'ready'; readonly worker: Worker; readonly effects: readonly SlotEffect[] }
  | { readonly is: 'failed'; readonly worker: Worker; readonly why: string };

const probeEveryMs = 100;
const probeTimeoutMs = 5_000;
/** A probe gives up this long before the worker's time is up, so that its answer is there to be told. */
const probeMarginMs = 50;
/** A program without ports is ready when it has lived this long, as supervisord's startsecs. */
const aliveMs = 1_000;

export function beginStarting(slot: number, generation: number, ctx: Context): readonly [Starting, SlotEffect] {
  const worker = { id: ctx.worker, generation, startedAt: ctx.now, pid: undefined, attached: false };
  const deadline = ctx.now + ctx.readinessOf(generation).timeout;
  const nextProbe = ctx.now + (hasPorts(ctx) ? probeEveryMs : aliveMs);
  return [
    { worker, deadline, ports: [], nextProbe, doubt: '' },
    { do: 'spawn', slot, worker: worker.id, generation },
  ];
}

export function stepStarting(starting: Starting, slot: number, event: SlotEvent, ctx: Context): StartingStep {
  const { worker } = starting;
  const readiness = ctx.readinessOf(worker.generation);
  const stay = (change: Partial<Starting>, ...effects: SlotEffect[]): StartingStep => {
    return { is: 'starting', starting: { ...starting, ...change }, effects };
  };
  switch (event.is) {
    case 'spawned': {
      const { id, generation } = worker;
      const fact = announce({ event: 'spawned', slot, worker: id, pid: event.pid, generation });
      return stay({ worker: { ...worker, pid: event.pid } }, fact);
    }
    case 'attached':
      return stay({ worker: { ...worker, attached: true }, doubt: '' });
    case 'listening': {
      if (!event.adopted)
        return stay({ doubt: `it opened port ${event.port} by itself instead of using the slot's socket` });
      const ports = starting.ports.includes(event.port) ? starting.ports : [...starting.ports, event.port];
      const backlog: SlotEffect = { do: 'restoreBacklog', slot };
      const done = readiness.type === 'listening' && covers(ports, ctx);
      return done ? { is: 'ready', worker, effects: [backlog] } : stay({ ports }, backlog);
    }
    case 'saidReady':
      return readiness.type === 'message' ? { is: 'ready', worker, effects: [] } : stay({});
    case 'probed':
      if (event.passed) return { is: 'ready', worker, effects: [{ do: 'restoreBacklog', slot }] };
      // A worker on the channel says itself when it listens; of one that does not, a probe knows only that nobody accepts.
      return stay({
        nextProbe: ctx.now + probeEveryMs,
        doubt: worker.attached && !covers(starting.ports, ctx) ? starting.doubt : event.why,
      });
    case 'tick':
      return tick(starting, slot, ctx);
    default:
      return stay({});
  }
}

/** When it next wants a tick. */
export function startingDue(starting: Starting): number {
  return Math.min(starting.deadline, starting.nextProbe);
}

function tick(starting: Starting, slot: number, ctx: Context): StartingStep {
  const { worker } = starting;
  if (ctx.now >= starting.deadline) return { is: 'failed', worker, why: late(starting, ctx) };
  const stay = { is: 'starting', starting, effects: [] } as const;
  if (ctx.now < starting.nextProbe || worker.pid === undefined) return stay;
  const { type } = ctx.readinessOf(worker.generation);
  if (!hasPorts(ctx) && type === 'listening') return { is: 'ready', worker, effects: [] };
  const asleep = { ...stay, starting: { ...starting, nextProbe: ctx.now + probeEveryMs } };
  if (type === 'message') return { ...asleep, starting: { ...starting, nextProbe: starting.deadline } };
  // A worker on the channel tells when it listens; asking before would only wait in the queue.
  if (worker.attached && (type === 'listening' || !covers(starting.ports, ctx))) return asleep;
  const want = type === 'http' ? 'http' : 'accept';
  const timeoutMs = Math.max(1, Math.min(probeTimeoutMs, starting.deadline - ctx.now - probeMarginMs));
  const probe: SlotEffect = { do: 'probe', slot, worker: worker.id, want, timeoutMs };
  return { ...stay, starting: { ...starting, nextProbe: Number.POSITIVE_INFINITY }, effects: [probe] };
}

function late(starting: Starting, ctx: Context): string {
  const { timeout, type, path } = ctx.readinessOf(starting.worker.generation);
  const within = `not ready within ${timeout / 1000} s`;
  if (starting.doubt !== '') return `${within}: ${starting.doubt}`;
  if (type === 'message') return `${within}: it did not send 'ready'`;
  const missing = ctx.config.listen.filter(({ port }) => !starting.ports.includes(port)).map(({ port }) => port);
  return missing.length > 0
    ? `${within}: nothing listens on port ${missing.join(', ')}`
    : `${within}: no answer on ${path}`;
}

function hasPorts(ctx: Context): boolean {
  return ctx.config.listen.length > 0;
}

function covers(ports: readonly number[], ctx: Context): boolean {
  return ctx.config.listen.every(({ port }) => ports.includes(port));
}
