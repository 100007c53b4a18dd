import type { ProgramConfig } from '../config/schema.ts';
import { type Balance, sharesAmong, wholeWeight } from './balance.ts';
import type { SteerBy } from './effects.ts';
import { type Health, isDoubtful, isStalled } from './health.ts';
import { type Mechanism, mechanismsOf } from './mechanism.ts';
import type { Slot } from './seat.ts';

/** What of a fleet decides who gets the next connection. */
export interface Steered {
  readonly slots: readonly Slot[];
  /** Slots at this index and above are being scaled away. */
  readonly wanted: number;
  readonly balance: Balance;
  readonly health: readonly (Health | undefined)[];
  /** Monotonic ms of the last readings. */
  readonly measuredAt: number;
  /** What is wrong with the order of the kernel’s group, if anything; see group-order.ts. */
  readonly distrust?: string | undefined;
}

/** What the kernel shall be told. */
export interface Steering {
  readonly weights: readonly number[];
  readonly by: SteerBy;
  readonly mechanisms: readonly Mechanism[];
}

export function steeringOf(fleet: Steered, { balance, steering }: ProgramConfig): Steering {
  const { policy } = balance;
  const by = policy === 'cpu' || policy === 'hash' ? policy : 'weight';
  return { weights: weightsOf(fleet), by, mechanisms: mechanismsOf(steering, fleet.distrust === undefined) };
}

export function isSameSteering(one: Steering, other: Steering | undefined): boolean {
  const same = one.by === other?.by && one.weights.join() === other.weights.join();
  return same && one.mechanisms.join() === other.mechanisms.join();
}

/**
 * The share of new connections that each slot should get: what the balance says among those that may get any, 0 for one that
 * is starting, stopping, crashed, stopped or stalled. Never all zero while one is ready.
 */
export function weightsOf(fleet: Steered): readonly number[] {
  const among = eligible(fleet);
  const decided = among.some((index) => fleet.slots[index]?.seat.is === 'RUNNING') ? fleet.balance : undefined;
  const weights = fleet.slots.map(({ index }) => (among.includes(index) ? weightIn(decided, index) : 0));
  return weights.some((weight) => weight > 0)
    ? weights
    : fleet.slots.map(({ index }) => (among.includes(index) ? wholeWeight : 0));
}

/** A slot that has become ready since the last decision gets the average until the next. */
function weightIn(balance: Balance | undefined, slot: number): number {
  if (balance === undefined || balance.among.length === 0) return wholeWeight;
  if (balance.among.includes(slot)) return balance.weights[slot] ?? wholeWeight;
  const all = balance.among.reduce((sum, one) => sum + (balance.weights[one] ?? wholeWeight), 0);
  return Math.max(1, Math.round(all / balance.among.length));
}

/** As parts of 1, by slot. */
export function sharesOf(fleet: Steered): readonly number[] {
  const shares = sharesAmong(weightsOf(fleet), eligible(fleet));
  return fleet.slots.map(({ index }) => shares[index] ?? 0);
}

/**
 * Slots that may get connections. While nobody is ready, what comes waits with those who will serve next, so that nothing is
 * stranded in the queue of a slot that was stopped by hand. While every ready one is stalled, none is worse than the others.
 * One that is being scaled away gets none, unless it is the last that serves.
 */
export function eligible(fleet: Omit<Steered, 'balance'>): readonly number[] {
  const { slots, wanted, health, measuredAt } = fleet;
  const staying = slots.slice(0, wanted).some(willServe) ? slots.slice(0, wanted) : slots;
  const ready = staying.filter(isReady);
  const moving = ready.filter(({ index }) => !isStalled(health[index]));
  const sure = moving.filter(({ index }) => !isDoubtful(health[index], measuredAt));
  // A few that do not answer are avoided before the verdict: to be wrong costs nothing. When many do not, the machine is slow.
  if (sure.length * 2 >= moving.length && sure.length > 0) return sure.map(({ index }) => index);
  const chosen = moving.length > 0 ? moving : ready.length > 0 ? ready : staying.filter(isComing);
  return chosen.map(({ index }) => index);
}

/** A worker serves here and is not on its way out. */
export function isReady({ seat }: Slot): boolean {
  return seat.is === 'RUNNING';
}

/** Traffic can go here, now or soon. */
export function willServe(slot: Slot): boolean {
  return isReady(slot) || isComing(slot);
}

/** Somebody will serve here without being asked to. */
export function isComing({ seat }: Slot): boolean {
  return seat.is === 'STARTING' || seat.is === 'BACKOFF' || (seat.is === 'STOPPING' && seat.after !== 'STOPPED');
}
