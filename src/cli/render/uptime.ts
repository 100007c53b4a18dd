/** `180 ms`, `2.4 s`, `3 min 05 s`. `ms` ≥ 0. */
export function formatTook(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${two((ms % 60_000) / 1_000)} s`;
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
