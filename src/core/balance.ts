import type { ProgramConfig } from '../config/schema.ts';
import { beatMs, newsDelayMs } from '../shared/limits.ts';
import {
  type Arrivals,
  expected,
  keptFor,
  noArrivals,
  noteArrivals,
  noteShares,
  stayShare,
  unseen,
} from './arrivals.ts';
import { type Dealt, noteDealt, onTheWay } from './dealt.ts';
import { loadFactor } from './load-factor.ts';
import type { Reading } from './reading.ts';
import { waterLevel } from './water-level.ts';

/** How connections shall be shared out among slots that may get some. Who may is decided in weights.ts. */
export interface Balance {
  /** Per slot, 0..wholeWeight; only their proportions mean anything. In force, or about to be. */
  readonly weights: readonly number[];
  /** Why: per slot what the last reading gave. */
  readonly why: readonly SlotBalance[];
  /** Monotonic ms. */
  readonly decidedAt: number;
  readonly arrivals: Arrivals;
  /** Since when another sharing than the one in force is wanted, by too little to change it at once. */
  readonly differsSince: number | undefined;
  /** Slots that the decision was about. */
  readonly among: readonly number[];
  /** Per slot the drops at the last reading and the smoothed load factor. */
  readonly drops: readonly number[];
  readonly factors: readonly number[];
  /** Per slot, where the kernel counts what it deals. */
  readonly dealt: readonly (Dealt | undefined)[];
}

export interface SlotBalance {
  readonly slot: number;
  readonly reading: Reading;
  /** Connections that it probably has: counted, waiting, and steered there since the count. Absent when nobody counts. */
  readonly held?: number;
  /** What it should have when the connections expected next have come. */
  readonly target?: number;
  /** 0.05..1; 1 but for policy `load`. */
  readonly factor: number;
}

/** Of a slot that has no reason to get more or less than another. */
export const wholeWeight = 1_000;
/** Attached anew only when this share of the next connections would go elsewhere; a smaller change must last. */
const changeMin = 0.05;
const changeMsMax = 1_000;
/** A share of the average share for a slot that is not clearly above the others: its count may be wrong, or just old. */
const trickle = 0.01;
/** A change is told as soon as it may be, and looked at then: that is when the next decision is, whatever the interval. */
const lookMs = 30;
/** Time in which the load factor follows its measure by two thirds, so that it does not swing with every beat. */
const factorMs = 1_000;

export function newBalance(now = 0): Balance {
  const nothing = { weights: [], why: [], among: [], drops: [], factors: [], dealt: [] };
  return { ...nothing, decidedAt: now, arrivals: noArrivals(now), differsSince: undefined };
}

/** `among`: the slots that may get connections. The others keep their readings, for showing. */
export function decideBalance(
  before: Balance,
  readings: readonly Reading[],
  among: readonly number[],
  policy: ProgramConfig['balance']['policy'],
  now: number,
): Balance {
  const arrivals = noteArrivals(before.arrivals, readings, now);
  const factors: number[] = [];
  const drops: number[] = [];
  const dealt = [...before.dealt];
  for (const reading of readings) {
    const exact = policy === 'load' ? loadFactor(reading, before.drops[reading.slot] ?? reading.drops) : 1;
    const last = policy === 'load' ? (before.factors[reading.slot] ?? exact) : exact;
    factors[reading.slot] = last + (exact - last) * (1 - Math.exp((before.decidedAt - now) / factorMs));
    drops[reading.slot] = reading.drops;
    dealt[reading.slot] = noteDealt(before.dealt[reading.slot], reading, now);
  }
  const looked = { ...before, arrivals, factors, drops, dealt, decidedAt: now };
  const chosen = readings.filter(({ slot }) => among.includes(slot));
  const wanted =
    policy === 'cpu' || policy === 'hash' ? evenly(readings) : byDeficit(looked, readings, chosen, before, now);
  const weights = policy === 'connections' && areEven(chosen, dealt) ? [] : wanted.weights;
  const settled = settle(looked, among, weights, now);
  const shares = sharesAmong(settled.weights, among);
  return { ...settled, why: wanted.why, among, arrivals: noteShares(arrivals, shares, now) };
}

/**
 * As even as they can be, or apart by no more than half of what chance would make of as many: what comes at once would be too much of an
 * answer to that. Who deals in turns (eBPF) keeps them so; who draws (classic BPF) does not.
 */
function areEven(chosen: readonly Reading[], dealt: Balance['dealt']): boolean {
  const held = chosen.flatMap(({ slot, open, queue }) => {
    const coming = onTheWay(dealt[slot]);
    return coming === undefined || open === undefined ? [] : [open + Math.max(queue, coming)];
  });
  const mean = held.reduce((sum, one) => sum + one, 0) / held.length;
  return held.length === chosen.length && Math.max(...held) - Math.min(...held) <= Math.max(1, Math.sqrt(mean) / 2);
}

/** Each slot's part of 1 among these. All zero means all the same. */
export function sharesAmong(weights: readonly number[], among: readonly number[]): readonly number[] {
  const all = among.reduce((sum, slot) => sum + (weights[slot] ?? wholeWeight), 0);
  const shares: number[] = [];
  for (const slot of among) shares[slot] = all === 0 ? 1 / among.length : (weights[slot] ?? wholeWeight) / all;
  return shares;
}

interface Wanted {
  readonly weights: readonly number[];
  readonly why: readonly SlotBalance[];
}

function evenly(readings: readonly Reading[]): Wanted {
  const why = readings.map((reading) => ({ slot: reading.slot, reading, ...heldOf(reading), factor: 1 }));
  return { weights: [], why };
}

function heldOf({ open, queue }: Reading): { readonly held?: number } {
  return open === undefined ? {} : { held: open + queue };
}

/** The next connections fill up the emptiest slots, as water would: that is the least that they can be apart afterwards. */
function byDeficit(
  { arrivals, factors, dealt }: Balance,
  readings: readonly Reading[],
  chosen: readonly Reading[],
  before: Balance,
  now: number,
): Wanted {
  const known = chosen.filter(({ open }) => open !== undefined);
  if (known.length === 0) return evenly(readings);
  const meanAgeMs = known.reduce((sum, reading) => sum + ageOf(reading), 0) / known.length;
  const horizonMs = Math.min(lookMs, now - before.decidedAt) + meanAgeMs;
  const amount = expected(arrivals, horizonMs, chosen.length, now) * (known.length / chosen.length);
  const estimates = new Map(
    readings.map((reading) => [reading.slot, estimate(reading, arrivals, dealt[reading.slot], now)]),
  );
  // Of those who are there some will have left when the next have come; not of those who wait.
  const lose = 1 - keptFor(arrivals, horizonMs);
  const leaving = ({ slot, queue }: Reading): number => lose * Math.max(0, (estimates.get(slot) ?? 0) - queue);
  const width = ({ slot }: Reading): number => factors[slot] ?? 1;
  const level = waterLevel(
    known.map((reading) => (estimates.get(reading.slot) ?? 0) - leaving(reading)),
    known.map(width),
    amount,
  );
  const weights: number[] = [];
  let largest = 0;
  for (const reading of known) {
    const held = (estimates.get(reading.slot) ?? 0) - leaving(reading);
    const target = level * width(reading);
    const high = held > target + Math.max(1, target * 0.1);
    const deficit = Math.max(target - held, high ? 0 : (trickle * amount) / known.length);
    weights[reading.slot] = deficit;
    largest = Math.max(largest, deficit);
  }
  // Nobody counts there (another language beside, or a worker that has not dialled yet): the average.
  const average = amount / known.length;
  for (const { slot, open } of chosen) if (open === undefined) weights[slot] = average;
  const scale = wholeWeight / Math.max(largest, known.length < chosen.length ? average : 0);
  const why = readings.map((reading): SlotBalance => {
    const held = estimates.get(reading.slot);
    const target =
      chosen.includes(reading) && held !== undefined ? { target: level * width(reading) + leaving(reading) } : {};
    return { slot: reading.slot, reading, ...(held === undefined ? {} : { held }), ...target, factor: width(reading) };
  });
  return { weights: weights.map((weight) => Math.min(wholeWeight, Math.round(weight * scale))), why };
}

function estimate(reading: Reading, arrivals: Arrivals, dealt: Dealt | undefined, now: number): number | undefined {
  const { slot, open, total, queue } = reading;
  if (open === undefined) return undefined;
  const ageMs = ageOf(reading);
  const kept = open * keptFor(arrivals, ageMs);
  const coming = onTheWay(dealt);
  if (coming !== undefined) return kept + Math.max(queue, coming * stayShare(arrivals, ageMs));
  // What came for certain but is not in `open` yet, or what must have come by now: whichever is more.
  const waiting = Math.max(queue, (arrivals.came[slot]?.count ?? 0) - (total ?? 0));
  return kept + Math.max(waiting, unseen(arrivals, slot, ageMs, now));
}

/** How much time a count may have missed. A worker with news beats as soon as it may: one without a beat by then has none. */
function ageOf({ beatAgeMs = 0 }: Reading): number {
  return beatAgeMs > beatMs.busy + lookMs ? newsDelayMs : beatAgeMs;
}

/** What is in force stays until something else is clearly, or lastingly, better. */
function settle(balance: Balance, among: readonly number[], weights: readonly number[], now: number): Balance {
  const next = { ...balance, weights, differsSince: undefined };
  if (balance.among.join() !== among.join()) return next;
  const change = distance(sharesAmong(balance.weights, among), sharesAmong(weights, among));
  if (change === 0) return { ...balance, differsSince: undefined };
  const since = balance.differsSince ?? now;
  if (change >= changeMin || now - since >= changeMsMax) return next;
  return { ...balance, differsSince: since };
}

/** The share of connections that would go elsewhere, 0..1. */
function distance(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, share, at) => sum + Math.abs(share - (other[at] ?? 0)), 0) / 2;
}
