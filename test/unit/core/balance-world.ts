import { type Balance, decideBalance, newBalance, sharesAmong } from '../../../src/core/balance.ts';
import type { Reading } from '../../../src/core/reading.ts';
import { beatMs, lagSampleMs, newsDelayMs } from '../../../src/shared/limits.ts';
import { Dice } from '../../sim/dice.ts';

/** Connections that arrive, a kernel that picks by weight, workers that count, and readings that are late. No processes. */
export interface Opening {
  readonly seed: number;
  readonly slots: number;
  readonly connections: number;
  /** 0: all at once. */
  readonly overMs: number;
  /** How late a count is: `beats`, as workers tell of changes (at most each 250 ms); or every count is 100 to 350 ms old. */
  readonly counts: 'beats' | 'stale';
  /** How many connections a worker takes from its queue each ms; any number unless given. */
  readonly takes?: number;
  /** The kernel deals in turns, and counts what it deals; else it draws. */
  readonly deals?: true;
  /** None: what the kernel's hash does. */
  readonly steered?: false;
}

export interface Outcome {
  readonly open: readonly number[];
  readonly ratio: number;
  readonly deviation: number;
  /** How often the kernel was told something new. */
  readonly attached: number;
}

/** Connections that come at any moment and live for a time that varies as waiting times do. */
export interface Coming {
  readonly seed: number;
  readonly slots: number;
  readonly perSecond: number;
  /** On average. */
  readonly liveMs: number;
  readonly forMs: number;
  /** None: what the kernel's hash does. */
  readonly steered?: false;
}

const lookEveryMs = 100;
const promptMs = 20;
const beatEveryMs = beatMs.busy;

export function openAll(opening: Opening): Outcome {
  const { slots, connections, overMs, seed, steered } = opening;
  const dice = new Dice(seed);
  const arrivals = Array.from({ length: connections }, () => dice.fraction() * overMs).toSorted((a, b) => a - b);
  const world = new BalanceWorld(opening, dice);
  let next = 0;
  for (let now = 0; now <= overMs + 1_000; now += 1) {
    for (; next < arrivals.length && (arrivals[next] ?? 0) <= now; next += 1) world.connect(now);
    world.take(now);
    if (steered !== false) world.pass(now);
  }
  const { open } = world;
  const mean = connections / slots;
  const deviation = Math.sqrt(open.reduce((sum, count) => sum + (count - mean) ** 2, 0) / slots);
  return { open, ratio: Math.max(...open) / mean, deviation, attached: world.attached };
}

/** The deviation of what is open, over all but the first third of the time. */
export function comeAndGo({ slots, perSecond, liveMs, forMs, seed, steered }: Coming): number {
  const dice = new Dice(seed);
  const world = new BalanceWorld({ slots, counts: 'beats' }, dice);
  let ends: readonly { readonly slot: number; readonly at: number }[] = [];
  let sum = 0;
  let samples = 0;
  for (let now = 0; now <= forMs; now += 1) {
    for (const { slot, at } of ends) if (at <= now) world.disconnect(slot, now);
    ends = ends.filter(({ at }) => at > now);
    if (dice.fraction() < perSecond / 1_000)
      ends = [...ends, { slot: world.connect(now), at: now - Math.log(1 - dice.fraction()) * liveMs }];
    if (steered !== false) world.pass(now);
    if (now < forMs / 3 || now % 50 !== 0) continue;
    const mean = ends.length / slots;
    sum += world.open.reduce((all, count) => all + (count - mean) ** 2, 0) / slots;
    samples += 1;
  }
  return Math.sqrt(sum / samples);
}

class BalanceWorld {
  readonly open: number[];
  attached = 0;
  readonly #dice: Dice;
  readonly #takes: number;
  /** Per slot how many it was dealt, and its place in the turn; undefined: it draws. */
  readonly #dealt: { count: number; due: number }[] | undefined;
  readonly #queues: number[];
  readonly #counts: Opening['counts'];
  /** How many connections came or went so far, by slot: whether there is news. */
  readonly #changes: number[];
  readonly #told: { count: number; changes: number; at: number; next: number; seen: number }[];
  #onTheWay: { slot: number; count: number; changes: number; at: number; due: number }[] = [];
  #balance: Balance = newBalance();
  #shares: readonly number[];
  #nextLook = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor({ slots, counts, takes, deals }: Pick<Opening, 'slots' | 'counts' | 'takes' | 'deals'>, dice: Dice) {
    this.#dealt = deals === true ? Array.from({ length: slots }, () => ({ count: 0, due: 0 })) : undefined;
    this.#takes = takes ?? Number.POSITIVE_INFINITY;
    this.#queues = Array<number>(slots).fill(0);
    this.#dice = dice;
    this.#counts = counts;
    this.open = Array<number>(slots).fill(0);
    this.#shares = this.open.map(() => 1 / slots);
    this.#changes = this.open.map(() => 0);
    this.#told = this.open.map(() => ({ count: 0, changes: 0, at: 0, next: dice.below(beatEveryMs), seen: 0 }));
  }

  /** Answers the slot. */
  connect(now: number): number {
    const chosen = this.#dealt === undefined ? this.#draw() : this.#deal(this.#dealt);
    if (this.#takes === Number.POSITIVE_INFINITY) this.#change(chosen, 1, now);
    else this.#queues[chosen] = (this.#queues[chosen] ?? 0) + 1;
    return chosen;
  }

  #draw(): number {
    let at = this.#dice.fraction();
    const slot = this.#shares.findIndex((share) => (at -= share) < 0);
    return slot < 0 ? this.#shares.findLastIndex((share) => share > 0) : slot;
  }

  /** To whom most is due by now. */
  #deal(dealt: { count: number; due: number }[]): number {
    for (const [slot, one] of dealt.entries()) one.due += this.#shares[slot] ?? 0;
    const chosen = dealt.reduce((most, one, slot) => (one.due > (dealt[most]?.due ?? 0) ? slot : most), 0);
    const next = dealt[chosen];
    if (next !== undefined) Object.assign(next, { count: next.count + 1, due: next.due - 1 });
    return chosen;
  }

  /** The workers take what waits, for a ms. */
  take(now: number): void {
    for (const [slot, queue] of this.#queues.entries()) {
      const taken = Math.min(queue, this.#takes);
      this.#queues[slot] = queue - taken;
      for (let one = 0; one < taken; one += 1) this.#change(slot, 1, now);
    }
  }

  disconnect(slot: number, now: number): void {
    this.#change(slot, -1, now);
  }

  #change(slot: number, by: 1 | -1, now: number): void {
    this.open[slot] = (this.open[slot] ?? 0) + by;
    this.#changes[slot] = (this.#changes[slot] ?? 0) + 1;
    const told = this.#told[slot];
    if (told !== undefined && this.#counts === 'beats')
      told.next = Math.min(told.next, Math.max(now + newsDelayMs, told.at + beatMs.news));
  }

  pass(now: number): void {
    // As hurry() of core/measuring.ts.
    if (this.#beat(now)) this.#nextLook = Math.min(this.#nextLook, Math.max(now, this.#lookedAt + promptMs));
    if (now < this.#nextLook) return;
    this.#decide(now);
  }

  /** Answers whether a count arrived that differs from the one before. */
  #beat(now: number): boolean {
    let news = false;
    for (const [slot, told] of this.#told.entries()) {
      const count = this.open[slot] ?? 0;
      const changes = this.#changes[slot] ?? 0;
      if (this.#counts === 'stale') {
        if (now < told.next) continue;
        told.next = now + beatEveryMs;
        this.#onTheWay.push({ slot, count, changes, at: now, due: now + 100 });
      } else if (now >= told.next) {
        // As worker/pulse.ts does it.
        const since = now - told.at;
        const tellsAfterMs = changes - told.changes <= 4 ? beatMs.news : beatMs.busy;
        const isDue = since >= beatMs.idle || (since >= tellsAfterMs && changes !== told.changes);
        const waitMs = changes === told.changes || isDue ? beatMs.busy : Math.max(newsDelayMs, tellsAfterMs - since);
        told.next = now + (changes === told.seen ? waitMs : Math.min(waitMs, lagSampleMs));
        told.seen = changes;
        news ||= isDue && changes !== told.changes;
        if (isDue) Object.assign(told, { count, changes, at: now });
      }
    }
    for (const { slot, count, changes, at } of this.#onTheWay.filter(({ due }) => due <= now)) {
      const told = this.#told[slot];
      news ||= told?.changes !== changes;
      if (told !== undefined) Object.assign(told, { count, changes, at });
    }
    this.#onTheWay = this.#onTheWay.filter(({ due }) => due > now);
    return news;
  }

  #decide(now: number): void {
    const readings = this.#told.map(({ count, changes, at }, slot): Reading => {
      return {
        slot,
        worker: slot + 1,
        open: count,
        // As many have come more than have gone as are open.
        total: (changes + count) / 2,
        queue: this.#queues[slot] ?? 0,
        ...(this.#dealt === undefined ? {} : { dealt: this.#dealt[slot]?.count ?? 0 }),
        backlog: 4_096,
        drops: 0,
        beatAgeMs: now - at,
      };
    });
    const among = this.open.map((_, slot) => slot);
    this.#balance = decideBalance(this.#balance, readings, among, 'connections', now);
    const shares = sharesAmong(this.#balance.weights, among);
    if (shares.join() !== this.#shares.join()) this.attached += 1;
    this.#shares = shares;
    this.#nextLook = now + lookEveryMs;
    this.#lookedAt = now;
  }
}
