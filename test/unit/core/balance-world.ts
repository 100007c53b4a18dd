import { type Balance, decideBalance, newBalance, sharesAmong } from '../../../src/core/balance.ts';
import type { Reading } from '../../../src/core/reading.ts';
import { beatMs, lagSampleMs } from '../../../src/shared/limits.ts';
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

const lookEveryMs = 100;
const promptMs = 20;
const beatEveryMs = beatMs.busy;

export function openAll(opening: Opening): Outcome {
  const { slots, connections, overMs, seed, steered } = opening;
  const dice = new Dice(seed);
  const arrivals = Array.from({ length: connections }, () => dice.fraction() * overMs).toSorted((a, b) => a - b);
  const world = new BalanceWorld(opening, dice);
  let next = 0;
  for (let now = 0; now <= overMs + 500; now += 1) {
    for (; next < arrivals.length && (arrivals[next] ?? 0) <= now; next += 1) world.connect(now);
    if (steered !== false) world.pass(now);
  }
  const { open } = world;
  const mean = connections / slots;
  const deviation = Math.sqrt(open.reduce((sum, count) => sum + (count - mean) ** 2, 0) / slots);
  return { open, ratio: Math.max(...open) / mean, deviation, attached: world.attached };
}

class BalanceWorld {
  readonly open: number[];
  attached = 0;
  readonly #dice: Dice;
  readonly #counts: Opening['counts'];
  readonly #told: { count: number; at: number; next: number; seen: number }[];
  #onTheWay: { slot: number; count: number; at: number; due: number }[] = [];
  #balance: Balance = newBalance();
  #shares: readonly number[];
  #nextLook = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor({ slots, counts }: Opening, dice: Dice) {
    this.#dice = dice;
    this.#counts = counts;
    this.open = Array<number>(slots).fill(0);
    this.#shares = this.open.map(() => 1 / slots);
    this.#told = this.open.map(() => ({ count: 0, at: 0, next: dice.below(beatEveryMs), seen: 0 }));
  }

  connect(now: number): void {
    let at = this.#dice.fraction();
    const slot = this.#shares.findIndex((share) => (at -= share) < 0);
    const chosen = slot < 0 ? this.#shares.findLastIndex((share) => share > 0) : slot;
    this.open[chosen] = (this.open[chosen] ?? 0) + 1;
    const told = this.#told[chosen];
    if (told !== undefined && this.#counts === 'beats') told.next = Math.min(told.next, now + lagSampleMs);
  }

  pass(now: number): void {
    const news = this.#beat(now);
    const prompt = news && now - this.#lookedAt >= promptMs;
    if (now < this.#nextLook && !prompt) return;
    this.#decide(now);
  }

  /** Answers whether a count arrived that differs from the one before. */
  #beat(now: number): boolean {
    let news = false;
    for (const [slot, told] of this.#told.entries()) {
      const count = this.open[slot] ?? 0;
      if (this.#counts === 'stale') {
        if (now < told.next) continue;
        told.next = now + beatEveryMs;
        this.#onTheWay.push({ slot, count, at: now, due: now + 100 });
      } else if (now >= told.next) {
        // As worker/pulse.ts does it.
        const since = now - told.at;
        const isDue = since >= beatMs.idle || (since >= beatMs.busy && count !== told.count);
        const waitMs = count === told.count || isDue ? beatMs.busy : Math.max(lagSampleMs, beatMs.busy - since);
        told.next = now + (count === told.seen ? waitMs : lagSampleMs);
        told.seen = count;
        news ||= isDue && count !== told.count;
        if (isDue) Object.assign(told, { count, at: now });
      }
    }
    for (const { slot, count, at } of this.#onTheWay.filter(({ due }) => due <= now)) {
      const told = this.#told[slot];
      news ||= told?.count !== count;
      if (told !== undefined) Object.assign(told, { count, at });
    }
    this.#onTheWay = this.#onTheWay.filter(({ due }) => due > now);
    return news;
  }

  #decide(now: number): void {
    const readings = this.#told.map(({ count, at }, slot): Reading => {
      return {
        slot,
        worker: slot + 1,
        open: count,
        total: count,
        queue: 0,
        backlog: 511,
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
