/** A seeded generator: the same numbers, 0..1, on every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** At least one of them above 0, some 0. */
export function randomWeights(random: () => number, length: number): readonly number[] {
  const weights = Array.from({ length }, () => (random() < 0.3 ? 0 : Math.ceil(random() * 1000)));
  return weights.some((weight) => weight > 0) ? weights : [...weights.slice(1), 1];
}
