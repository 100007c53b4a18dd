/** Counts what may happen by the thousand, so that the log has a line at once and then one each `everyMs` at most. */
export class Tally {
  readonly #everyMs: number;
  #count = 0;
  #toldAt = -Infinity;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  add(count: number): void {
    this.#count += count;
  }

  /** How many to tell of now; 0 for none. */
  take(now: number): number {
    if (this.#count === 0 || now - this.#toldAt < this.#everyMs) return 0;
    const count = this.#count;
    this.#count = 0;
    this.#toldAt = now;
    return count;
  }
}
