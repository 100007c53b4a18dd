/**
 * Latencies in a fixed number of buckets: 32 to each doubling, so a percentile is right to about 2 %, however many
 * there are. From 1 µs to about 70 s; longer ones count as the longest.
 */
const perDoubling = 32;
const doublings = 26;

export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export class LatencyHistogram {
  readonly #buckets = new Uint32Array(perDoubling * doublings);
  #count = 0;
  #maxMs = 0;

  record(ms: number): void {
    const at = Math.floor(Math.log2(Math.max(ms * 1_000, 1)) * perDoubling);
    const bucket = Math.min(at, this.#buckets.length - 1);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  summary(): Latency {
    return { count: this.#count, p50Ms: this.#quantile(0.5), p99Ms: this.#quantile(0.99), maxMs: this.#maxMs };
  }

  /** Upper edge of the bucket that holds the quantile, but never more than the longest seen; 0 when there is none. */
  #quantile(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (const [bucket, count] of this.#buckets.entries()) {
      left -= count;
      if (left <= 0) return Math.min(2 ** ((bucket + 1) / perDoubling) / 1_000, this.#maxMs);
    }
    return this.#maxMs;
  }
}
