import type { ProgramConfig } from '../config/schema.ts';
import { decideBalance } from './balance.ts';
import { announce, type FleetEffect, type Look, type SlotEffect } from './effects.ts';
import { doubtMs, type Health, isHung, stepHealth, verdictMs } from './health.ts';
import type { Reading } from './reading.ts';
import type { Slot } from './seat.ts';
import { eligible, isReady, type Steered } from './weights.ts';

/** When the slots are looked at, and what follows for their health and balance. */
export interface Measured extends Steered {
  /** When to look next. Means nothing while nobody serves. */
  readonly nextMeasure: number;
}

/** What is only watched for a sign of life, and not steered, is looked at this often at most. */
const lifeMs = 1_000;
/** A look at more slots takes longer; news of a beat then wait, so that this costs no more than the regular looks. */
const promptMs = { least: 20, perSlot: 2 } as const;
/** A look at 128 slots and what follows take 0.8 ms (measured): so that all of it stays below half a percent of a core. */
const perSlotMs = 1.5;
/** One that moves again shall not wait long for clients. */
const stalledMs = 250;
/** A supervisor that has nothing to do shall hardly be noticed: each look wakes a core. */
const quietMs = 2_000;
const quietFactor = 5;
/** When nobody has looked for this long, the supervisor itself was stopped: what did not come meanwhile proves nothing. */
const gapMs = 1_000;

/** When the fleet next wants to be measured, or Infinity. */
export function measureDue({ slots, nextMeasure }: Measured): number {
  return slots.some(isReady) ? nextMeasure : Number.POSITIVE_INFINITY;
}

export function measure(fleet: Measured, config: ProgramConfig, now: number): readonly [number, FleetEffect] {
  const looks = fleet.slots.flatMap((slot) => look(slot));
  return [now + pause(fleet, config, now), { do: 'measure', slots: looks }];
}

/** Counts have changed: look soon instead of at the next turn. Where they do not decide, they only end a quiet time. */
export function hurry(fleet: Measured, config: ProgramConfig, now: number): number {
  if (!canSteer(fleet, config) || fleet.slots.filter(isReady).length < 2) return fleet.nextMeasure;
  const { policy } = config.balance;
  const counts = policy === 'connections' || policy === 'load';
  const prompt = Math.max(promptMs.least, promptMs.perSlot * fleet.slots.length);
  const earliest = fleet.measuredAt + (counts ? prompt : every(fleet, config));
  return Math.min(fleet.nextMeasure, Math.max(now, earliest));
}

export interface Findings {
  readonly change: Pick<Measured, 'balance' | 'health' | 'measuredAt' | 'nextMeasure'>;
  readonly effects: readonly SlotEffect[];
  /** Slots whose workers are given up, and for how long they have shown no sign of life. */
  readonly hung: readonly { readonly slot: number; readonly forMs: number }[];
}

export function take(fleet: Measured, readings: readonly Reading[], config: ProgramConfig, now: number): Findings {
  const gapped = now - fleet.measuredAt > gapMs + quietFactor * every(fleet, config);
  const health: (Health | undefined)[] = [];
  const effects: SlotEffect[] = [];
  for (const reading of readings) {
    const { slot, worker, queue } = reading;
    const before = fleet.health[slot];
    const after = stepHealth(before, reading, gapped, now);
    health[slot] = after;
    if (after.is === 'suspected' && before?.is === 'well') effects.push({ do: 'ask', worker });
    if (after.is === 'stalled' && before?.is !== 'stalled')
      effects.push(announce({ event: 'stalled', slot, worker, queue }));
    if (before?.is === 'stalled' && after.is === 'well' && before.worker === worker) {
      const stalledMs = Math.round((before.movingSince ?? now) - before.from);
      effects.push(announce({ event: 'recovered', slot, worker, stalledMs }));
    }
  }
  const { hungAfter } = config.health;
  const hung = health.flatMap((one, slot) =>
    one?.is === 'stalled' && hungAfter !== 'never' && isHung(one, hungAfter, now)
      ? [{ slot, forMs: Math.round(now - one.since) }]
      : [],
  );
  const among = eligible({ ...fleet, health, measuredAt: now });
  // Weights that nobody is told of would only be shown, and shown wrongly.
  const policy = canSteer(fleet, config) ? config.balance.policy : 'hash';
  const balance = decideBalance(fleet.balance, readings, among, policy, now);
  const soon = now + Math.min(troubleMs(health, now), pause({ ...fleet, balance, health }, config, now));
  const nextMeasure = Math.min(fleet.nextMeasure, soon);
  return { change: { balance, health, measuredAt: now, nextMeasure }, effects, hung };
}

/** Who is in doubt is looked at more closely, also when the regular looks are far apart. */
function troubleMs(health: readonly (Health | undefined)[], now: number): number {
  const suspected = health.flatMap((one) => (one?.is === 'suspected' ? [now - one.since] : []));
  if (suspected.length > 0) return Math.min(...suspected.map(nextLookMs));
  return health.some((one) => one?.is === 'stalled') ? stalledMs : Number.POSITIVE_INFINITY;
}

/** When it becomes doubtful, then when it is judged; one that cannot be asked is given more time, and looked at as often. */
function nextLookMs(suspectedMs: number): number {
  if (suspectedMs < doubtMs) return doubtMs - suspectedMs;
  return suspectedMs < verdictMs ? verdictMs - suspectedMs : verdictMs;
}

function pause(fleet: Measured, config: ProgramConfig, now: number): number {
  return every(fleet, config) * (isQuiet(fleet, now) ? quietFactor : 1);
}

/** Nobody has come for a while, nobody waits, everybody is well: the first beat that tells of somebody ends this at once. */
function isQuiet({ balance, health }: Measured, now: number): boolean {
  const silent = now - balance.arrivals.lastAt >= quietMs;
  const idle = balance.why.every(({ reading }) => reading.total !== undefined && reading.queue === 0);
  return silent && idle && balance.why.length > 0 && health.every((one) => one === undefined || one.is === 'well');
}

function every(fleet: Measured, config: ProgramConfig): number {
  const interval = Math.max(config.balance.interval, perSlotMs * fleet.slots.length);
  return canSteer(fleet, config) ? interval : Math.max(interval, lifeMs);
}

/** Else there is nothing to choose, or the kernel's hash does. */
export function canSteer({ slots }: Pick<Measured, 'slots'>, { bind, listen, steering }: ProgramConfig): boolean {
  return steering !== 'off' && bind === 'slot' && slots.length > 1 && listen.length > 0;
}

function look({ index, seat }: Slot): readonly Look[] {
  if (seat.is !== 'RUNNING') return [];
  const beside = seat.replacement?.is === 'soaking' ? [seat.replacement.worker.id] : [];
  return [{ slot: index, worker: seat.worker.id, beside }];
}
